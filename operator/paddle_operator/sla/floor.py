"""The fewest pods that there should be at a moment: the usual number, or a schedule's where one holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from paddle_operator.sla.intervals import Interval, utc
from paddle_operator.sla.schedule import Schedule, parse_schedule
from paddle_operator.spec.scaling import ReplicaSchedule

AHEAD = timedelta(hours=1)
"""How far a schedule's next beginning is looked for. Services are looked at far more often than that."""
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Floor:
    """The fewest pods, and for how long that is certain."""

    replicas: int
    schedule: str = ""
    """Name of the schedule that asks for them; empty where none does."""
    until: datetime | None = None
    """When it may be another number; None: not within the next hour."""


def floor_at(least: int, schedules: Iterable[ReplicaSchedule], now: datetime) -> Floor:
    """Return the fewest pods at a moment. A schedule that asks for fewer than `least` changes nothing."""
    moment = utc(now)
    found = Floor(least)
    borders: list[datetime] = []
    for one in sorted(schedules, key=lambda one: one.name):
        schedule = parse_schedule(one.start, ZoneInfo(one.time_zone))
        length = timedelta(hours=one.duration_hours)
        borders += _soon(schedule, moment)
        begun = _last(schedule, Interval(moment - length, moment + _INSTANT))
        if begun is None or begun + length <= moment:
            continue
        borders.append(begun + length)
        if one.min_replicas > found.replicas:
            found = Floor(one.min_replicas, one.name)
    return Floor(found.replicas, found.schedule, min(borders, default=None))


def _soon(schedule: Schedule, moment: datetime) -> Iterator[datetime]:
    return schedule.starts(Interval(moment + _INSTANT, moment + AHEAD))


def _last(schedule: Schedule, within: Interval) -> datetime | None:
    """Return the last beginning in an interval, looking day by day from its end: most are found at once."""
    end = within.end
    while end > within.start:
        start = max(end - _DAY, within.start)
        begun = list(schedule.starts(Interval(start, end)))
        if begun:
            return begun[-1]
        end = start
    return None
