"""The ConfigMap in which a service's rollouts are remembered, with the spec that they go by.

While a newer spec is refused, a canary is watched by the last one that was accepted, and only the resource
had that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from paddle_operator import names
from paddle_operator.plan.memory import Stored, remembered, stored
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.model import Service

ROLLOUT = "rollout"
_KEY = "rollout.json"
_SPEC = "accepted-spec.json"


def rollout_record(service: Service, text: str, there: Stored | None) -> KubeObject | None:
    """Return the ConfigMap; None where it is in the cluster as it should be.

    The API server refuses it where what is there was changed or deleted since.
    """
    spec = canonical_json(service.spec.model_dump(by_alias=True, mode="json", exclude_none=True))
    texts, identity = {_KEY: text, _SPEC: spec}, service.identity
    if there is not None and there.texts == texts:
        return None
    return remembered(ROLLOUT, identity, names.rollout_record_name(identity.name), texts, there)


def stored_rollout(objects: Iterable[KubeObject]) -> Stored | None:
    """Return what is in the cluster; None where there is none."""
    return stored(ROLLOUT, objects)


def accepted_in(stored: Stored | None) -> dict[str, Any] | None:
    """Return the spec that the rollout goes by, to be parsed; None where none is kept, or it is damaged."""
    try:
        spec = json.loads(stored.texts.get(_SPEC, "null")) if stored else None
    except ValueError:
        return None
    return spec if isinstance(spec, dict) else None


def text_in(stored: Stored | None) -> str:
    """Return the memory as it is kept, empty where there is none."""
    return stored.texts.get(_KEY, "") if stored else ""
