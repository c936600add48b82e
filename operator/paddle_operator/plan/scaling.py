"""Who decides the number of pods, how many there are at least, and when the number changes hands.

A number has one owner at any time. The operator lets go of it in the order that loses nothing: what stands
there is first given to a field manager that only holds it (plan/diff.py), and the scaler takes it from there.
The operator takes it back, as it stands, when the scaler's object is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from paddle_operator import names
from paddle_operator.plan.learned_target import learned_target, text_of
from paddle_operator.plan.model import Aim, LiveRevision, Platform, Refusal, Role, Scale, Scaler
from paddle_operator.plan.roles import Cast, Member
from paddle_operator.reasons import Reason
from paddle_operator.rollout.course import Course
from paddle_operator.sla.capacity import LEAST_INTERVALS, LEAST_REQUESTS
from paddle_operator.sla.floor import floor_at
from paddle_operator.sla.means import Rate
from paddle_operator.spec.scaling import MetricType, Scaling, ScalingBackend

WATCH_SECONDS = 60
"""Scalers raise no events here, since they write their status every few seconds: they are read this often."""
HAND_BACK_SECONDS = 2
"""How long it usually takes until a deleted scaler is gone."""
STUCK_SECONDS = 60
"""One that is still there after so long waits for somebody: it is said, and looked at ever less often."""

FORGETTING_SECONDS = 60
"""What a scaler measured of idle pods is also in its metrics for so long."""


def scale_of(
    scaling: Scaling,
    platform: Platform,
    live: Iterable[LiveRevision],
    now: datetime,
    capacity: Rate | None = None,
) -> Scale:
    """Decide about the number of pods now; `capacity` is what a replica that serves can be relied on for."""
    live = tuple(live)
    floor = floor_at(scaling.least, scaling.schedules, now)
    aims = _aims(scaling, learned_target(capacity, _last_target(live)))
    refusal = _missing(scaling, platform, aims)
    wanted = _scaler(scaling, platform) if refusal is None else None
    replicas = _replicas(scaling, floor.replicas, serving(live))
    looks = [floor.until] if floor.until is not None else []
    if wanted is not None:
        looks.append(now + timedelta(seconds=WATCH_SECONDS))
    if any(_others(one, wanted) for one in live):
        looks.append(now + _patience(live, now))
    since = _leaving_since(live)
    return Scale(
        least=floor.replicas if wanted is not None else replicas,
        replicas=replicas,
        schedule=floor.schedule,
        scaler=wanted,
        aims=aims,
        refusal=refusal,
        stuck_since=since if since and now - since >= timedelta(seconds=STUCK_SECONDS) else None,
        next_look=min(looks, default=None),
    )


def held(cast: Cast, live: Iterable[LiveRevision], scaling: Scaling, scale: Scale) -> Cast:
    """Say of each revision whether the operator writes its number of replicas."""
    live = tuple(live)
    there = {one.name: one for one in live}
    record = _record(scaling, serving(live))
    return replace(
        cast,
        stable=cast.stable and _of_stable(replace(cast.stable, decided_by=record), there, scale),
        canary=cast.canary and replace(cast.canary, decided_by=record),
        previous=cast.previous and _as_it_is(cast.previous, there[cast.previous.name]),
        retired=tuple(_as_it_is(one, there[one.name]) for one in cast.retired),
    )


def given_up(scale: Scale, replicas: int) -> Scale:
    """Return the scale of a revision whose pods make room for those that are to take their place: no scaler
    is to bring them back."""
    return replace(scale, least=replicas, replicas=replicas, scaler=None)


def unshrinking(
    scale: Scale, course: Course, live: Iterable[LiveRevision], scaling: Scaling, now: datetime
) -> Scale:
    """Return the scale with no fewer pods of the stable revision than it has, while a rollout moves traffic,
    and for a while after.

    The share that the canary takes leaves its pods idle, and they are needed at once when it fails. A scaler
    remembers how idle they were for its stabilization window, and would then still take them.
    """
    live = tuple(live)
    remembered = timedelta(seconds=scaling.behavior.scale_down_stabilization_seconds + FORGETTING_SECONDS)
    lately = any(one.retired_at is not None and now - one.retired_at < remembered for one in live)
    if not (course.canary_weight or course.previous or (lately and scale.scaler)):
        return scale
    there = max((one.replicas for one in live if one.name == course.stable), default=0)
    kept = max(scale.replicas, there)
    least = max(scale.least, min(there, scaling.most)) if scale.scaler else kept
    return replace(scale, replicas=kept, least=least)


def scaler_for(stable: LiveRevision | None, scale: Scale) -> Scaler | None:
    """Return the scaler to make, once one of another kind is gone: two of them would pull at one number."""
    return None if stable is not None and _others(stable, scale.scaler) else scale.scaler


def serving(live: Iterable[LiveRevision]) -> LiveRevision | None:
    """Return the revision that serves."""
    stable = (one for one in live if one.role is Role.STABLE)
    return max(stable, key=lambda one: (one.replicas, one.name), default=None)


def _scaler(scaling: Scaling, platform: Platform) -> Scaler | None:
    if not scaling.scales:
        return None
    if scaling.backend is ScalingBackend.KEDA:
        return Scaler.KEDA
    return Scaler.KEDA if scaling.backend is ScalingBackend.AUTO and platform.keda else Scaler.HPA


def _aims(scaling: Scaling, learned: Decimal | None) -> tuple[Aim, ...]:
    aims = []
    for one in scaling.metrics:
        if one.target.value is not None:
            aims.append(Aim(one.name, one.type, one.target.value))
        elif learned is not None:
            aims.append(Aim(one.name, one.type, text_of(learned), learned=True))
    return tuple(aims)


def _missing(scaling: Scaling, platform: Platform, aims: tuple[Aim, ...]) -> Refusal | None:
    """Return why the scaler that is asked for cannot be made."""
    scaler = _scaler(scaling, platform)
    if scaler is Scaler.KEDA and not platform.keda:
        return Refusal(
            Reason.KEDA_MISSING,
            "spec.scaling.backend is KEDA and this cluster does not serve keda.sh/v1alpha1: install KEDA "
            "2.17 or later, or set backend to HPA",
        )
    asked = [one.name for one in scaling.metrics if one.type is not MetricType.CPU_UTILIZATION]
    needed = asked if scaler is Scaler.KEDA else scaling.learned
    if needed and not platform.prometheus_url:
        return Refusal(
            Reason.PROMETHEUS_NOT_CONFIGURED,
            f"metrics {', '.join(needed)} come from Prometheus, and the operator was not told where it is: "
            "set PADDLE_OPERATOR_PROMETHEUS_URL (chart value prometheus.url)",
        )
    if scaling.scales and not aims:
        return Refusal(
            Reason.CAPACITY_UNKNOWN,
            f"the target of metric {', '.join(scaling.learned)} is Auto, and what a replica serves while the "
            f"objectives hold is not known yet: that takes {LEAST_REQUESTS} requests in {LEAST_INTERVALS} "
            "measured intervals, and a quarter of an hour until it is kept; give it a value to scale now",
        )
    return None


def _replicas(scaling: Scaling, floor: int, serving: LiveRevision | None) -> int:
    """Where a scaler decides, or should, what serves now counts: who takes over starts with that capacity."""
    if scaling.scales:
        return min(max(floor, serving.replicas if serving else 0), scaling.most)
    if scaling.replicas is None and serving is not None:
        return max(floor, _left(serving))
    return floor


def _left(serving: LiveRevision) -> int:
    """Return the number that a scaler left, 1 where none did."""
    if serving.decided_by == names.REPLICAS_BY_SCALER:
        return serving.replicas
    return int(serving.decided_by) if serving.decided_by.isdecimal() else 1


def _others(live: LiveRevision, wanted: Scaler | None) -> bool:
    """Whether a scaler works on it that is not wanted any more."""
    return any(one is not wanted for one in live.scalers.kinds)


def _last_target(live: Iterable[LiveRevision]) -> Decimal | None:
    """Return the number that scalers go by now: who takes over goes on with it until more is known."""
    found = (one.scalers.learned_target for one in live)
    return min((one for one in found if one is not None), default=None)


def _leaving_since(live: Iterable[LiveRevision]) -> datetime | None:
    moments = (one.scalers.leaving_since for one in live)
    return min((one for one in moments if one is not None), default=None)


def _patience(live: Iterable[LiveRevision], now: datetime) -> timedelta:
    """A tenth of the time for which a scaler has been on its way out, within bounds."""
    since = _leaving_since(live)
    waited = max(now - since, timedelta()) / 10 if since is not None else timedelta()
    return min(max(timedelta(seconds=HAND_BACK_SECONDS), waited), timedelta(seconds=WATCH_SECONDS))


def _record(scaling: Scaling, serving: LiveRevision | None) -> str:
    """Return what is recorded about the number, so that it is known when no field of the resource says it."""
    if scaling.scales:
        return names.REPLICAS_BY_SCALER
    forgotten = scaling.replicas is not None or serving is None or not serving.decided_by
    return "" if forgotten or serving is None else str(_left(serving))


def _of_stable(member: Member, there: Mapping[str, LiveRevision], scale: Scale) -> Member:
    live = there.get(member.name)
    if live is None or live.replicas == 0:  # from nothing nobody scales: it would stay there
        return member
    if live.role is not Role.STABLE and live.replicas < member.replicas:  # it takes over with full strength
        return member
    if scale.scaler is not None:
        return replace(member, replicas=live.replicas, writes_replicas=False, hands_over=live.owns_replicas)
    return _as_it_is(member, live) if live.scalers.kinds else member


def _as_it_is(member: Member, live: LiveRevision) -> Member:
    return replace(
        member, replicas=live.replicas, writes_replicas=live.owns_replicas, decided_by=live.decided_by
    )
