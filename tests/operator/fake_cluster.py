"""A cluster in memory: server-side apply as far as the flow needs it, and a person who plays the kubelet."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from paddle_operator import names
from paddle_operator.cluster.observe import observation_of
from paddle_operator.cluster.ports import Key, Observation
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import KubeObject, ObjectKey, Platform
from paddle_operator.plan.diff import key_of
from paddle_operator.plan.ownership import FIELD_MANAGER
from paddle_operator.reasons import Reason
from paddle_operator.spec.workload import Device
from paddle_operator.status.news import Change

KEY = Key("prod", "calm")
CLUSTER_IP = "10.1.2.3"
DIGEST = "sha256:" + "ab" * 32


def resource(**spec: Any) -> KubeObject:
    """A resource as the API server stores it; keyword arguments replace blocks of its spec."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": KEY.name, "namespace": KEY.namespace, "uid": "uid-cr", "generation": 1},
        "spec": {
            "model": {"uri": "https://models.example.com/ppocr/"},
            "sla": {"objectives": [{"name": "up", "availability": {"targetPercent": "99.9"}}]},
            **spec,
        },
    }


@dataclass
class Number:
    """A Deployment's replicas as the API server keeps them: a value that nobody owns is the default, 1."""

    value: int = 1
    owners: set[str] = field(default_factory=set)
    stored: list[int] = field(default_factory=list)
    """Every value that there ever was."""

    def apply(self, manager: str, value: int | None) -> None:
        """Server-side apply, forced: a value that differs has one owner from then on."""
        if value is not None:
            self.owners = {manager} if value != self.value else {*self.owners, manager}
            self.value = value
        elif manager in self.owners:
            self.owners.discard(manager)
            self.value = self.value if self.owners else 1
        self.stored.append(self.value)

    def scale(self, value: int) -> None:
        """A write of the subresource `scale`, which takes the field from everybody."""
        self.value, self.owners = value, {"kube-controller-manager"}
        self.stored.append(value)

    def show(self, deployment: KubeObject) -> None:
        """Put what is kept into the object."""
        deployment["spec"]["replicas"] = self.value
        ours = {"f:replicas": {}} if FIELD_MANAGER in self.owners else {}
        record = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": ours}}
        deployment["metadata"]["managedFields"] = [record]


