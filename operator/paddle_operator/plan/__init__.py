"""From a resource, the platform and what lives in the cluster to the objects that should be there. Pure."""

from __future__ import annotations

from paddle_operator.plan.model import (
    KubeObject,
    LiveRevision,
    ObjectKey,
    Plan,
    Platform,
    Refusal,
    RefusalReason,
    Resolution,
    Role,
)
from paddle_operator.plan.planner import RETIRE_SECONDS, plan
from paddle_operator.plan.revision import Revision

__all__ = [
    "RETIRE_SECONDS",
    "KubeObject",
    "LiveRevision",
    "ObjectKey",
    "Plan",
    "Platform",
    "Refusal",
    "RefusalReason",
    "Resolution",
    "Revision",
    "Role",
    "plan",
]
