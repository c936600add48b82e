"""The values that a plan is made from and made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from paddle_operator.plan.revision import Revision
from paddle_operator.reasons import Reason
from paddle_operator.rollout.course import Course
from paddle_operator.sla.load_queries import AcceleratorSource
from paddle_operator.spec.scaling import MetricType
from paddle_operator.spec.source import ModuleName
from paddle_operator.spec.workload import Device

KubeObject = dict[str, Any]
"""A Kubernetes object as the API server takes it. Builders make fresh ones; nobody keeps a reference."""


class Role(StrEnum):
    """What a live revision is doing."""

    STABLE = "stable"
    CANARY = "canary"
    """It is tried, or made ready to be."""
    PREVIOUS = "previous"
    """It served before, and stays as it is until that is safe to give up."""
    RETIRED = "retired"
    """It took requests, and keeps its pods for the few seconds in which some proxy may still send one."""
    HISTORY = "history"
    """It is kept without pods, to go back to or to know that it was rejected."""


class Scaler(StrEnum):
    """Who can decide the number of pods, by the kind of object that asks for it."""

    KEDA = "ScaledObject"
    HPA = "HorizontalPodAutoscaler"


@dataclass(frozen=True, slots=True)
class FoundBundle:
    """What the manifest behind an address says."""

    digest: str
    task: str
    format: str
    modules: frozenset[str]
    """What the bundle holds, in the words of bundles."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the resolve Job read: the identity of the bundles behind the addresses."""

    key: str
    model: FoundBundle
    modules: Mapping[ModuleName, FoundBundle]
    size_bytes: int
    """Of all bundles together."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What the operator was given and what the cluster offers."""

    runtime_images: Mapping[Device, str]
    """Image by device. A device without one needs spec.runtime.image."""
    gateway_api: bool = False
    """The CRD of HTTPRoute is served."""
    envoy_gateway: bool = False
    """The CRD of Envoy Gateway's BackendTrafficPolicy is served."""
    keda: bool = False
    """The CRD of KEDA's ScaledObject is served."""
    prometheus_url: str = ""
    """Where KEDA finds Prometheus; empty: the operator was not told."""
    keda_authentication: str = ""
    """Name of the ClusterTriggerAuthentication with KEDA's token for Prometheus; empty: it needs none."""
    accelerator_source: AcceleratorSource = AcceleratorSource.RUNTIME
    """Whom scalers ask how busy accelerators are."""
    prometheus_rules: bool = False
    """The CRD of the Prometheus operator's PrometheusRule is served."""
    pod_monitors: bool = False
    """The CRD of the Prometheus operator's PodMonitor is served."""
    scrape_seconds: int = 15
    """How often pods are scraped: the shortest window of any rule, a minute, should hold four samples."""
    dashboards: bool = False
    """Each service has a dashboard for Grafana."""
    monitoring_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of both, for a Prometheus that selects them by label."""
    runbooks: str = ""
    """Where docs/runbooks lies, for the alerts' links."""


@dataclass(frozen=True, slots=True)
class ScalersAtWork:
    """What works on the number of pods of a revision in this moment."""

    kinds: frozenset[Scaler] = frozenset()
    leaving_since: datetime | None = None
    """When the first of them was deleted that is still there."""
    learned_target: Decimal | None = None
    """The number of their metric of target Auto."""


@dataclass(frozen=True, slots=True)
class LiveRevision:
    """A revision's Deployment as seen in the cluster."""

    name: str
    revision: Revision | None
    """None when its record was damaged: such a revision is left alone until its pods are no longer wanted."""
    role: Role
    resolve_key: str
    default_image: bool
    replicas: int
    ready_replicas: int
    retired_at: datetime | None = None
    template: KubeObject | None = None
    """Its pods as first rendered; None where that is not recorded any more."""
    owns_replicas: bool = False
    """The operator is recorded as the one that set the number of replicas last."""
    decided_by: str = ""
    """What is recorded about the number: see names.ANNOTATION_REPLICAS."""
    scalers: ScalersAtWork = ScalersAtWork()
    rejected: str = ""
    """Why it may never take traffic again; empty where it may."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A correct resource that cannot become pods; what serves stays."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Aim:
    """A metric with the number that it should have at each replica."""

    name: str
    type: MetricType
    value: str
    learned: bool = False
    """Nobody wrote the number."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How many pods the revision that serves is to have."""

    least: int = 1
    """Fewest pods now: a fixed number, or what a scaler may not go below."""
    replicas: int = 1
    """Pods that it takes to serve now: where a scaler decides, as many as serve already."""
    schedule: str = ""
    """Name of the schedule that asks for as many; empty where none does."""
    scaler: Scaler | None = None
    """Who decides; None: the operator keeps the number."""
    aims: tuple[Aim, ...] = ()
    """What it goes by; a metric whose number is not known yet is left out."""
    refusal: Refusal | None = None
    """Why a scaler that is asked for cannot be made."""
    stuck_since: datetime | None = None
    """When a scaler was deleted that should be gone by now, and is not."""
    next_look: datetime | None = None
    """When to look again at the latest, though nothing happened; None: at rest, as ever."""


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """One object in the resource's namespace."""

    api_version: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What the resource asks for now, before anything is decided about it."""

    revision: str | None
    """None while its digest is not known, or it was refused."""
    replicas: int
    """Pods that all of the traffic takes."""
    inputs: Revision | None = None
    """What decides its pods, where it is known."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that should be in the cluster for one resource, in the order in which to apply it.

    What is ours, live and not here goes (plan/diff.py), except the objects of `untouched` revisions.
    """

    objects: tuple[KubeObject, ...]
    course: Course
    """What was decided about the revisions, as far as it can be carried out now."""
    target: str | None
    """Revision that the resource asks for, None while its digest is unknown or it was refused."""
    resolve_key: str | None
    """Set while a resolve Job is wanted; the Job's annotation resolve-key has this value."""
    resolve_job: str | None
    """Name of that Job."""
    sla_hash: str
    refusal: Refusal | None = None
    untouched: tuple[str, ...] = ()
    """Live revisions that are neither rebuilt nor deleted, because their record cannot be read."""
    scale: Scale = Scale()
    handed_over: tuple[KubeObject, ...] = ()
    """Of objects above, the fields that others are about to take over, as they are now."""
    mixed: bool = False
    """The plain Service has the pods of stable revision and canary: their numbers are the shares."""

    @property
    def stable(self) -> str | None:
        """Revision that takes the traffic that the canary does not; None before there is one."""
        return self.course.stable

    @property
    def canary(self) -> str | None:
        """Revision that is tried, or takes over when it is ready."""
        return self.course.canary
