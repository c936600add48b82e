"""A schedule in cron's five fields, on the clocks of a time zone.

    minute hour day-of-month month day-of-week          0 3 * * 0     Sundays at 3:00

A field is `*`, a number, a range `1-5`, a list `1,15`, or one of the first and last with a step: `*/10`.
Sunday is 0 or 7. As in cron, where both kinds of day are limited, a day that fits either of them is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.windows import moment_of

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
_PART = re.compile(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something begins, again and again. Made by `parse_schedule`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either_day: bool
    """Both kinds of day are limited: one of them is enough."""
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
            if self._is_meant(day := first + timedelta(days=offset))
            for hour in self.hours
            for minute in self.minutes
            if (moment := moment_of(day, time(hour, minute), self.zone)) in within
        }
        return iter(sorted(found))

    def _is_meant(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (by_date or by_weekday) if self.either_day else (by_date and by_weekday)


def parse_schedule(text: str, zone: ZoneInfo) -> Schedule:
    """Read a schedule; ValueError says which field is wrong and what it may be."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"schedule {text!r} has {len(fields)} fields: write five, minute hour day-of-month month "
            "day-of-week, such as '0 3 * * 0' for Sundays at 3:00"
        )
    minutes, hours, days, months, weekdays = (
        _numbers(field, name, low, high) for field, (name, low, high) in zip(fields, _FIELDS, strict=True)
    )
    return Schedule(
        minutes,
        hours,
        days,
        months,
        frozenset(weekday % 7 for weekday in weekdays),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
        zone=zone,
    )


def _numbers(field: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(
                f"{name} {part!r} cannot be read: write *, a number from {low} to {high}, a range such as "
                f"{low}-{high}, or a step such as */2"
            )
        first, last, step = match.groups()
        start = low if first is None else int(first)
        # Cron reads 5/10 as 5-END/10, and a lone 5 as 5-5.
        end = int(last) if last else (high if first is None or step else start)
        if not (low <= start <= end <= high) or step in {"0", "00"}:
            raise ValueError(
                f"{name} {part!r} is out of range: from {low} to {high}, ascending, a step of 1 or more"
            )
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)
