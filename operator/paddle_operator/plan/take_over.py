"""Where no rollout decides: the wanted revision takes over as soon as all its replicas are ready. Pure."""

from __future__ import annotations

from collections.abc import Collection

from paddle_operator.plan.model import LiveRevision, Role
from paddle_operator.rollout.course import Course


def take_over(live: Collection[LiveRevision], wanted: str | None, replicas: int) -> Course:
    """Say who serves and who is to take over. Nobody does while it is not known what is asked for."""
    serving = incumbent(live, wanted or "", replicas)
    ready = any(one.name == wanted and one.ready_replicas >= replicas for one in live)
    if serving is None or ready:
        return Course(stable=wanted)
    candidates = [one.name for one in live if one.role is Role.CANARY] if wanted is None else [wanted]
    canary = min((name for name in candidates if name != serving), default=None)
    return Course(stable=serving, canary=canary, canary_replicas=replicas if canary is not None else 0)


def incumbent(live: Collection[LiveRevision], wanted: str = "", replicas: int = 0) -> str | None:
    """Find who serves now. One label says so, unless a crash between two writes left two or none: then the
    one that is wanted with all its replicas, and else the one that serves best."""

    def standing(one: LiveRevision) -> tuple[bool, bool, bool, int, float, str]:
        since = one.retired_at.timestamp() if one.retired_at else 0.0
        proven = one.name == wanted and one.ready_replicas >= replicas
        return (one.role is Role.STABLE, not one.rejected, proven, one.ready_replicas, since, one.name)

    return max(live, key=standing).name if live else None
