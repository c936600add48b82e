"""Time in which the promise does not hold: maintenance that was announced, once or again and again."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.schedule import Schedule, parse_schedule
from paddle_operator.spec.promise import Exclusion as Written
from paddle_operator.spec.promise import Sla

A_YEAR = Interval(datetime(2028, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC))
"""A year with every date. What schedules leave of it stands for all years."""


@dataclass(frozen=True, slots=True)
class OneOff:
    """A single exclusion."""

    name: str
    interval: Interval

    def spans(self, within: Interval) -> Spans:
        """Return the excluded part of an interval."""
        return Spans((self.interval,)) & Spans((within,))


@dataclass(frozen=True, slots=True)
class Recurring:
    """An exclusion that comes again. Its duration is elapsed time, whatever the clocks do meanwhile."""

    name: str
    schedule: Schedule
    duration: timedelta

    def spans(self, within: Interval) -> Spans:
        """Return the excluded part of an interval, of one that began before it, too."""
        begun_by = Interval(within.start - self.duration, within.end)
        found = (Interval(start, start + self.duration) for start in self.schedule.starts(begun_by))
        return Spans(tuple(found)) & Spans((within,))


@dataclass(frozen=True, slots=True)
class InForce:
    """An exclusion with the time in which it was promised."""

    exclusion: Recurring
    times: Spans

    @property
    def name(self) -> str:
        """Its name."""
        return self.exclusion.name

    def spans(self, within: Interval) -> Spans:
        """Return the excluded part of an interval."""
        return self.exclusion.spans(within) & self.times


Exclusion = OneOff | Recurring | InForce


def recurring(one: Written) -> Recurring:
    """Return an exclusion as it is reckoned with. Its schedule and zone were checked when it was parsed."""
    return Recurring(
        one.name,
        parse_schedule(one.schedule, ZoneInfo(one.time_zone)),
        timedelta(minutes=one.duration_minutes),
    )


def exclusions_of(sla: Sla) -> tuple[Recurring, ...]:
    """Return what a promise leaves out, whenever that is."""
    return tuple(recurring(one) for one in sla.exclusions)


def counted_time(within: Interval, exclusions: Iterable[Exclusion]) -> Spans:
    """Return the time of an interval in which the promise holds."""
    left = Spans((within,))
    for exclusion in exclusions:
        left -= exclusion.spans(within)
    return left


@functools.lru_cache(maxsize=256)
def counted_share(sla: Sla) -> Fraction:
    """Return the share of the time in which the promise holds, over many windows.

    A year of exclusions is many moments, and a service is looked at many times with the same promise.
    """
    if not sla.exclusions:
        return Fraction(1)
    second = timedelta(seconds=1)
    return Fraction(counted_time(A_YEAR, exclusions_of(sla)).total // second, A_YEAR.length // second)
