"""The ConfigMap in which a service's rollouts are remembered."""

from __future__ import annotations

from collections.abc import Iterable

from paddle_operator import names
from paddle_operator.plan.memory import Stored, remembered, stored
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity

ROLLOUT = "rollout"
_KEY = "rollout.json"


def rollout_record(identity: Identity, text: str, resource_version: str) -> KubeObject:
    """Return the ConfigMap; with a version the API server refuses it where somebody else was quicker."""
    name = names.rollout_record_name(identity.name)
    return remembered(ROLLOUT, identity, name, {_KEY: text}, resource_version)


def stored_rollout(objects: Iterable[KubeObject]) -> Stored | None:
    """Return what is in the cluster; None where there is none."""
    return stored(ROLLOUT, objects)


def text_in(stored: Stored | None) -> str:
    """Return the memory as it is kept, empty where there is none."""
    return stored.texts.get(_KEY, "") if stored else ""
