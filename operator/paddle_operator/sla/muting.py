"""Exclusions as expressions for Prometheus: is one under way now. Pure.

Prometheus knows UTC alone. What the clocks of a zone show is written as a sum: UTC, the zone's offset, and
every change of it until the end of 2037, from the tz database. During the night of such a change an exclusion
follows the clocks and not the time that passes: docs/decisions/0024-alerts-are-muted-by-the-clocks.md.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from paddle_operator.sla.exclusions import Recurring
from paddle_operator.sla.promql import LOCAL_TIME, Scope
from paddle_operator.spec.cron import Cron

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
"""Changes of offsets between these are known to the rules."""
_DAY_SECONDS = 86_400
_SECOND = timedelta(seconds=1)


def local_time(zone: ZoneInfo) -> str:
    """What clocks in the zone show, in seconds since their 1970."""
    text = "time()" + _signed(_offset(zone, FIRST))
    for at, change in _changes(zone):
        text += f"{_signed(change)} * (time() >= bool {int(at.timestamp())})"
    return f"vector({text})"


def excluded(scope: Scope, exclusion: Recurring) -> str:
    """Seconds since the exclusion began, while it lasts; nothing otherwise."""
    clock = scope.of(LOCAL_TIME, f'time_zone="{exclusion.schedule.zone.key}"')
    seconds = exclusion.duration // _SECOND
    starts = sorted(
        hour * 3600 + minute * 60
        for hour in exclusion.schedule.cron.hours
        for minute in exclusion.schedule.cron.minutes
    )
    return "\nor ".join(
        _since(clock, exclusion.schedule.cron, start, days_ago, seconds)
        for start in starts
        for days_ago in range(math.ceil(seconds / _DAY_SECONDS))
    )


def _since(clock: str, cron: Cron, start: int, days_ago: int, lasts: int) -> str:
    """One time of the day at which it begins, on a day before: how long ago, if it still lasts."""
    passed = f"({clock} - {start}) % {_DAY_SECONDS}" if start else f"{clock} % {_DAY_SECONDS}"
    if days_ago:
        passed = f"({passed} + {days_ago * _DAY_SECONDS})"
    began = f"{clock} - {passed}"
    return f"({' and '.join((f'{passed} < {lasts}', *_days(cron, began)))})"


def _days(cron: Cron, began: str) -> Iterator[str]:
    """The conditions on the day on which it began."""
    weekdays = _one_of("day_of_week", cron.weekdays, range(7), began)
    dates = _one_of("day_of_month", cron.days, range(1, 32), began)
    months = _one_of("month", cron.months, range(1, 13), began)
    if not cron.either_day:
        yield from (text for text in (weekdays, dates) if text)
    elif weekdays and dates:
        yield f"({weekdays} or {dates})"
    if months:
        yield months


def _one_of(function: str, wanted: frozenset[int], possible: Iterable[int], moment: str) -> str:
    """Demand that a part of the date is one of these; empty where it may be any."""
    if wanted >= frozenset(possible):
        return ""
    part = f"{function}({moment})"
    runs = _runs(wanted)
    if len(runs) > 1:  # a sum of powers of two that is exact, and far shorter than all of them one by one
        return f"floor({sum(2**one for one in wanted)} / 2 ^ {part}) % 2 == 1"
    ((low, high),) = runs
    return f"{part} == {low}" if low == high else f"{part} >= {low} <= {high}"


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers that follow each other, as their first and last."""
    runs: list[tuple[int, int]] = []
    for one in sorted(numbers):
        if runs and runs[-1][1] == one - 1:
            runs[-1] = (runs[-1][0], one)
        else:
            runs.append((one, one))
    return runs


@functools.cache
def _changes(zone: ZoneInfo) -> tuple[tuple[datetime, int], ...]:
    """When the zone's offset changes, and by how many seconds."""
    found = []
    day = FIRST
    while day < LAST:
        following = day + timedelta(days=1)
        change = _offset(zone, following) - _offset(zone, day)
        if change:
            found.append((_border(zone, day, following), change))
        day = following
    return tuple(found)


def _border(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first second at which the offset is that of `high`."""
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        low, high = (low, middle) if _offset(zone, middle) == _offset(zone, high) else (middle, high)
    return high


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # the time is aware
    return offset // _SECOND


def _signed(seconds: int) -> str:
    return f" {'-' if seconds < 0 else '+'} {abs(seconds)}" if seconds else ""
