"""Conditions: what is said, and when it last flipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from paddle_operator.reasons import Reason

Truth = Literal["True", "False", "Unknown"]
TYPES = (
    "Ready",
    "ModelLoaded",
    "SLAMet",
    "SLAFeasible",
    "RolloutComplete",
    "RouteAccepted",
    "MetricsAvailable",
    "ScalingActive",
    "Reconciling",
    "Stalled",
)
LONGEST_MESSAGE = 2048
"""Characters. The API server refuses more than 32,768; people stop reading long before."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, without its time."""

    type: str
    status: Truth
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Before:
    """The conditions that are in the cluster now."""

    by_type: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> Before:
        """Read them from a status as stored; anything may be missing there."""
        return cls({str(one.get("type")): one for one in status.get("conditions", ())})

    def status(self, type_: str, generation: int) -> str | None:
        """What the condition said of this generation; None where it has said nothing yet."""
        found = self.by_type.get(type_, {})
        return str(found.get("status")) if found.get("observedGeneration") == generation else None

    def held(self, type_: str, generation: int) -> bool:
        """Whether the condition was True for this generation."""
        return self.status(type_, generation) == "True"


def written(
    conditions: Sequence[Condition], before: Before, generation: int, now: datetime
) -> list[dict[str, Any]]:
    """The conditions as the API has them; the time moves only when the status flips."""
    return [
        {
            "type": one.type,
            "status": one.status,
            "reason": str(one.reason),
            "message": one.message[:LONGEST_MESSAGE],
            "observedGeneration": generation,
            "lastTransitionTime": _since(one, before, now),
        }
        for one in sorted(conditions, key=lambda one: TYPES.index(one.type))
    ]


def _since(condition: Condition, before: Before, now: datetime) -> str:
    old = before.by_type.get(condition.type, {})
    if old.get("status") == condition.status and old.get("lastTransitionTime"):
        return str(old["lastTransitionTime"])
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
