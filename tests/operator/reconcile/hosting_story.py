"""A service on accelerators whose nodes a test can watch: sets, a scheduler and a kubelet, look by look."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from paddle_operator import names
from paddle_operator.cluster.ports import Ground, Key
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import KubeObject
from paddle_operator.reasons import Reason
from paddle_operator.spec.workload import Device
from tests.operator.fake_cluster import KEY
from tests.operator.reconcile.rollout_story import RolloutStory

GPU = "nvidia.com/gpu"
STEPS = [{"weight": 10, "minDurationSeconds": 15, "maxDurationSeconds": 600}]
ROLLOUT = {"steps": STEPS, "bake": {"durationMinutes": 1}}
TICK = timedelta(seconds=15)


@dataclass
class HostingStory(RolloutStory):
    """A service on GPUs. With each tick draining pods go, waiting ones are bound, bound ones become ready."""

    gpus: dict[str, int] = field(default_factory=lambda: {"a": 1})
    """Devices by node."""
    taken: dict[str, int] = field(default_factory=dict)
    """Of these, by somebody else."""
    may_read: bool = True
    unread: ClusterRefused | None = None
    """Why nodes and pods cannot be listed for the moment."""
    replicas: int = 1
    rollout_spec: dict[str, Any] = field(default_factory=dict)
    never_ready: set[str] = field(default_factory=set)
    """Revisions whose pods do not come up."""
    bad: dict[str, int] = field(default_factory=dict)
    """Requests that each pod of a revision fails between two scrapes, of a hundred."""
    marked: set[str] = field(default_factory=set)
    serving_pods: list[int] = field(default_factory=list)
    """After each tick: ready pods of revisions that requests are sent to."""
    failed_requests: list[int] = field(default_factory=list)
    """After each tick: percent of the requests sent to nobody."""
    made: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        images = {**self.cluster.platform.runtime_images, Device.GPU: "runtime:gpu"}
        self.cluster.platform = replace(self.cluster.platform, runtime_images=images)
        scaling = {"backend": "None", "replicas": self.replicas}
        rollout = {**ROLLOUT, **self.rollout_spec}
        self.cluster.edit(runtime={"device": "GPU"}, scaling=scaling, rollout=rollout)
        self.room = self

    # The port Room.

    async def ground(self) -> Ground | None:
        if self.unread is not None:
            raise self.unread
        if not self.may_read:
            return None
        others = (
            foreign(f"other-{name}-{at}", name) for name, count in self.taken.items() for at in range(count)
        )
        nodes = tuple(a_node(name, count) for name, count in self.gpus.items())
        return Ground(nodes, (*self.cluster.pods.values(), *others))

    async def gives_up_first(self, key: Key, pod: str) -> None:
        assert key == KEY
        self.marked.add(pod)

    # What happens.

    def begin(self) -> str:
        """Bring the service up; returns the stable revision."""
        self.look()
        self.cluster.resolve()
        self.tick(6)
        assert self.condition("Ready")[:2] == ("True", "Serving"), self.status
        self.serving_pods.clear()
        self.failed_requests.clear()
        self.cluster.posted.clear()
        return str(self.status["stable"]["revision"])

    def change(self, requests: int = 7) -> None:
        """The user changes a setting of the runtime, which makes a new revision."""
        self.cluster.edit(runtime={"device": "GPU", "queue": {"maxRequests": requests}})

    def tick(self, times: int = 1) -> None:
        """Let a quarter of a minute pass."""
        for _ in range(times):
            self._controllers()
            self.now += TICK - timedelta(seconds=1)
            for name, pod in self._pods().items():
                if is_ready(pod):
                    revision = revision_of(pod)
                    if name not in self.metrics.pods:
                        self.metrics.start(name, revision, self.now - TICK)
                    bad = self.bad.get(revision, 0)
                    self.metrics.serve(name, self.now, good=100 - bad, fast=100 - bad, bad=bad)
            self.look()
            self._note()

    def until(self, state: str, ticks: int = 60) -> None:
        """Let time pass until the rollout is in a state."""
        for _ in range(ticks):
            if self.rollout["state"] == state:
                return
            self.tick()
        raise AssertionError(f"not {state} but {self.status['rollout']}")

    def pods_of(self, revision: str) -> list[str]:
        """Names of its pods that nobody has told to end."""
        pods = self._pods().items()
        return [name for name, pod in pods if revision_of(pod) == revision and not is_leaving(pod)]

    @property
    def events(self) -> list[str]:
        return [one.message for one in self.cluster.posted]

    def _pods(self) -> dict[str, KubeObject]:
        return {name: pod for name, pod in self.cluster.pods.items() if revision_of(pod)}

    def _controllers(self) -> None:
        for name, pod in list(self._pods().items()):
            if is_leaving(pod) or revision_of(pod) not in self.cluster.numbers:
                del self.cluster.pods[name]
            elif pod["spec"]["nodeName"] and revision_of(pod) not in self.never_ready:
                pod["status"] = running()
        for deployment in self.cluster.of("Deployment"):
            self._of_set(deployment)
        for pod in self._pods().values():
            free = [name for name in self.gpus if self._free(name)]
            if not pod["spec"]["nodeName"] and free:
                pod["spec"]["nodeName"] = free[0]
                scheduled = {"type": "PodScheduled", "status": "True"}
                pod["status"] = {**pod["status"], "conditions": [scheduled]}

    def _of_set(self, deployment: KubeObject) -> None:
        revision, pods = deployment["metadata"]["name"], self._pods()
        number = self.cluster.numbers[revision].value
        mine = {
            name: pod for name, pod in pods.items() if revision_of(pod) == revision and not is_leaving(pod)
        }
        for _ in range(number - len(mine)):
            self.made += 1
            name = f"{revision}-{self.made}"
            self.cluster.pods[name] = waiting(name, revision, deployment["spec"]["template"])
        for name in sorted(mine, key=lambda one: self._worth(one, mine[one]))[: max(0, len(mine) - number)]:
            if mine[name]["spec"]["nodeName"]:
                mine[name]["metadata"]["deletionTimestamp"] = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
                mine[name]["status"] = {**running(), "conditions": []}
            else:
                del self.cluster.pods[name]
        ready = sum(is_ready(pod) for pod in self._pods().values() if revision_of(pod) == revision)
        deployment["status"] = {"replicas": number, "availableReplicas": ready}

    def _worth(self, name: str, pod: KubeObject) -> tuple[bool, bool, bool, str]:
        """Which a ReplicaSet gives up last; of those as good, the ones made first."""
        return bool(pod["spec"]["nodeName"]), is_ready(pod), name not in self.marked, name

    def _free(self, node: str) -> int:
        there: int = sum(pod["spec"]["nodeName"] == node for pod in self._pods().values())
        return self.gpus[node] - self.taken.get(node, 0) - there

    def _note(self) -> None:
        ready = dict.fromkeys(self.weights, 0)
        for pod in self._pods().values():
            if is_ready(pod) and revision_of(pod) in ready:
                ready[revision_of(pod)] += 1
        self.serving_pods.append(sum(ready.values()))
        self.failed_requests.append(sum(weight for name, weight in self.weights.items() if not ready[name]))


def a_story(*gpus: int, replicas: int = 1, may_read: bool = True, **rollout: Any) -> HostingStory:
    """Nodes a, b, ... of so many devices, and a service of so many pods."""
    named = {chr(ord("a") + at): count for at, count in enumerate(gpus)}
    return HostingStory(gpus=named, replicas=replicas, may_read=may_read, rollout_spec=rollout)


def ends_on_the_new_revision(story: HostingStory, stable: str) -> None:
    """And stays there, with all of its pods."""
    story.until("Steady")
    new = story.status["stable"]["revision"]
    assert new != stable
    assert story.complete == ("True", Reason.COMPLETE)
    story.tick(2)
    assert story.weights == {new: 100}
    assert len(story.pods_of(new)) == story.replicas
    assert story.condition("Ready")[:2] == ("True", "Serving")


def a_node(name: str, gpus: int) -> KubeObject:
    """A ready node with room for any pod, and so many devices."""
    allocatable = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "110", GPU: str(gpus)}
    return {
        "metadata": {"name": name},
        "status": {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def foreign(name: str, node: str) -> KubeObject:
    """Somebody else's pod with a device."""
    spec = {"nodeName": node, "containers": [{"resources": {"limits": {GPU: "1"}}}]}
    return {"metadata": {"name": name, "namespace": "others"}, "spec": spec, "status": {"phase": "Running"}}


def waiting(name: str, revision: str, template: KubeObject) -> KubeObject:
    """A pod that has no node yet."""
    labels = {**template["metadata"]["labels"], names.LABEL_SERVICE: KEY.name}
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    return {
        "metadata": {"name": name, "namespace": KEY.namespace, "uid": f"uid-{name}", "labels": labels},
        "spec": {**template["spec"], "nodeName": ""},
        "status": {"phase": "Pending", "conditions": [scheduled]},
    }


def running() -> dict[str, Any]:
    """The status of a pod that serves; its bundle came in four seconds."""
    ended = {"exitCode": 0, "startedAt": "2026-11-22T11:00:00Z", "finishedAt": "2026-11-22T11:00:04Z"}
    return {
        "phase": "Running",
        "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")],
        "initContainerStatuses": [{"name": "fetch", "ready": True, "state": {"terminated": ended}}],
    }


def revision_of(pod: KubeObject) -> str:
    return str(pod["metadata"]["labels"].get(names.LABEL_REVISION, ""))


def is_ready(pod: KubeObject) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def is_leaving(pod: KubeObject) -> bool:
    return "deletionTimestamp" in pod["metadata"]
