"""The ConfigMap in which all that was counted for a service is kept. No plan holds it: it is memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity

KEY = "record.json"
MEMORY = "sla-record"


def sla_record(identity: Identity, text: str, resource_version: str) -> KubeObject:
    """Return the ConfigMap; with a version the API server refuses it where somebody else was quicker."""
    name = names.sla_record_name(identity.name)
    made = kube_object(
        identity, "v1", "ConfigMap", name, {"data": {KEY: text}}, labels={names.LABEL_MEMORY: MEMORY}
    )
    if resource_version:
        made["metadata"]["resourceVersion"] = resource_version
    return made


class Stored(NamedTuple):
    """What is in the cluster."""

    text: str
    version: str


def stored_record(objects: Iterable[KubeObject]) -> Stored | None:
    """Return the record that is in the cluster; None where there is none."""
    for item in objects:
        metadata = item["metadata"]
        if (metadata.get("labels") or {}).get(names.LABEL_MEMORY) == MEMORY:
            text = str((item.get("data") or {}).get(KEY, ""))
            return Stored(text, str(metadata.get("resourceVersion", "")))
    return None
