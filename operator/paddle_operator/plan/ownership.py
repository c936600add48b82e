"""Who owns which field of an object, as the API server records it (managedFields). Reading only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIELD_MANAGER = "paddle-operator"
"""Field manager of everything in a plan. It never changes: the record of what we own hangs on it."""
REPLICAS_MANAGER = "paddle-operator-replicas"
"""Holds a Deployment's replicas while they pass from the operator to a scaler. It never changes either."""


def owned_fields(live: Mapping[str, Any], manager: str = FIELD_MANAGER) -> Mapping[str, Any]:
    """Return the fields that a manager owns by server-side apply, in the record's form."""
    for entry in live["metadata"].get("managedFields") or ():
        if (
            entry.get("manager") == manager
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
        ):
            fields: Mapping[str, Any] = entry.get("fieldsV1") or {}
            return fields
    return {}


def owns_replicas(deployment: Mapping[str, Any]) -> bool:
    """Whether the operator is recorded as the one that set the number of replicas last."""
    return "f:replicas" in (owned_fields(deployment).get("f:spec") or {})
