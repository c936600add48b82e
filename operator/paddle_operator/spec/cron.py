"""Cron's five fields: which minutes, hours and days are meant, on whichever clocks. Pure.

    minute hour day-of-month month day-of-week          0 3 * * 0     Sundays at 3:00

A field is `*`, a number, a range `1-5`, a list `1,15`, or one of the first and last with a step: `*/10`.
Sunday is 0 or 7. As in cron, where both kinds of day are limited, a day that fits either of them is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Most days of each month."""
_PART = re.compile(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?", re.ASCII)


def _form(number: str) -> str:
    part = rf"([*]|{number}(-{number})?)(/(0?[1-9]|[1-9][0-9]))?"
    return f"{part}(,{part})*"


CRON_FORM = (
    "^"
    + " ".join(
        _form(number)
        for number in (
            "[0-5]?[0-9]",
            "([01]?[0-9]|2[0-3])",
            "(0?[1-9]|[12][0-9]|3[01])",
            "(0?[1-9]|1[0-2])",
            "0?[0-7]",
        )
    )
    + "$"
)
"""What the API server can check: all but that ranges ascend."""


@dataclass(frozen=True, slots=True)
class Cron:
    """What the five fields mean. Made by `parse_cron`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either_day: bool
    """Both kinds of day are limited: one of them is enough."""

    @property
    def times_a_day(self) -> int:
        """How often something begins on a day that is meant."""
        return len(self.minutes) * len(self.hours)

    @property
    def comes(self) -> bool:
        """Whether there is such a day at all, be it in a leap year."""
        dates = (day <= _LONGEST[month - 1] for month in self.months for day in self.days)
        return self.either_day or any(dates)


def parse_cron(text: str) -> Cron:
    """Read the five fields; ValueError says which one is wrong and what it may be."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"schedule {text!r} has {len(fields)} fields: write five, minute hour day-of-month month "
            "day-of-week, such as '0 3 * * 0' for Sundays at 3:00"
        )
    minutes, hours, days, months, weekdays = (
        _numbers(field, name, low, high) for field, (name, low, high) in zip(fields, _FIELDS, strict=True)
    )
    return Cron(
        minutes,
        hours,
        days,
        months,
        frozenset(weekday % 7 for weekday in weekdays),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
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
