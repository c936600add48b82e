"""What is worth an Event: a condition that says something else than before, a decision of a rollout.

At rest there is nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paddle_operator.reasons import Reason
from paddle_operator.status.conditions import Before

TOLD = (
    "Ready",
    "ModelLoaded",
    "RolloutComplete",
    "RouteAccepted",
    "SLAMet",
    "SLAFeasible",
    "MetricsAvailable",
    "ScalingActive",
    *(ABNORMAL := ("Reconciling", "Stalled")),
)
"""Conditions that people follow, those first from which others follow."""
MEASURED = ("SLAMet", "SLAFeasible", "MetricsAvailable")
"""Of these it is no news that nothing is known."""
PROGRESS = {
    Reason.RESOLVING,
    Reason.SCHEDULING,
    Reason.DOWNLOADING,
    Reason.LOADING,
    Reason.PROGRESSING,
    Reason.ROLLOUT_IN_PROGRESS,
    Reason.PREFLIGHT,
    Reason.CANARY_STEP,
    Reason.PROMOTING,
    Reason.BAKING,
    Reason.ROUTE_PENDING,
}
"""Reasons of a condition that is not True and need not worry anybody."""
WORRYING = {Reason.ROUTE_OVERLAPS, Reason.SCRAPE_INTERVAL_DIFFERS, Reason.SERVES_UNPROVEN}
"""Reasons of a condition that is True, and a person should look all the same."""
SILENT = {Reason.SCALING_OFF, Reason.SCALER_PENDING, Reason.NO_PODS}
"""Reasons that say that there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Change:
    """A condition that changed its reason."""

    condition: str
    status: str
    reason: str
    message: str
    warning: bool


def news(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes between two statuses; of several conditions with one reason only the first is told."""
    old = Before.of(before).by_type
    told: dict[str, Change] = {}
    for now in after.get("conditions", ()):
        was = old.get(now["type"], {})
        changed = (now["status"], now["reason"]) != (was.get("status"), was.get("reason"))
        changed = changed or (now["type"] == "RolloutComplete" and _rollout(before) != _rollout(after))
        unknown = now["type"] in MEASURED and now["status"] == "Unknown"
        silent = unknown or _is_usual(now) or now["reason"] in SILENT
        if now["type"] in TOLD and changed and not silent and now["reason"] not in told:
            told[now["reason"]] = Change(
                now["type"], now["status"], now["reason"], now["message"], _worrying(now)
            )
    return tuple(told.values())


def _rollout(status: Mapping[str, Any]) -> str:
    """What a rollout did last: a further step has the reason of the one before."""
    return str((status.get("rollout") or {}).get("message", ""))


def _is_usual(condition: Mapping[str, Any]) -> bool:
    """Whether Reconciling or Stalled says no more than that work goes on, or that there is none."""
    told = condition["status"] == "True" and condition["reason"] not in PROGRESS
    return condition["type"] in ABNORMAL and not told


def _worrying(condition: Mapping[str, Any]) -> bool:
    """Whether a person should look. A rollout that waits for its replicas is no trouble."""
    waiting = condition["type"] == "RolloutComplete" and condition["reason"] == Reason.REPLICAS_NOT_READY
    if condition["reason"] in WORRYING:
        return True
    if condition["type"] in ABNORMAL:
        return True
    return condition["status"] == "False" and condition["reason"] not in PROGRESS and not waiting
