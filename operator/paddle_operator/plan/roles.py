"""Who serves, who takes over, who leaves: the revisions of one resource and what each is to do next.

Invariant: as long as any revision is live, one of the cast is stable, and the traffic points to it. It
changes hands only to a revision with all its replicas ready.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from paddle_operator.plan.model import KubeObject, LiveRevision, Role
from paddle_operator.plan.revision import Revision

RETIRE_SECONDS = 30
"""How long a replaced revision keeps its pods, so that a proxy with old endpoints still finds them."""


@dataclass(frozen=True, slots=True)
class Member:
    """One revision and what it is to be from now on."""

    name: str
    revision: Revision | None
    role: Role
    resolve_key: str
    default_image: bool
    replicas: int
    retired_at: datetime | None = None
    template: KubeObject | None = None
    """Its pods as an earlier look rendered them; None: they are rendered now."""
    decided_by: str = ""
    """What is to be recorded about its replicas: see names.ANNOTATION_REPLICAS."""
    writes_replicas: bool = True
    """The number is the operator's to write. Else it stands there, whoever wrote it."""
    hands_over: bool = False
    """The operator owns the number and is to let go of it."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The revisions that stay. Those of the live ones that are not here go."""

    stable: Member | None = None
    next: Member | None = None
    retired: tuple[Member, ...] = ()


def cast_of(live: tuple[LiveRevision, ...], wanted: Member | None, replicas: int, now: datetime) -> Cast:
    """Give every revision its role. `wanted` is None while nobody knows what is asked for: then all stay."""
    incumbent = _incumbent(live, wanted.name if wanted else "", replicas)
    if incumbent is None:
        return Cast(stable=wanted and replace(wanted, role=Role.STABLE, replicas=replicas))
    chosen, challenger = _choose(live, incumbent, wanted, replicas)
    kept = {chosen.name} | ({challenger.name} if challenger else set())
    return Cast(
        stable=replace(chosen, role=Role.STABLE, replicas=replicas, retired_at=None),
        next=challenger and replace(challenger, role=Role.NEXT, replicas=replicas, retired_at=None),
        retired=tuple(
            leaving
            for member in sorted(live, key=lambda member: member.name)
            if member.name not in kept and (leaving := _leaving(member, now)) is not None
        ),
    )


def _choose(
    live: tuple[LiveRevision, ...], incumbent: LiveRevision, wanted: Member | None, replicas: int
) -> tuple[Member, Member | None]:
    """Return who serves and who is to take over."""
    if wanted is None:
        waiting = [m for m in live if m.role is Role.NEXT and m.name != incumbent.name]
        return _as_it_is(incumbent), _as_it_is(min(waiting, key=lambda m: m.name)) if waiting else None
    if wanted.name == incumbent.name:
        return wanted, None
    candidate = next((member for member in live if member.name == wanted.name), None)
    if candidate is not None and candidate.ready_replicas >= replicas:
        return wanted, None
    return _as_it_is(incumbent), wanted


def _incumbent(live: tuple[LiveRevision, ...], wanted: str, replicas: int) -> LiveRevision | None:
    """Find who serves now. One label says so, unless a crash between two writes left two or none."""
    if not live:
        return None

    def standing(member: LiveRevision) -> tuple[bool, bool, int, float, str]:
        since = member.retired_at.timestamp() if member.retired_at else 0.0
        proven = member.name == wanted and member.ready_replicas >= replicas
        return (member.role is Role.STABLE, proven, member.ready_replicas, since, member.name)

    return max(live, key=standing)


def _leaving(member: LiveRevision, now: datetime) -> Member | None:
    """Keep a replaced revision for a while. One that never served, or cannot be rebuilt, goes at once."""
    if member.role is Role.NEXT or member.revision is None:
        return None
    since = member.retired_at if member.role is Role.RETIRED and member.retired_at else now
    if now - since >= timedelta(seconds=RETIRE_SECONDS):
        return None
    return replace(_as_it_is(member), role=Role.RETIRED, retired_at=since)


def _as_it_is(member: LiveRevision) -> Member:
    return Member(
        member.name,
        member.revision,
        member.role,
        member.resolve_key,
        member.default_image,
        member.replicas,
        member.retired_at,
        member.template,
    )
