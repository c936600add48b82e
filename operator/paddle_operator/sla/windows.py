"""The time over which a promise holds: rolling, or a period of the calendar where its users live."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from paddle_operator.sla.intervals import Interval, utc
from paddle_operator.spec.promise import Window, WindowType


class Period(StrEnum):
    """A period of the calendar. A week begins on Monday."""

    DAY = "Day"
    WEEK = "Week"
    MONTH = "Month"


def window_at(window: Window, now: datetime) -> Interval:
    """Return the time over which a promise is judged now: of a month, what has passed of it."""
    if window.type is WindowType.CALENDAR:
        return Interval(calendar(Period.MONTH, ZoneInfo(window.zone_name), now).start, now)
    return rolling(window.days * 86_400, now)


def rolling(seconds: int, now: datetime) -> Interval:
    """Return the seconds before now."""
    end = utc(now)
    return Interval(end - timedelta(seconds=seconds), end)


def calendar(period: Period, zone: ZoneInfo, now: datetime) -> Interval:
    """Return the whole period that now lies in, also the part that is still to come.

    It runs from midnight to midnight on the clocks of the zone: a day on which they change can have 23 or 25
    hours. Periods follow each other without gap or overlap, also where clocks go back over midnight: what
    they show a second time as yesterday is today.
    """
    moment = utc(now)
    today = moment.astimezone(zone).date()
    periods = (_period_of(period, today + timedelta(days=later), zone) for later in (0, 1))
    return next(found for found in periods if moment in found)


def _period_of(period: Period, today: date, zone: ZoneInfo) -> Interval:
    match period:
        case Period.DAY:
            first, following = today, today + timedelta(days=1)
        case Period.WEEK:
            first = today - timedelta(days=today.weekday())
            following = first + timedelta(days=7)
        case Period.MONTH:
            first = today.replace(day=1)
            following = (first + timedelta(days=31)).replace(day=1)
    return Interval(moment_of(first, time(), zone), moment_of(following, time(), zone))


def moment_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clocks of a zone show this, in UTC.

    A time that they show twice is the first of both. One that they skip is as long after the hour before as
    if they had not: with clocks that jump from 2:00 to 3:00, 2:30 is the moment at which they show 3:30.
    """
    return datetime.combine(day, clock.replace(fold=0), tzinfo=zone).astimezone(UTC)
