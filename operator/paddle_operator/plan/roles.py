"""Every revision of one resource and what it is to do next, as the course has it.

Invariant: as long as any revision is labelled stable, one of the cast is stable, and the traffic points to
it. No revision loses its pods while the traffic may point to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from paddle_operator.plan.model import KubeObject, LiveRevision, Role
from paddle_operator.plan.revision import Revision
from paddle_operator.plan.take_over import incumbent
from paddle_operator.rollout.course import Course

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
    rejected: str = ""
    """Why it may never take traffic again."""
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
    canary: Member | None = None
    previous: Member | None = None
    retired: tuple[Member, ...] = ()
    history: tuple[Member, ...] = ()

    @property
    def playing(self) -> tuple[Member, ...]:
        """Those that the course names."""
        return tuple(one for one in (self.stable, self.canary, self.previous) if one is not None)

    @property
    def with_pods(self) -> tuple[Member, ...]:
        """All but those that are kept without."""
        return (*self.playing, *self.retired)


def carried_out(course: Course, live: Collection[LiveRevision], wanted: str | None) -> Course:
    """Return what of a course can be done now: with revisions that there are, or that can be made.

    A canary takes traffic only while one of its pods is ready, and none once it was rejected. Where the
    stable revision is gone, or nobody says who it is, the one that is found serving is: traffic never ends
    for a slip of the memory.
    """
    there = {one.name for one in live}
    known = there | ({wanted} if wanted is not None else set())
    stable = course.stable if course.stable in known else _found(course, live)
    canary = course.canary if course.canary in known - {stable} - course.rejected.keys() else None
    ready = any(one.name == canary and one.ready_replicas for one in live)
    makes_room = canary is not None and stable == course.stable
    return replace(
        course,
        stable=stable,
        canary=canary,
        canary_weight=course.canary_weight if ready and stable is not None else 0,
        canary_replicas=course.canary_replicas if canary is not None else 0,
        stable_replicas=course.stable_replicas if makes_room else None,
        ends=course.ends if makes_room else (),
        previous=course.previous if course.previous in there - {stable, canary} else None,
    )


def cast_of(
    course: Course,
    live: Collection[LiveRevision],
    wanted: Member | None,
    replicas: int,
    now: datetime,
) -> Cast:
    """Give every revision its role. `course` is one that can be carried out, `replicas` the number that the
    stable revision is to have."""
    known = {one.name: _as_it_is(one) for one in live}
    if wanted is not None:
        known[wanted.name] = wanted

    def named(name: str | None, role: Role) -> Member | None:
        return replace(known[name], role=role, retired_at=None, rejected="") if name is not None else None

    stable, canary = named(course.stable, Role.STABLE), named(course.canary, Role.CANARY)
    leaving = tuple(_leaving(live, course, now))
    return Cast(
        stable=stable and replace(stable, replicas=replicas),
        canary=canary and replace(canary, replicas=course.canary_replicas),
        previous=named(course.previous, Role.PREVIOUS),
        retired=tuple(one for one in leaving if one.role is Role.RETIRED),
        history=tuple(one for one in leaving if one.role is Role.HISTORY),
    )


def before(cast: Cast, course: Course, live: Collection[LiveRevision]) -> tuple[Member, ...]:
    """Return those that are written before the traffic: who takes requests, but nobody who shrinks for it."""
    there = {one.name: one.replicas for one in live}
    canary = cast.canary if course.canary_weight else None
    growing = canary if canary is not None and canary.replicas >= there.get(canary.name, 0) else None
    return tuple(one for one in (None if course.ends else cast.stable, growing) if one is not None)


def _found(course: Course, live: Collection[LiveRevision]) -> str | None:
    """Find who serves, of those that may. Before anybody does, a canary alone does not become stable."""
    may = [one for one in live if one.name not in course.rejected]
    if course.stable is None:
        left = next((one.name for one in may if one.name in course.history[:1]), None)
        return left or incumbent([one for one in may if one.role is Role.STABLE])
    return incumbent(may)


def _leaving(live: Collection[LiveRevision], course: Course, now: datetime) -> Iterator[Member]:
    """Yield those that play no part any more and stay: first as they are, then without pods.

    One that never took a request has nothing to wait for; and while the stable revision has no ready pod, it
    may wait for the room of any. What is neither of the course's history nor rejected goes in the end, and at
    once what cannot be rebuilt.
    """
    playing = {course.stable, course.canary, course.previous}
    served = any(one.name == course.stable and one.ready_replicas for one in live)
    kept = {*course.history, *course.rejected}
    for one in sorted(live, key=lambda one: one.name):
        rejected = course.rejected.get(one.name, "")
        unasked = one.role is Role.CANARY and not one.ready_replicas
        if one.name in playing or one.revision is None:
            continue
        left = one.role in {Role.RETIRED, Role.HISTORY} and one.retired_at
        member = replace(_as_it_is(one), retired_at=left or now, rejected=rejected)
        waited = not served or (left and now - left >= timedelta(seconds=RETIRE_SECONDS))
        if not (unasked or waited or one.role is Role.HISTORY):
            yield replace(member, role=Role.RETIRED)
        elif one.name in kept:
            yield replace(member, role=Role.HISTORY, replicas=0)


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
