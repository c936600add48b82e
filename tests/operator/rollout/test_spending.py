"""How much of the window's budget a canary has cost beyond the revision that it replaces."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.rollout.looks.spending import excess, spent_percent
from paddle_operator.rollout.verdict import Evidence, Finding
from tests.operator.status.test_promise import counted

DAY = timedelta(days=1)


def evidence(canary: tuple[int, int], stable: tuple[int, int], objective: str = "up") -> Evidence:
    return Evidence(objective, *canary, *stable, 1.0, 1.0, 1.0, Finding.NOTHING_AGAINST)


def test_only_what_fails_more_often_than_at_the_stable_revision_is_the_canary_s() -> None:
    assert excess(evidence((100, 30), (1000, 100))) == 20
    assert excess(evidence((100, 5), (1000, 100))) == 0
    assert excess(evidence((300, 1), (700, 2))) == Fraction(1, 7)


def test_with_nobody_to_compare_with_every_failure_is_the_canary_s() -> None:
    assert excess(evidence((100, 30), (0, 0))) == 30


def test_it_is_a_percentage_of_what_the_whole_window_may_lose() -> None:
    """A day of 30 with 10,000 requests: 300,000 in all, of which 300 may fail."""
    measured = counted(9_990, 10)
    assert spent_percent([evidence((100, 30), (1000, 0))], measured, 30 * DAY) == 10
    assert spent_percent([evidence((100, 30), (1000, 0))], measured, DAY) == 300


def test_the_objective_that_has_lost_most_counts() -> None:
    fast = {"name": "fast", "latency": {"percentile": "90", "thresholdMilliseconds": 200}}
    up = {"name": "up", "availability": {"targetPercent": "99.9"}}
    both = [evidence((100, 30), (1000, 0)), evidence((100, 90), (1000, 0), "fast")]
    measured = counted(10_000, 0, up, fast)
    assert spent_percent(both, measured, DAY) == 300
    assert spent_percent(both[1:], measured, DAY) == 9


def test_where_no_budget_is_known_nothing_is_said() -> None:
    assert spent_percent([evidence((100, 30), (1000, 0))], counted(0, 0), DAY) is None
    assert spent_percent([evidence((100, 30), (1000, 0), "other")], counted(10, 0), DAY) is None
    assert spent_percent([], counted(10, 0), DAY) is None


COUNTS = st.integers(0, 1000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(COUNTS, COUNTS)
def test_it_is_never_negative_and_never_more_than_what_failed(
    canary: tuple[int, int], stable: tuple[int, int]
) -> None:
    assert 0 <= excess(evidence(canary, stable)) <= canary[1]
