"""What the objects in the cluster come to, as a course: a rollout that nobody remembers goes on from it.

So a restored backup moves no weight: what is carried out of this course is what is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from paddle_operator import names
from paddle_operator.plan.model import KubeObject, LiveRevision, Role
from paddle_operator.plan.route import percents
from paddle_operator.plan.take_over import incumbent
from paddle_operator.rollout.course import Course


def lives_of(service: str, live: Collection[LiveRevision], objects: Iterable[KubeObject]) -> Course:
    """Read roles, the weight and rejections. `objects` are those of the service of this name."""
    stable = incumbent([one for one in live if one.role is Role.STABLE])
    canary = _strongest(live, Role.CANARY)
    previous = _strongest(live, Role.PREVIOUS)
    past = [one for one in live if one.role is Role.HISTORY and not one.rejected]
    return Course(
        stable=stable,
        canary=canary.name if canary is not None else None,
        canary_weight=_weight(service, stable, canary, live, objects) if canary is not None else 0,
        canary_replicas=canary.replicas if canary is not None else 0,
        previous=previous.name if previous is not None else None,
        history=tuple(one.name for one in sorted(past, key=_left_at, reverse=True)),
        rejected={one.name: one.rejected for one in live if one.rejected},
    )


def share_in_route(service: str, revision: str, objects: Iterable[KubeObject]) -> int:
    """Return the percent that the live route sends to a revision; 0 where there is none."""
    mine = (one for one in objects if (one["kind"], one["metadata"]["name"]) == ("HTTPRoute", service))
    return next((percents(route).get(revision, 0) for route in mine), 0)


def _strongest(live: Iterable[LiveRevision], role: Role) -> LiveRevision | None:
    having = (one for one in live if one.role is role)
    return max(having, key=lambda one: (one.ready_replicas, one.name), default=None)


def _weight(
    service: str,
    stable: str | None,
    canary: LiveRevision,
    live: Iterable[LiveRevision],
    objects: Iterable[KubeObject],
) -> int:
    """Return the percent that the canary takes: by the route, or by pods where the plain Service has all."""
    mine = {item["kind"]: item for item in objects if item["metadata"]["name"] == service}
    if "HTTPRoute" in mine:
        return share_in_route(service, canary.name, mine.values())
    selector = mine.get("Service", {}).get("spec", {}).get("selector", {names.LABEL_REVISION: stable})
    if stable is None or names.LABEL_REVISION in selector:
        return 0
    pods = sum(one.ready_replicas for one in live if one.name in {stable, canary.name})
    return round(100 * canary.ready_replicas / pods) if pods else 0


def _left_at(one: LiveRevision) -> tuple[datetime, str]:
    return one.retired_at or datetime.min.replace(tzinfo=UTC), one.name
