"""The ConfigMap in which is kept what was learned of a service's replicas at work."""

from __future__ import annotations

from collections.abc import Iterable

from paddle_operator import names
from paddle_operator.plan.memory import Stored, remembered, stored
from paddle_operator.plan.model import KubeObject
from paddle_operator.sla.profile import Profile, profile_from
from paddle_operator.spec.model import Identity

PROFILE = "work-profile"
KEY = "profile.json"


def work_profile(identity: Identity, text: str, there: Stored | None) -> KubeObject:
    """Return the ConfigMap; the API server refuses it where what is there was changed or deleted since."""
    return remembered(PROFILE, identity, names.work_profile_name(identity.name), {KEY: text}, there)


def stored_profile(objects: Iterable[KubeObject]) -> Stored | None:
    """Return what is in the cluster; None where there is none."""
    return stored(PROFILE, objects)


def kept_profile(objects: Iterable[KubeObject]) -> Profile:
    """Return what was learned as far as it is kept."""
    found = stored_profile(objects)
    return profile_from(found.texts.get(KEY, "")) if found else Profile()