@dataclass
class FakeCluster:
    """The port `Cluster`, with everything that was written kept for the test to look at."""

    body: KubeObject | None = field(default_factory=resource)
    platform: Platform = field(default_factory=lambda: Platform({Device.CPU: "runtime:1"}))
    objects: dict[ObjectKey, KubeObject] = field(default_factory=dict)
    pods: dict[str, KubeObject] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, ClusterRefused] = field(default_factory=dict)
    """By kind, or by kind and name."""
    writes: list[str] = field(default_factory=list)
    statuses: list[Mapping[str, Any]] = field(default_factory=list)
    posted: list[Change] = field(default_factory=list)
    uids: Iterable[int] = field(default_factory=itertools.count)
    numbers: dict[str, Number] = field(default_factory=dict)
    """The replicas of each Deployment, with who owns them."""

    # The port.

    async def observe(self, key: Key) -> Observation | None:
        if self.body is None:
            return None
        for target, item in self.objects.items():
            if target.kind == "Deployment":
                self.numbers[target.name].show(item)
        live = copy.deepcopy((self.body, list(self.objects.values()), list(self.pods.values())))
        return observation_of(*live, dict(self.said), self.platform)

    async def apply(
        self, key: Key, wanted: KubeObject, *, is_new: bool, manager: str = FIELD_MANAGER
    ) -> None:
        kind, name = wanted["kind"], wanted["metadata"]["name"]
        refused = self.refuses.get(kind) or self.refuses.get(f"{kind} {name}")
        if refused is not None:
            raise refused
        target = key_of(wanted)
        assert is_new == (target not in self.objects)
        if manager != FIELD_MANAGER:
            self.writes.append(f"hold {kind} {name}")
            self.numbers[name].apply(manager, wanted["spec"]["replicas"])
            return
        self.writes.append(f"{'create' if is_new else 'patch'} {kind} {name}")
        old = self.objects.get(target, {})
        new = copy.deepcopy(wanted)
        new["metadata"]["uid"] = (old.get("metadata") or {}).get("uid") or f"uid-{next(iter(self.uids))}"
        if kind == "Deployment":
            number = self.numbers.setdefault(name, Number())
            number.apply(manager, wanted["spec"].get("replicas"))
            new["spec"]["replicas"] = number.value
        if kind == "Service":
            new["spec"]["clusterIP"] = CLUSTER_IP
        self.objects[target] = {**new, **({"status": old["status"]} if "status" in old else {})}

    async def delete(self, key: Key, target: ObjectKey, uid: str) -> None:
        assert self.objects[target]["metadata"]["uid"] == uid
        self.writes.append(f"delete {target.kind} {target.name}")
        del self.objects[target]
        if target.kind == "Deployment":
            del self.numbers[target.name]
        if target.kind in {"Deployment", "Job"}:  # a scaler has the name of its revision, too
            self.pods = {
                n: p for n, p in self.pods.items() if target.name not in p["metadata"]["labels"].values()
            }

    async def patch_status(self, key: Key, uid: str, status: Mapping[str, Any]) -> None:
        assert self.body is not None
        assert uid == self.body["metadata"]["uid"]
        self.body["status"] = copy.deepcopy(dict(status))
        self.statuses.append(status)

    async def post(self, service: KubeObject, changes: Iterable[Change], now: datetime) -> None:
        self.posted += changes

    # The person who plays the kubelet, the controllers and the user.

    def of(self, kind: str) -> list[KubeObject]:
        """The live objects of a kind, by name."""
        found = [item for target, item in self.objects.items() if target.kind == kind]
        return sorted(found, key=lambda item: item["metadata"]["name"])

    def edit(self, **spec: Any) -> None:
        """The user changes blocks of the spec."""
        assert self.body is not None
        self.body["spec"].update(spec)
        self.body["metadata"]["generation"] += 1

    def resolve(self, digest: str = DIGEST, **said: Any) -> None:
        """The containers of the resolve Job's pod end well, the model's with this answer."""
        (job,) = self.of("Job")
        names_ = [one["name"] for one in job["spec"]["template"]["spec"]["containers"]]
        ends = [ended(name, 0, answer(digest, **said) if name == "resolve" else answer()) for name in names_]
        statuses = [end["containerStatuses"][0] for end in ends]
        self.pods["resolve"] = pod("resolve", job=job["metadata"]["name"], containerStatuses=statuses)
        job["status"] = {"conditions": [{"type": "Complete", "status": "True"}], "succeeded": 1}

    def resolve_fails(self, code: int, reason: str, message: str, container: str = "resolve") -> None:
        """A container of the resolve Job's pod ends badly and is about to be restarted."""
        (job,) = self.of("Job")
        said = {"reason": reason, "message": message}
        self.pods["resolve"] = pod("resolve", job=job["metadata"]["name"], **ended(container, code, said))
        job["status"] = {"active": 1}

    def ready(self, count: int, revision: str | None = None) -> str:
        """So many pods of the newest (or the named) revision become ready."""
        deployments = [d for d in self.of("Deployment") if revision in {None, d["metadata"]["name"]}]
        pending = [
            d for d in deployments if not (d.get("status") or {}).get("availableReplicas")
        ] or deployments
        name = str(pending[0]["metadata"]["name"])
        pending[0]["status"] = {"replicas": count, "availableReplicas": count}
        for number in range(count):
            self.pods[f"{name}-{number}"] = pod(f"{name}-{number}", revision=name, ready=True)
        return name


def pod(name: str, *, job: str = "", revision: str = "", ready: bool = False, **status: Any) -> KubeObject:
    """A pod that has a node."""
    labels = {names.LABEL_JOB: job} if job else {names.LABEL_REVISION: revision}
    conditions = [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Ready", "status": "True" if ready else "False"},
    ]
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": labels},
        "status": {"conditions": conditions, **status},
    }


def answer(digest: str = DIGEST, **said: Any) -> dict[str, Any]:
    """What a container of the resolve Job leaves when it has read a manifest."""
    return {
        "reason": "Resolved",
        "digest": digest,
        "name": "ppocr",
        "task": "OCR",
        "format": "PaddleInference",
        "modules": ["detect", "orient", "recognise"],
        "sizeBytes": 1000,
        **said,
    }


def ended(
    container: str, code: int, said: Mapping[str, Any] | str, *, now: str = "terminated"
) -> dict[str, Any]:
    """Status of a container that has ended with a code and a message."""
    message = said if isinstance(said, str) else json.dumps(said)
    end = {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "message": message}
    state = {"terminated": end} if now == "terminated" else {now: {}}
    last = {} if now == "terminated" else {"terminated": end}
    return {"containerStatuses": [{"name": container, "ready": False, "state": state, "lastState": last}]}


def forbidden(kind: str) -> ClusterRefused:
    """The API server's answer to a missing permission."""
    return ClusterRefused(kind, "calm", Reason.FORBIDDEN, 'User "operator" cannot patch resource')
