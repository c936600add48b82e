"""What the status is told about the cluster: small frozen values, no client and no raw objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from paddle_operator.reasons import Reason


@dataclass(frozen=True, slots=True)
class Exit:
    """How a container ended: its code, the kubelet's word for it and the text that it left."""

    code: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """One container of a pod. `exit` is the end of the present or else of the previous run."""

    name: str
    ready: bool = False
    running: bool = False
    waiting_reason: str = ""
    waiting_message: str = ""
    exit: Exit | None = None

    @property
    def failed(self) -> bool:
        """Whether the last thing known of it is a failure, however often it is being restarted meanwhile."""
        return not self.ready and self.exit is not None and self.exit.code != 0


@dataclass(frozen=True, slots=True)
class PodFacts:
    """One pod: of a revision, or of a Job."""

    name: str
    revision: str = ""
    job: str = ""
    ready: bool = False
    terminating: bool = False
    ends_by: datetime | None = None
    """Of one that is terminating: when it is killed, if it has not ended before."""
    unschedulable: str = ""
    """The scheduler's message while no node takes the pod."""
    node: str = ""
    """Where it runs, once it does."""
    stuck: str = ""
    """Why its containers cannot be made, where only an Event says it (a missing Secret or claim)."""
    evicted: str = ""
    """The kubelet's message when it threw the pod out."""
    containers: tuple[ContainerFacts, ...] = ()
    """Init containers first."""
    fetch_seconds: Fraction | None = None
    """How long its bundles took to come; None: not known."""

    def container(self, name: str) -> ContainerFacts | None:
        """The container of that name, where the kubelet reports one."""
        return next((one for one in self.containers if one.name == name), None)


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A Job: one that reads the model's manifest, or one that compares answers."""

    name: str
    uid: str
    key: str = ""
    """What a resolve Job was asked; empty for the others."""
    finished: bool = False
    stuck: str = ""
    """Why it has no pod, where only an Event says it (quota, Pod Security)."""


@dataclass(frozen=True, slots=True)
class DeploymentFacts:
    """What a revision's Deployment says beyond its counts."""

    revision: str
    digest: str = ""
    """The manifest's digest that its pods enforce."""
    wanted_replicas: int = 0
    replicas: int = 0
    """Pods that exist."""
    ready_replicas: int = 0
    pods_refused: str = ""
    """The API server's message where it refuses the pods (quota, Pod Security, admission)."""
    modules: tuple[tuple[str, str], ...] = ()
    """Names of modules of other bundles, and the digests of these that its pods enforce."""


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """What one gateway says about the route."""

    parent: str
    accepted: bool | None = None
    resolved: bool | None = None
    reason: str = ""
    message: str = ""
    overlap: str = ""
    """What the gateway says of another route that takes the same requests."""
    behind: bool = False
    """It accepted the route as it was before its last change, and has said nothing of that yet."""


@dataclass(frozen=True, slots=True)
class Said:
    """One condition of somebody else's object."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ScalerFacts:
    """What a scaler says about itself: a ScaledObject, or an HPA, of ours or made by KEDA."""

    kind: str
    name: str
    revision: str
    """The Deployment that it works on."""
    by_keda: bool = False
    wanted_replicas: int = 0
    """Pods that it asks for; 0: it has not said."""
    conditions: tuple[Said, ...] = ()
    leaving_since: datetime | None = None
    """When it was deleted; it goes when its finalizers let it."""
    finalizers: tuple[str, ...] = ()
    learned_target: str = ""
    """The number of its metric of target Auto, as the operator wrote it."""

    def says(self, type_: str) -> Said:
        """The condition of that type; its status is empty where there is none."""
        return next((one for one in self.conditions if one.type == type_), Said(type_, ""))


@dataclass(frozen=True, slots=True)
class RefusedWrite:
    """A write that the API server did not take."""

    reason: Reason
    kind: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the status is told about what lives."""

    pods: tuple[PodFacts, ...] = ()
    jobs: tuple[JobFacts, ...] = ()
    deployments: tuple[DeploymentFacts, ...] = ()
    routes: tuple[RouteFacts, ...] = ()
    scalers: tuple[ScalerFacts, ...] = ()
    gateway_api: bool = False
    envoy_gateway: bool = False
    refusals: tuple[RefusedWrite, ...] = ()

    def pods_of(self, revision: str | None) -> tuple[PodFacts, ...]:
        """The pods of a revision that are not on their way out."""
        staying = (pod for pod in self.pods if not pod.terminating)
        return tuple(pod for pod in staying if revision and pod.revision == revision)

    def pods_of_job(self, job: str | None) -> tuple[PodFacts, ...]:
        """The pods of the Job of that name that are not on their way out."""
        return tuple(pod for pod in self.pods if job and pod.job == job and not pod.terminating)

    def deployment(self, revision: str | None) -> DeploymentFacts | None:
        """The Deployment of a revision, where there is one."""
        return next((one for one in self.deployments if one.revision == revision), None)

    def job(self, name: str | None) -> JobFacts | None:
        """The Job of that name, where there is one."""
        return next((one for one in self.jobs if one.name == name), None)

    def scalers_of(self, revision: str | None) -> tuple[ScalerFacts, ...]:
        """What works on the number of pods of a revision."""
        return tuple(one for one in self.scalers if one.revision == revision)
