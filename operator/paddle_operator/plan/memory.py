"""What the operator remembers of a service: ConfigMaps that no plan holds, and that go with the resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from paddle_operator import names
from paddle_operator.plan.metadata import decided_on, kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity


class Stored(NamedTuple):
    """What is in the cluster."""

    texts: Mapping[str, str]
    """By key."""
    uid: str
    version: str


def remembered(
    kind: str, identity: Identity, name: str, texts: Mapping[str, str], there: Stored | None
) -> KubeObject:
    """Return the ConfigMap; the API server refuses it where what is there was changed or deleted since.

    `kind` is the value of the label that it is found by.
    """
    data = {"data": dict(texts)}
    made = kube_object(identity, "v1", "ConfigMap", name, data, labels={names.LABEL_MEMORY: kind})
    return decided_on(made, there.uid, there.version) if there is not None else made


def stored(kind: str, objects: Iterable[KubeObject]) -> Stored | None:
    """Return what is in the cluster; None where there is none."""
    for item in objects:
        metadata = item["metadata"]
        if (metadata.get("labels") or {}).get(names.LABEL_MEMORY) == kind:
            texts = {str(key): str(text) for key, text in (item.get("data") or {}).items()}
            return Stored(texts, str(metadata.get("uid", "")), str(metadata.get("resourceVersion", "")))
    return None
