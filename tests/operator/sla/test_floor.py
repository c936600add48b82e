"""The fewest pods at a moment, on the clocks of wherever the schedule is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.sla.floor import Floor, floor_at
from paddle_operator.spec.scaling import ReplicaSchedule


def schedule(start: str, hours: int, replicas: int, zone: str = "UTC", name: str = "peak") -> ReplicaSchedule:
    return ReplicaSchedule.model_validate(
        {"name": name, "start": start, "durationHours": hours, "timeZone": zone, "minReplicas": replicas}
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WEEKDAYS = schedule("0 8 * * 1-5", 10, 6)


@pytest.mark.parametrize(
    ("now", "floor"),
    [
        ("2026-11-25T06:59:59", Floor(2)),
        ("2026-11-25T07:30:00", Floor(2, until=at("2026-11-25T08:00"))),
        ("2026-11-25T08:00:00", Floor(6, "peak", at("2026-11-25T18:00"))),
        ("2026-11-25T17:59:59", Floor(6, "peak", at("2026-11-25T18:00"))),
        ("2026-11-25T18:00:00", Floor(2)),
        ("2026-11-28T12:00:00", Floor(2)),
    ],
    ids=["long before", "soon", "from its first moment", "to its last", "over", "on a Saturday"],
)
def test_a_schedule_holds_from_its_start_for_its_hours(now: str, floor: Floor) -> None:
    assert floor_at(2, [WEEKDAYS], at(now)) == floor


def test_a_holiday_of_eight_days_is_meant_where_its_people_live() -> None:
    holiday = schedule("0 0 28 1 *", 192, 6, "Asia/Shanghai")
    begins, ends = at("2027-01-27T16:00"), at("2027-02-04T16:00")
    instant = timedelta(seconds=1)
    assert floor_at(2, [holiday], begins - instant).replicas == 2
    assert floor_at(2, [holiday], begins) == Floor(6, "peak", ends)
    assert floor_at(2, [holiday], ends - instant).replicas == 6
    assert floor_at(2, [holiday], ends).replicas == 2


def test_hours_are_elapsed_time_whatever_clocks_do() -> None:
    night = schedule("0 0 29 3 *", 24, 4, "Europe/Berlin")  # 2026-03-29 has 23 hours there
    assert floor_at(1, [night], at("2026-03-28T23:00")).until == at("2026-03-29T23:00")


def test_the_highest_of_several_counts_and_the_next_border_of_any_is_looked_at() -> None:
    small, large = schedule("0 8 * * *", 10, 3, name="day"), schedule("0 12 * * *", 2, 8, name="noon")
    assert floor_at(1, [small, large], at("2026-11-25T11:30")) == Floor(3, "day", at("2026-11-25T12:00"))
    assert floor_at(1, [small, large], at("2026-11-25T12:30")) == Floor(8, "noon", at("2026-11-25T14:00"))


def test_one_that_begins_again_before_it_ends_goes_on() -> None:
    hourly = schedule("0 * * * *", 2, 5)
    for minute in range(0, 600, 7):
        assert floor_at(1, [hourly], at("2026-11-25T00:00") + timedelta(minutes=minute)).replicas == 5


def test_a_schedule_of_every_minute_all_year_is_read_at_once() -> None:
    assert floor_at(1, [schedule("* * * * *", 8784, 5)], at("2026-11-25T00:00")).replicas == 5


STARTS = st.sampled_from(
    ["0 8 * * 1-5", "*/10 * * * *", "0 0 28 1 *", "30 2 * * 0", "0 0 29 2 *", "5 4 31 * 2"]
)
SCHEDULES = st.lists(
    st.builds(
        schedule,
        STARTS,
        st.integers(1, 400),
        st.integers(1, 50),
        st.sampled_from(["UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York"]),
    ),
    max_size=4,
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)


@given(st.integers(1, 20), SCHEDULES, MOMENTS)
@settings(max_examples=100)
def test_a_schedule_never_lowers_the_number(least: int, schedules: list[Any], now: datetime) -> None:
    assert floor_at(least, schedules, now).replicas >= least


@given(st.integers(1, 20), SCHEDULES, MOMENTS)
@settings(max_examples=100)
def test_the_number_holds_until_the_moment_that_is_named(
    least: int, schedules: list[Any], now: datetime
) -> None:
    found = floor_at(least, schedules, now)
    until = found.until or now + timedelta(hours=1)
    assert until > now
    between = now + (min(until, now + timedelta(hours=1)) - now) * 0.999
    assert floor_at(least, schedules, between).replicas == found.replicas
