"""From raw nodes and pods to the room that a rollout finds: reading only, without a client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from paddle_operator.plan import KubeObject
from paddle_operator.rollout.hosting.next_pods import RunningPod
from paddle_operator.rollout.hosting.room import PODS, Amounts, Needs, Node, Requirement, Taint
from paddle_operator.spec.quantity import amount_of
from paddle_operator.spec.workload import Toleration

_NAME_FIELD = "metadata.name"


def nodes_of(nodes: Iterable[KubeObject], pods: Iterable[KubeObject]) -> tuple[Node, ...]:
    """Return what every node has left. `pods` are those of all namespaces."""
    on: dict[str, list[Amounts]] = defaultdict(list)
    for pod in pods:
        if (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}:
            on[str(pod["spec"].get("nodeName", ""))].append(asked_by(pod["spec"]))
    return tuple(_node(node, on[node["metadata"]["name"]]) for node in nodes)


def needs_of(pod_spec: Mapping[str, Any]) -> Needs:
    """Return what a pod of this spec needs of a node."""
    node_affinity = (pod_spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return Needs(
        asked_by(pod_spec),
        pod_spec.get("nodeSelector") or {},
        tuple(
            Toleration(
                key=one.get("key") or "",
                operator=one.get("operator") or "Equal",
                value=one.get("value") or "",
                effect=one.get("effect") or "",
            )
            for one in pod_spec.get("tolerations") or ()
        ),
        None if required is None else tuple(_term(one) for one in required.get("nodeSelectorTerms") or ()),
    )


def asked_by(pod_spec: Mapping[str, Any]) -> Amounts:
    """Return what the scheduler sets aside for a pod.

    Init containers run one after the other before the others, so the largest counts; one that stays, a
    sidecar, is there beside all that come after it.
    """
    staying = _total(map(_asked, pod_spec.get("containers") or ()))
    most: dict[str, Decimal] = {}
    sidecars: dict[str, Decimal] = {}
    for container in pod_spec.get("initContainers") or ():
        beside = _total((sidecars, _asked(container)))
        if container.get("restartPolicy") == "Always":
            sidecars = beside
        most = _larger(most, beside)
    overhead = {name: amount_of(amount) for name, amount in (pod_spec.get("overhead") or {}).items()}
    return _total((_larger(_total((staying, sidecars)), most), overhead, {PODS: Decimal(1)}))


def running_pod(pod: KubeObject) -> RunningPod:
    """Return a pod, as far as its room is concerned."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    return RunningPod(
        name=metadata["name"],
        node=str(pod["spec"].get("nodeName", "")),
        ready=_is_true(status, "Ready"),
        leaving="deletionTimestamp" in metadata,
        fetch_seconds=fetch_seconds(status),
    )


def _node(node: KubeObject, taken: Iterable[Amounts]) -> Node:
    spec, status = node.get("spec") or {}, node.get("status") or {}
    return Node(
        name=node["metadata"]["name"],
        free=_total(
            (
                {name: amount_of(amount) for name, amount in (status.get("allocatable") or {}).items()},
                *({name: -amount for name, amount in one.items()} for one in taken),
            )
        ),
        labels=node["metadata"].get("labels") or {},
        taints=tuple(
            Taint(one["key"], one.get("value") or "", one["effect"]) for one in spec.get("taints") or ()
        ),
        ready=_is_true(status, "Ready"),
        cordoned=bool(spec.get("unschedulable")),
    )


def _asked(container: Mapping[str, Any]) -> dict[str, Decimal]:
    """A limit without a request is a request."""
    resources = container.get("resources") or {}
    both = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: amount_of(amount) for name, amount in both.items()}


def _total(all_of: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for one in all_of:
        for name, amount in one.items():
            total[name] = total.get(name, Decimal()) + amount
    return total


def _larger(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {
        name: max(one.get(name, Decimal()), other.get(name, Decimal())) for name in sorted({*one, *other})
    }


def _term(term: Mapping[str, Any]) -> tuple[Requirement, ...]:
    def line(one: Mapping[str, Any], *, of_name: bool) -> Requirement:
        return Requirement(one["key"], one["operator"], tuple(one.get("values") or ()), of_name)

    labels = (line(one, of_name=False) for one in term.get("matchExpressions") or ())
    names = (line(one, of_name=True) for one in term.get("matchFields") or () if one["key"] == _NAME_FIELD)
    return (*labels, *names)


def fetch_seconds(status: Mapping[str, Any]) -> Fraction | None:
    """Return how long the init containers took, one after the other; None where one has not ended well."""
    ends = [(one.get("state") or {}).get("terminated") for one in status.get("initContainerStatuses") or ()]
    seconds = Fraction(0)
    for end in ends:
        if not end or end.get("exitCode") != 0 or not end.get("startedAt"):
            return None
        took = datetime.fromisoformat(end["finishedAt"]) - datetime.fromisoformat(end["startedAt"])
        seconds += int(took.total_seconds())
    return seconds if ends else None


def _is_true(status: Mapping[str, Any], type_: str) -> bool:
    return any(
        one.get("type") == type_ and one.get("status") == "True" for one in status.get("conditions") or ()
    )
