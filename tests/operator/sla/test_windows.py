"""Windows, schedules and exclusions on the clocks of a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from paddle_operator.sla.exclusions import OneOff, Recurring, counted_time
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.schedule import parse_schedule
from paddle_operator.sla.windows import Period, calendar, moment_of, rolling, window_at
from paddle_operator.spec.promise import Window
from tests.operator.sla.counters import at, span, spans

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(start: str, end: str) -> Interval:
    return Interval(utc(start), utc(end))


def test_an_interval_is_in_utc_and_has_elapsed_hours() -> None:
    day = Interval(datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN))
    assert day == between("2026-03-28T23:00", "2026-03-29T22:00")
    assert day.length == 23 * HOUR


def test_an_interval_without_zone_or_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        Interval(datetime(2026, 3, 29), at(0))  # noqa: DTZ001
    with pytest.raises(ValueError, match="before its start"):
        span(1, 0)


def test_an_interval_has_its_start_and_not_its_end() -> None:
    for part in (span(0, 10), spans((0, 10))):
        assert at(0) in part
        assert at(9.9) in part
        assert at(10) not in part
        assert at(-1) not in part


def test_spans_are_joined_where_they_touch() -> None:
    assert spans((10, 20), (0, 5), (5, 10), (30, 30)).parts == (span(0, 20),)


def test_spans_are_united_cut_and_taken_away() -> None:
    one, other = spans((0, 10), (20, 30)), spans((5, 25))
    assert one | other == spans((0, 30))
    assert one & other == spans((5, 10), (20, 25))
    assert one - other == spans((0, 5), (25, 30))
    assert (one - one, Spans() - one, one - Spans()) == (Spans(), Spans(), one)
    assert one.total == timedelta(seconds=20)


def test_a_rolling_window_ends_now() -> None:
    assert rolling(3600, at(0)) == span(-3600, 0)


def test_a_calendar_month_begins_and_ends_at_midnight_in_its_zone() -> None:
    found = calendar(Period.MONTH, SHANGHAI, utc("2026-02-28T15:59:59"))
    assert found == between("2026-01-31T16:00", "2026-02-28T16:00")
    assert calendar(Period.MONTH, SHANGHAI, found.end).start == found.end


def test_december_ends_in_january() -> None:
    assert calendar(Period.MONTH, ZoneInfo("UTC"), utc("2026-12-31T23:59")).end == utc("2027-01-01T00:00")


def test_a_promise_is_judged_over_its_days_or_over_what_has_passed_of_the_month() -> None:
    now = utc("2026-03-02T12:00")
    assert window_at(Window.model_validate({"days": 7}), now) == between(
        "2026-02-23T12:00", "2026-03-02T12:00"
    )
    month = Window.model_validate_json('{"type": "Calendar", "timeZone": "Asia/Shanghai"}')
    assert window_at(month, now) == between("2026-02-28T16:00", "2026-03-02T12:00")
    assert (month.days, month.zone_name) == (30, "Asia/Shanghai")


def test_a_week_begins_on_monday() -> None:
    found = calendar(Period.WEEK, BERLIN, utc("2026-03-29T12:00"))  # a Sunday, of 23 hours
    assert found == between("2026-03-22T23:00", "2026-03-29T22:00")
    assert found.length == timedelta(days=7) - HOUR


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_day_on_which_clocks_change_has_other_hours(day: str, hours: int) -> None:
    assert calendar(Period.DAY, BERLIN, utc(day + "T12:00")).length == hours * HOUR


def test_a_time_that_clocks_skip_or_show_twice_is_one_moment() -> None:
    assert moment_of(date(2026, 3, 29), time(2, 30), BERLIN) == utc("2026-03-29T01:30")
    assert moment_of(date(2026, 10, 25), time(2, 30), BERLIN) == utc("2026-10-25T00:30")


def starts(text: str, zone: ZoneInfo, start: str, end: str) -> list[str]:
    found = parse_schedule(text, zone).starts(between(start, end))
    return [moment.isoformat(timespec="minutes").removesuffix("+00:00") for moment in found]


def test_sundays_at_three_follow_the_clocks() -> None:
    assert starts("0 3 * * 0", BERLIN, "2026-03-20T00:00", "2026-04-06T00:00") == [
        "2026-03-22T02:00",
        "2026-03-29T01:00",
        "2026-04-05T01:00",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 29 3 *", ["2026-03-29T01:30"]),
        ("0 12 * 3 7", ["2026-03-29T10:00"]),
        ("0 0 28,30 * *", ["2026-03-27T23:00", "2026-03-29T22:00"]),
        ("0 12 28 * 1", ["2026-03-28T11:00", "2026-03-30T10:00"]),  # either kind of day
        ("0 12-18/6 */29 3 *", ["2026-03-30T10:00", "2026-03-30T16:00"]),
        ("0 20/2 28 3 *", ["2026-03-28T19:00", "2026-03-28T21:00"]),
        ("0 0 31 2 *", []),
    ],
)
def test_schedules_are_read_as_cron_does(text: str, expected: list[str]) -> None:
    assert starts(text, BERLIN, "2026-03-27T12:00", "2026-03-31T00:00") == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0 3 * *", "has 4 fields"),
        ("@daily", "has 1 fields"),
        ("60 3 * * 0", "minute '60' is out of range: from 0 to 59"),
        ("0 3 0 * 0", "day of month '0' is out of range"),
        ("0 5-3 * * 0", "hour '5-3' is out of range"),
        ("*/0 3 * * 0", "minute '\\*/0' is out of range"),
        ("0 3 * * SUN", "day of week 'SUN' cannot be read"),
        ("0 3 * ٣ *", "month '٣' cannot be read"),
        ("0 3,, * * *", "hour '' cannot be read"),
    ],
)
def test_a_schedule_that_cannot_be_read_says_why(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_schedule(text, BERLIN)


def test_an_exclusion_that_began_before_still_counts() -> None:
    nightly = Recurring("backup", parse_schedule("0 0 * * *", SHANGHAI), 2 * HOUR)
    within = between("2026-06-01T17:00", "2026-06-02T17:00")
    assert nightly.spans(within).parts == (
        between("2026-06-01T17:00", "2026-06-01T18:00"),
        between("2026-06-02T16:00", "2026-06-02T17:00"),
    )


def test_maintenance_lasts_as_long_when_clocks_change_meanwhile() -> None:
    night = Recurring("weekly", parse_schedule("30 1 * * 0", BERLIN), HOUR)
    for day in ("2026-03-29", "2026-10-25"):
        assert night.spans(calendar(Period.DAY, BERLIN, utc(day + "T12:00"))).total == HOUR


def test_the_promise_holds_where_nothing_is_excluded() -> None:
    exclusions = (OneOff("move", span(50, 200)), OneOff("again", span(40, 60)), OneOff("past", span(-9, 10)))
    assert counted_time(span(0, 100), exclusions) == spans((10, 40))
