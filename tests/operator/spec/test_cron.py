"""Cron's five fields: what the API server lets through is what we can read."""

from __future__ import annotations

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from paddle_operator.sla.schedule import parse_schedule
from paddle_operator.spec.cron import CRON_FORM, parse_cron
from paddle_operator.spec.zone import zone_is_known

PARTS = st.from_regex(r"[*]|[0-9]{1,2}(-[0-9]{1,2})?", fullmatch=True)
STEPS = st.sampled_from(["", "", "/2", "/0", "/05", "/99"])
FIELDS = st.lists(st.tuples(PARTS, STEPS).map("".join), min_size=1, max_size=2).map(",".join)
ASCENDING = re.compile(r"([0-9]+)-([0-9]+)")


def is_read(schedule: str) -> bool:
    try:
        parse_cron(schedule)
    except ValueError:
        return False
    return True


@given(st.lists(FIELDS, min_size=4, max_size=6).map(" ".join))
@settings(max_examples=2000)
@example("0 3 * * 0")
@example("59 23 31 12 7")
@example("00 00 01 01 00")
def test_what_has_the_form_and_ascends_is_what_can_be_read(schedule: str) -> None:
    formed = re.fullmatch(CRON_FORM, schedule, re.ASCII) is not None
    ascends = all(int(low) <= int(high) for low, high in ASCENDING.findall(schedule))
    assert (formed and ascends) == is_read(schedule)


def test_times_a_day_are_counted_on_a_day_that_is_meant() -> None:
    assert parse_cron("0,30 1-3 * * 0").times_a_day == 6
    assert parse_cron("* * * * *").times_a_day == 24 * 60


DAYS_OF_A_CYCLE = [date(2000, 1, 1) + timedelta(days=passed) for passed in range(28 * 366)]
DATES = st.lists(st.integers(28, 31), min_size=1, max_size=2).map(lambda days: ",".join(map(str, days)))
MONTHS = st.lists(st.integers(1, 12), min_size=1, max_size=2).map(lambda some: ",".join(map(str, some)))


@given(DATES, MONTHS, st.sampled_from(["*", "0", "*/3"]))
@settings(max_examples=50)
@example("29", "2", "*")
@example("30", "2", "*")
@example("30,31", "2", "0")
def test_what_comes_does_so_within_28_years(days: str, months: str, weekdays: str) -> None:
    schedule = parse_schedule(f"0 0 {days} {months} {weekdays}", ZoneInfo("UTC"))
    assert schedule.cron.comes == any(map(schedule.is_meant, DAYS_OF_A_CYCLE))


def test_zones_are_those_of_the_tz_database() -> None:
    assert all(zone_is_known(name) for name in ("UTC", "Europe/Berlin", "Asia/Shanghai", "Etc/GMT+5"))
    assert not any(zone_is_known(name) for name in ("Europe", "Mars/Base", "../../etc/passwd", "", "CESTX"))


def test_what_each_machine_has_in_its_own_way_is_no_zone() -> None:
    own = ("localtime", "Factory", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin")
    assert not any(zone_is_known(name) for name in own)
