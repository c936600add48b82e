"""What the operator remembers of a service: ConfigMaps that no plan holds, and that go with the resource."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity


class Memory(NamedTuple):
    """One of the things that are remembered."""

    kind: str
    """Value of the label that it is found by."""
    key: str
    """Key in the ConfigMap's data."""


class Stored(NamedTuple):
    """What is in the cluster."""

    text: str
    version: str


def remembered(memory: Memory, identity: Identity, name: str, text: str, resource_version: str) -> KubeObject:
    """Return the ConfigMap; with a version the API server refuses it where somebody else was quicker."""
    data = {"data": {memory.key: text}}
    made = kube_object(identity, "v1", "ConfigMap", name, data, labels={names.LABEL_MEMORY: memory.kind})
    if resource_version:
        made["metadata"]["resourceVersion"] = resource_version
    return made


def stored(memory: Memory, objects: Iterable[KubeObject]) -> Stored | None:
    """Return what is in the cluster; None where there is none."""
    for item in objects:
        metadata = item["metadata"]
        if (metadata.get("labels") or {}).get(names.LABEL_MEMORY) == memory.kind:
            text = str((item.get("data") or {}).get(memory.key, ""))
            return Stored(text, str(metadata.get("resourceVersion", "")))
    return None
