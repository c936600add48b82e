"""The plan of one resource: which revision serves, which takes over, what else must exist."""

from __future__ import annotations

from datetime import datetime

from paddle_operator.plan.model import LiveRevision, Plan, Platform, Resolution
from paddle_operator.spec.model import Service

RETIRE_SECONDS = 30
"""How long a replaced revision keeps its pods, so that a proxy with old endpoints still finds them."""


def plan(
    service: Service,
    platform: Platform,
    resolution: Resolution | None,
    live: tuple[LiveRevision, ...],
    now: datetime,
) -> Plan:
    """Decide what should be in the cluster. Equal input gives equal output, byte for byte."""
    raise NotImplementedError
