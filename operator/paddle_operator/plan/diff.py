"""What must be written so that the cluster has what the plan wants: create, patch, delete, or keep.

Compared is only what we apply. The API server fills in defaults and others may add fields, labels or
variables of their own; neither is a difference. A field that we applied before and no longer want is one:
the API server's record of our last server-side apply (managedFields) tells which these are.
At rest every action is Keep, and nothing is written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import decided_on
from paddle_operator.plan.model import KubeObject, ObjectKey, Plan
from paddle_operator.plan.ownership import FIELD_MANAGER, owned_fields
from paddle_operator.plan.shadow import still_sent_to
from paddle_operator.spec.quantity import same_amount

_MERGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ownerReferences": ("uid",),
}
"""Lists in which others may own items beside ours. All other lists are ours as a whole."""
_ATOMIC_MAPS = frozenset({"selector", "matchLabels", "nodeSelector", "podSelector"})
_TRAFFIC = frozenset({("v1", "Service"), ("gateway.networking.k8s.io/v1", "HTTPRoute")})
"""Who gets the requests. What was decided on an older state of these must not be written over a newer one, by
a leader that has lost its Lease and does not know it yet (docs/decisions/0056-no-weight-comes-late.md)."""
_EMPTY: tuple[Any, ...] = ({}, [], "", None)


@dataclass(frozen=True, slots=True)
class Create:
    """The object is missing."""

    object: KubeObject


@dataclass(frozen=True, slots=True)
class Patch:
    """The object differs in these fields."""

    object: KubeObject
    fields: tuple[str, ...]
    handed_over: KubeObject | None = None
    """Applied before, by the manager that only holds it: a field that we drop and nobody else owns goes back
    to its default."""
    shrinks: bool = False
    """Pods go with it, as with a deletion."""


@dataclass(frozen=True, slots=True)
class Delete:
    """The object is ours and nobody wants it. It goes only if it still has this UID."""

    key: ObjectKey
    uid: str


@dataclass(frozen=True, slots=True)
class Keep:
    """The object is as it should be."""

    key: ObjectKey


Action = Create | Patch | Delete | Keep


ADDRESS = {"Service", "HTTPRoute", "BackendTrafficPolicy"}
"""By these callers reach the service. While nobody serves they stay for who will: a Service that is made anew
has another address, which callers would have to learn."""


def diff(
    plan: Plan, live: Iterable[KubeObject], owner_uid: str, manager: str = FIELD_MANAGER
) -> tuple[Action, ...]:
    """Return what to do, in order. `live` is all that carries the labels of the resource's objects."""
    live = tuple(live)
    sent_to = still_sent_to(live)
    found = {key_of(item): item for item in live}
    wanted = {key_of(item): item for item in plan.objects}
    handed = {key_of(item): item for item in plan.handed_over}
    actions: list[Action] = []
    for key, desired in wanted.items():
        present = found.get(key)
        if present is None:
            actions.append(Create(desired))
            continue
        changed = differences(desired, present, manager)
        shrinks = _replicas(desired) < _replicas(present)
        divides = (key.api_version, key.kind) in _TRAFFIC
        uid = str(present["metadata"].get("uid", ""))
        bound = decided_on(desired, uid, _version(present) if divides else "")
        actions.append(Patch(bound, changed, handed.get(key), shrinks) if changed else Keep(key))
    unwanted = [item for key, item in found.items() if key not in wanted]
    actions += [
        Delete(key_of(item), item["metadata"]["uid"])
        for item in sorted(unwanted, key=lambda item: (item["kind"], item["metadata"]["name"]))
        if _may_go(item, plan, owner_uid)
        and not (item["kind"] == "Service" and item["metadata"]["name"] in sent_to)
        and not (item["kind"] in ADDRESS and plan.stable is None)
    ]
    return tuple(actions)


def key_of(item: KubeObject) -> ObjectKey:
    """Identify an object inside its namespace."""
    return ObjectKey(item["apiVersion"], item["kind"], item["metadata"]["name"])


def differences(desired: KubeObject, live: KubeObject, manager: str) -> tuple[str, ...]:
    """Return the paths of fields that are not as wanted, or that we set once and want no more."""
    return (*_changed(desired, live, ""), *_left_behind(owned_fields(live, manager), desired, ""))


def _version(item: KubeObject) -> str:
    return str(item["metadata"].get("resourceVersion", ""))


def _replicas(item: KubeObject) -> float:
    """Return the number of pods that an object asks for; without end where it leaves that to others."""
    count: float = (item.get("spec") or {}).get("replicas", math.inf)
    return count


def _may_go(item: KubeObject, plan: Plan, owner_uid: str) -> bool:
    metadata = item["metadata"]
    if metadata.get("deletionTimestamp"):
        return False
    labels = metadata.get("labels") or {}
    if labels.get(names.LABEL_REVISION) in plan.untouched or names.LABEL_MEMORY in labels:
        return False
    return any(owner.get("uid") == owner_uid for owner in metadata.get("ownerReferences") or ())


def _changed(desired: Any, live: Any, path: str) -> Iterator[str]:
    """Yield where the live value lacks what is desired."""
    if isinstance(desired, dict) and isinstance(live, dict):
        if path.rpartition(".")[2] in _ATOMIC_MAPS and desired.keys() != live.keys():
            yield path
            return
        for key, value in desired.items():
            yield from _changed(value, live.get(key), f"{path}.{key}" if path else key)
    elif isinstance(desired, list) and isinstance(live, list):
        yield from _changed_list(desired, live, path)
    elif desired in _EMPTY and live in _EMPTY:
        return
    elif desired != live and not (_is_quantity(path) and same_amount(desired, live)):
        yield path


def _changed_list(desired: list[Any], live: list[Any], path: str) -> Iterator[str]:
    keys = _MERGE_KEYS.get(path.rpartition(".")[2])
    if keys is None:
        if len(desired) != len(live):
            yield path
            return
        pairs = zip(desired, live, strict=True)
    else:
        pairs = zip(desired, [_partner(item, live, keys) for item in desired], strict=True)
    for index, (wanted, present) in enumerate(pairs):
        yield from _changed(wanted, present, f"{path}[{index}]")


def _partner(item: dict[str, Any], live: list[dict[str, Any]], keys: tuple[str, ...]) -> Any:
    return next((other for other in live if all(other.get(k) == item.get(k) for k in keys)), None)


def _is_quantity(path: str) -> bool:
    return ".resources." in path or path.endswith((".sizeLimit", ".averageValue"))


def _left_behind(owned: Mapping[str, Any], desired: Any, path: str) -> Iterator[str]:
    """Yield what is recorded as ours and is not desired. Record keys: f:FIELD, k:{KEYS}, v:VALUE."""
    for step, below in owned.items():
        kind, _, name = step.partition(":")
        if kind == "f":
            inner = desired.get(name) if isinstance(desired, dict) else None
            place = f"{path}.{name}" if path else name
        elif kind == "k":
            keys = json.loads(name)
            items = desired if isinstance(desired, list) else []
            inner, place = _partner(keys, items, tuple(keys)), f"{path}[{name}]"
        elif kind == "v":
            inner = json.loads(name) if isinstance(desired, list) and json.loads(name) in desired else None
            place = f"{path}[{name}]"
        else:
            continue
        if inner is None:
            yield place
        elif below:
            yield from _left_behind(below, inner, place)
