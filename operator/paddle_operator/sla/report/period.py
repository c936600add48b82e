"""Which period a report is about: what a person asked for, and what a schedule has made due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.schedule import Schedule

SETTLE = timedelta(minutes=5)
"""A report is made this long after its period: until then the last samples may still be on their way."""
_REACH = tuple(timedelta(days=days) for days in (2, 33, 800, 6000))
"""How far planned times are looked for: a schedule can name the 29th of February."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A period of a schedule that is over: from one planned time to the next."""

    name: str
    """Of the report. The same period of the same service has the same name, whoever asks and when."""
    period: Interval


def last_planned(service: str, schedule: Schedule, created: datetime, now: datetime) -> Planned | None:
    """Return the last period that ended long enough ago, and not before the service was created.

    Earlier ones that were missed are not made up for: a person can ask for them.
    """
    until = now - SETTLE
    for back in _REACH:
        ends = tuple(schedule.starts(Interval(until - back, until + timedelta.resolution)))[-2:]
        for start, end in pairwise(ends):
            return Planned(f"{service}-{end:%Y%m%d-%H%M}", Interval(start, end)) if end > created else None
    return None


def next_planned(schedule: Schedule, now: datetime) -> datetime | None:
    """Return when the next report can be made, later than now; None where that is years away."""
    since = now - SETTLE + timedelta.resolution
    for ahead in _REACH:
        found = next(iter(schedule.starts(Interval(since, now + ahead))), None)
        if found is not None:
            return found + SETTLE
    return None


def outlived(ends: Iterable[tuple[str, datetime]], retain: int) -> tuple[str, ...]:
    """Return the names of the reports to delete, given the end of each one's period: all but the newest."""
    by_age = sorted(ends, key=lambda one: (one[1], one[0]))
    return tuple(name for name, _ in by_age[: max(0, len(by_age) - retain)])
