"""A schedule in cron's five fields, on the clocks of a time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.windows import moment_of
from paddle_operator.spec.cron import Cron, parse_cron


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something begins, again and again. Made by `parse_schedule`."""

    cron: Cron
    zone: ZoneInfo

    def starts(self, within: Interval) -> Iterator[datetime]:
        """Return every moment of the interval at which something begins, in order, each once.

        A time that the clocks show twice is meant once. For one that they skip see `moment_of`.
        """
        first = within.start.astimezone(self.zone).date() - timedelta(days=1)
        last = within.end.astimezone(self.zone).date()
        found = {
            moment
            for offset in range((last - first).days + 1)
            if self.is_meant(day := first + timedelta(days=offset))
            for hour in self.cron.hours
            for minute in self.cron.minutes
            if (moment := moment_of(day, time(hour, minute), self.zone)) in within
        }
        return iter(sorted(found))

    def is_meant(self, day: date) -> bool:
        """Tell whether something begins on this day, if at any time of it."""
        cron = self.cron
        if day.month not in cron.months:
            return False
        by_date, by_weekday = day.day in cron.days, day.isoweekday() % 7 in cron.weekdays
        return (by_date or by_weekday) if cron.either_day else (by_date and by_weekday)


def parse_schedule(text: str, zone: ZoneInfo) -> Schedule:
    """Read a schedule; ValueError says which field is wrong and what it may be."""
    return Schedule(parse_cron(text), zone)
