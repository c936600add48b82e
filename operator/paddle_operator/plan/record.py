"""The ConfigMap in which all that was counted for a service is kept."""

from __future__ import annotations

from collections.abc import Iterable

from paddle_operator import names
from paddle_operator.plan.memory import Memory, Stored, remembered, stored
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity

KEY = "record.json"
RECORD = Memory("sla-record", KEY)


def sla_record(identity: Identity, text: str, resource_version: str) -> KubeObject:
    """Return the ConfigMap; with a version the API server refuses it where somebody else was quicker."""
    return remembered(RECORD, identity, names.sla_record_name(identity.name), text, resource_version)


def stored_record(objects: Iterable[KubeObject]) -> Stored | None:
    """Return the record that is in the cluster; None where there is none."""
    return stored(RECORD, objects)
