"""From a resource, the platform and what lives in the cluster to the objects that should be there. Pure."""

from __future__ import annotations

from paddle_operator.plan.live import live_revision
from paddle_operator.plan.model import (
    Aim,
    FoundBundle,
    KubeObject,
    LiveRevision,
    ObjectKey,
    Plan,
    Platform,
    Refusal,
    Resolution,
    Role,
    Scale,
    Scaler,
    ScalersAtWork,
    Wish,
)
from paddle_operator.plan.planner import plan, wish_of
from paddle_operator.plan.revision import Revision
from paddle_operator.plan.roles import RETIRE_SECONDS
from paddle_operator.plan.watching import only_watches

__all__ = [
    "RETIRE_SECONDS",
    "Aim",
    "FoundBundle",
    "KubeObject",
    "LiveRevision",
    "ObjectKey",
    "Plan",
    "Platform",
    "Refusal",
    "Resolution",
    "Revision",
    "Role",
    "Scale",
    "Scaler",
    "ScalersAtWork",
    "Wish",
    "live_revision",
    "only_watches",
    "plan",
    "wish_of",
]
