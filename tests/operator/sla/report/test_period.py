"""Which period is due: side by side, named once and for all, on the clocks of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.report.period import SETTLE, Planned, last_planned, next_planned, outlived
from paddle_operator.sla.schedule import Schedule, parse_schedule
from paddle_operator.sla.steps import steps_of
from paddle_operator.spec.sla_report import MAX_STEPS

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def monthly(zone: str = "UTC") -> Schedule:
    return parse_schedule("0 0 1 * *", ZoneInfo(zone))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def due(now: str, schedule: Schedule | None = None, created: datetime = LONG_AGO) -> Planned | None:
    return last_planned("calm", schedule or monthly(), created, moment(now))


def test_the_last_month_is_due_when_it_has_settled() -> None:
    november = Interval(moment("2026-11-01T00:00"), moment("2026-12-01T00:00"))
    assert due("2026-12-01T00:05") == Planned("calm-20261201-0000", november)
    assert due("2026-12-31T23:59") == Planned("calm-20261201-0000", november)
    before = due("2026-12-01T00:04:59")
    assert before is not None
    assert before.period.end == november.start


def test_periods_lie_side_by_side_also_where_clocks_change() -> None:
    daily = parse_schedule("30 2 * * *", ZoneInfo("Europe/Berlin"))
    ends = []
    at = moment("2026-03-27T12:00")
    for _ in range(5):
        found = last_planned("calm", daily, LONG_AGO, at)
        assert found is not None
        ends.append(found.period)
        at += timedelta(days=1)
    assert all(one.end == other.start for one, other in pairwise(ends))
    assert {one.length for one in ends} == {timedelta(hours=24), timedelta(hours=23)}


def test_a_month_is_that_of_the_zone() -> None:
    found = due("2026-12-15T00:00", monthly("Asia/Shanghai"))
    assert found is not None
    assert found.name == "calm-20261130-1600"
    assert found.period.start == moment("2026-10-31T16:00")


def test_a_period_from_before_the_service_is_not_due() -> None:
    assert due("2026-12-15T00:00", created=moment("2026-12-01T00:00")) is None
    assert due("2026-12-15T00:00", created=moment("2026-11-30T23:59")) is not None


def test_the_rarest_schedule_is_found_and_one_that_never_comes_is_not() -> None:
    leap = parse_schedule("0 0 29 2 *", ZoneInfo("UTC"))
    found = due("2026-12-15T00:00", leap)
    assert found is not None
    assert found.period == Interval(moment("2020-02-29T00:00"), moment("2024-02-29T00:00"))
    assert due("2026-12-15T00:00", parse_schedule("0 0 30 2 *", ZoneInfo("UTC"))) is None
    assert next_planned(parse_schedule("0 0 30 2 *", ZoneInfo("UTC")), LONG_AGO) is None


def test_the_next_report_is_made_when_its_period_has_settled() -> None:
    end = moment("2026-12-01T00:00")
    assert next_planned(monthly(), moment("2026-11-20T00:00")) == end + SETTLE
    assert next_planned(monthly(), end + SETTLE - timedelta(seconds=1)) == end + SETTLE
    after = next_planned(monthly(), end + SETTLE)
    assert after == moment("2027-01-01T00:00") + SETTLE


def test_the_newest_are_retained() -> None:
    ends = [(f"r{month}", datetime(2026, month, 1, tzinfo=UTC)) for month in (3, 1, 2, 4)]
    assert outlived(ends, 2) == ("r1", "r2")
    assert outlived(ends, 4) == ()


@pytest.mark.parametrize(
    ("days", "scrape_seconds", "fine_seconds", "coarse_seconds"),
    [
        (1 / 24, 5, 60, 60),
        (1, 15, 300, 900),
        (7, 15, 300, 7200),
        (31, 15, 300, 21_600),
        (366, 60, 3600, 345_600),
        (1, 120, 600, 1200),
    ],
)
def test_steps_are_as_fine_as_the_period_and_the_scrapes_allow(
    days: float, scrape_seconds: int, fine_seconds: int, coarse_seconds: int
) -> None:
    length = timedelta(days=days)
    steps = steps_of(length, Scraping(timedelta(seconds=scrape_seconds)))
    assert steps.fine == timedelta(seconds=fine_seconds)
    assert steps.coarse == timedelta(seconds=coarse_seconds)
    assert length <= steps.coarse * MAX_STEPS
