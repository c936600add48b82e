"""How much of the window's budget a canary has cost beyond the revision that it replaces."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.rollout.gate.trail import Trail
from paddle_operator.rollout.looks.spending import spent_percent
from paddle_operator.rollout.verdict import Evidence, Finding
from tests.operator.status.test_promise import counted

DAY = timedelta(days=1)


def evidence(excess: float, objective: str = "up") -> Evidence:
    return Evidence(objective, 100, 90, 0, 0, 1.0, 1.0, 1.0, Finding.NOTHING_AGAINST, excess=excess)


def after(*looks: tuple[tuple[int, int], tuple[int, int]]) -> float:
    """The excess after looks, each with the counts of the canary and of the stable revision."""
    objective = Objective("up", Fraction(1, 100))
    trail = Trail()
    for canary, stable in looks:
        trail = trail.after(Gate((objective,)), objective, 0, Counts(*canary), Counts(*stable))
    return trail.excess


def test_only_what_fails_more_often_than_at_the_stable_revision_is_the_canary_s() -> None:
    assert after(((100, 30), (1000, 100))) == 20
    assert after(((100, 5), (1000, 100))) == -5
    assert after(((100, 30), (1000, 100)), ((100, 5), (1000, 100))) == 15


def test_with_nobody_to_compare_with_every_failure_is_the_canary_s() -> None:
    assert after(((100, 30), (0, 0))) == 30


def test_an_outage_of_both_is_not_the_canary_s_though_it_had_a_smaller_share_before() -> None:
    before = ((1_000, 0), (19_000, 0))
    assert after(before, ((500, 500), (500, 500))) == 0


def test_it_is_a_percentage_of_what_the_whole_window_may_lose() -> None:
    """A day of 30 with 10,000 requests: 300,000 in all, of which 300 may fail."""
    measured = counted(9_990, 10)
    assert spent_percent([evidence(30)], measured, 30 * DAY) == 10
    assert spent_percent([evidence(30)], measured, DAY) == 300


def test_the_objective_that_has_lost_most_counts() -> None:
    fast = {"name": "fast", "latency": {"percentile": "90", "thresholdMilliseconds": 200}}
    up = {"name": "up", "availability": {"targetPercent": "99.9"}}
    both = [evidence(30), evidence(90, "fast")]
    measured = counted(10_000, 0, up, fast)
    assert spent_percent(both, measured, DAY) == 300
    assert spent_percent(both[1:], measured, DAY) == 9


def test_where_no_budget_is_known_nothing_is_said() -> None:
    assert spent_percent([evidence(30)], counted(0, 0), DAY) is None
    assert spent_percent([evidence(30, "other")], counted(10, 0), DAY) is None
    assert spent_percent([], counted(10, 0), DAY) is None


def test_a_canary_that_fails_less_has_spent_nothing() -> None:
    assert spent_percent([evidence(-7)], counted(9_990, 10), DAY) == 0
