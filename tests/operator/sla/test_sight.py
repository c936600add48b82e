"""Whether what nobody saw could hide more than a promise lets fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.sla.budget import Budget
from paddle_operator.sla.burn import MinTraffic
from paddle_operator.sla.cells import COARSE, FINE, Cell, aged, cut
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.sight import Sight
from paddle_operator.sla.verdict import verdict
from paddle_operator.spec.sla_report import Verdict

START = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
LEAST = MinTraffic(20, timedelta(minutes=5))


def cells(*minutes: int) -> list[Cell]:
    """One cell an hour, of which so many minutes are unknown."""
    return [
        Cell(Interval(START + place * COARSE, START + (place + 1) * COARSE), {}, timedelta(minutes=one))
        for place, one in enumerate(minutes)
    ]


def sight(found: list[Cell], period: timedelta = MONTH) -> Sight:
    counted = found[-1].interval.end - found[0].interval.start
    return Sight.of(((one.interval, one.unknown) for one in found), counted, period)


@pytest.mark.parametrize(
    ("percent", "minutes", "hidden"),
    [
        ("99.9", (0, 60, 0), True),
        ("99.9", (0, 43, 0), False),
        ("99.9", (0, 44, 0), True),
        ("99", (0, 60, 60, 0, 0), False),
        ("95", (60, 60, 0), True),
        ("95", (0, 60, 60, 0), False),
        ("99.999", (29,) * 700, False),
        ("99.999", (30, 0), True),
    ],
)
def test_unknown_time_weighs_against_the_budget_of_the_window(
    percent: str, minutes: tuple[int, ...], hidden: bool
) -> None:
    assert sight(cells(*minutes)).hides(1 - Fraction(percent) / 100) is hidden


def test_pods_that_end_all_month_hide_nothing_of_a_service_that_others_serve() -> None:
    assert not sight(cells(*[5] * 720)).hides(Fraction(1, 100_000))


def test_a_time_of_minutes_is_judged_by_its_half() -> None:
    whole = Interval(START + timedelta(minutes=50), START + timedelta(minutes=70))
    for minutes, hidden in ((9, False), (11, True)):
        lost = Interval(whole.end - timedelta(minutes=minutes), whole.end)
        pieces = [(one, one.length) for one in cut(lost.start, lost.end, COARSE)]
        assert Sight.of(pieces, whole.length, whole.length).hides(Fraction(1, 1000)) is hidden


@given(st.lists(st.integers(0, 300), min_size=24, max_size=24 * 3))
def test_cells_that_are_joined_to_hours_hide_what_they_hid_before(seconds: list[int]) -> None:
    fine = [
        Cell(part, {}, timedelta(seconds=one))
        for part, one in zip(cut(START, START + len(seconds) * FINE, FINE), seconds, strict=True)
    ]
    assert sight(list(aged(fine, START + MONTH))) == sight(fine)


@given(st.integers(0, 1000), st.integers(0, 1000), st.lists(st.integers(0, 60), min_size=1, max_size=100))
def test_what_nobody_saw_only_ever_takes_back_that_it_was_kept(
    good: int, bad: int, minutes: list[int]
) -> None:
    counted = Budget(Fraction(999, 1000), {"r": Tally(good, bad)})
    seen, said = verdict(counted, LEAST), verdict(counted, LEAST, sight(cells(*minutes)))
    assert said is seen or (seen, said) == (Verdict.KEPT, Verdict.UNKNOWN_TIME)
