"""One way of rolling out, and this operator's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.peers_rollout.pods import NAME, Pods
from hack.cluster.constants import MONITORING_NAMESPACE
from hack.demo.kubectl import Kube, KubectlRefused
from tests.e2e.resources import GATEWAY, Resource, digits

PROMETHEUS = f"http://prometheus.{MONITORING_NAMESPACE}.svc:9090"
REQUESTS = "envoy_cluster_upstream_rq_xx"
READY_SECONDS = 400
OBJECTIVES = [
    {"name": "up", "availability": {"targetPercent": "99"}},
    {"name": "errors", "errorRate": {"maxPercent": "1"}},
]


@dataclass(frozen=True)
class System(ABC):
    """How it is set stands in the result, as it is written to the cluster."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    patience_seconds: int = 300
    """How long it may take to roll back; what has not done so by then is said to have failed."""
    end: str = ""
    """The object that says how the attempt ended, the JSON path in it, and what it says of a rollback."""
    addon: str = ""
    """What it needs in the cluster besides."""
    at_once: bool = False
    """Its runs take so long that all of its go on at the same time."""

    @abstractmethod
    def deploy(self, kube: Kube, host: str, pods: Pods) -> None:
        """The first version, ready behind a route."""

    @abstractmethod
    def update(self, kube: Kube, host: str, pods: Pods) -> None:
        """Ask for the second version."""

    def rolled_back(self, kube: Kube) -> bool:
        """Wait until it is."""
        what, _, said = self.end.partition(" ")
        return waited(kube, what, f"jsonpath={said}", self.patience_seconds)

    @abstractmethod
    def why(self, kube: Kube) -> str:
        """What it says of its reason: one that could not ask Prometheus has found nothing out."""


def said(kube: Kube, kind: str, path: str) -> str:
    """What is at a JSON path of the namespace's objects of a kind; nothing where the path leads nowhere."""
    try:
        return kube.run("get", kind, "-o", f"jsonpath={path}").strip()
    except KubectlRefused:
        return ""


def waited(kube: Kube, what: str, condition: str, seconds: int) -> bool:
    """`kubectl wait`, which watches: a dozen runs that ask again and again would cost a processor."""
    try:
        kube.run("wait", what, f"--for={condition}", f"--timeout={seconds}s", timeout=seconds + 30)
    except KubectlRefused:
        return False
    return True


def must(happened: bool, what: str) -> None:
    """A run whose beginning failed is none."""
    if not happened:
        raise TimeoutError(f"not within {READY_SECONDS} s: {what}")


def counted_apart() -> dict[str, Any]:
    """A policy of the route by which Envoy Gateway makes a cluster, and so counters, of each backend.

    Routing by zones is what it says, and begins at six pods, which there are not.
    """
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": NAME}
    balanced = {"type": "RoundRobin", "zoneAware": {"preferLocal": {"minEndpointsThreshold": 6}}}
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "BackendTrafficPolicy",
        "metadata": {"name": NAME},
        "spec": {"targetRefs": [target], "loadBalancer": balanced},
    }


def counted(namespace: str, more: str = "") -> str:
    """The selector of the canary's requests: it is the second backend of the first rule."""
    return f'{REQUESTS}{{envoy_cluster_name="httproute/{namespace}/{NAME}/rule/0/backend/1"{more}}}'


GOOD = ',envoy_response_code_class!="5"'


@dataclass(frozen=True)
class Ours(System):
    """This operator. settings: of spec.rollout; empty, they are those of the reference page."""

    end: str = 'pms/digits {.status.conditions[?(@.type=="RolloutComplete")].reason}=RolledBack'

    def resource(self, host: str) -> Resource:
        """The first version, with its promise."""
        made = promised().through_gateway(host)
        return made.rollout(**{"strategy": "Canary", **self.settings})

    def deploy(self, kube: Kube, host: str, pods: Pods) -> None:
        kube.apply(self.resource(host).body)
        must(waited(kube, f"pms/{NAME}", "condition=Ready", READY_SECONDS), "the first version is ready")

    def update(self, kube: Kube, host: str, pods: Pods) -> None:
        changed = self.resource(host).runtime(image=pods.second_image, pod={"env": pods.environment})
        kube.apply(changed.body)

    def why(self, kube: Kube) -> str:
        return said(kube, "pms", "{.items[0].status.rejectedRevisions[0].reason}")


def promised() -> Resource:
    """The digit classifier, one pod of it, and what it promises."""
    return digits(NAME).sla(objectives=OBJECTIVES, minTraffic={"requests": 1, "periodSeconds": 300})


OURS = (
    Ours("paddle-sla, defaults"),
    Ours("paddle-sla, fastest", {"analysis": {"intervalSeconds": 5}}),
)


def gateway() -> list[dict[str, str]]:
    """The one that every route hangs on."""
    return [dict(GATEWAY)]
