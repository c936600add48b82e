"""The real distance between scrapes is found whatever is lost, and judged by what it makes unknown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.sla.answer import Failed, NoData, Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.pace import LEAST_SCRAPES, Pace, pace
from paddle_operator.sla.reading import Reading
from tests.operator.sla.counters import at
from tests.operator.sla.traffic import Pod, reading

HOUR = Interval(at(0), at(3600))
TOLD = Scraping(timedelta(seconds=15))


def found(*pods: Pod) -> Pace | None:
    return pace(reading(pods, HOUR), TOLD)


@given(st.integers(1, 120), st.sets(st.integers(0, 30), max_size=6))
def test_it_is_found_where_scrapes_are_lost(every: int, lost: set[int]) -> None:
    scrapes = tuple(every * place for place in range(31) if place not in lost)
    told = found(Pod("a", "r1", (-1,), scrapes, ()))
    assert told is not None
    assert told.seen == timedelta(seconds=every)


def test_two_pods_are_not_scraped_twice_as_often() -> None:
    each = tuple(range(0, 600, 30))
    told = found(Pod("a", "r1", (-1,), each, ()), Pod("b", "r1", (-1,), tuple(one + 15 for one in each), ()))
    assert told is not None
    assert told.seen == timedelta(seconds=30)


def test_few_scrapes_and_no_answer_say_nothing() -> None:
    assert found(Pod("a", "r1", (-1,), tuple(range(0, 15 * LEAST_SCRAPES, 15)), ())) is None
    for nothing in (NoData(""), Failed("no")):
        assert pace(Reading(HOUR, nothing, nothing, nothing), TOLD) is None
    assert pace(Reading(HOUR, Value(()), NoData(""), NoData("")), TOLD) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(60, "slow blind"), (38, "slow blind"), (30, "slow"), (19, "slow"), (18, ""), (8, ""), (7, "fast")],
)
def test_what_follows(seconds: int, said: str) -> None:
    one = Pace(TOLD, timedelta(seconds=seconds))
    assert " ".join(name for name in ("slow", "blind", "fast") if getattr(one, name)) == said
