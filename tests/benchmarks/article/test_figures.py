"""From counts to what is published."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.article.counts import Counts
from benchmarks.article.figures import (
    burst_figures,
    objectives,
    promised,
    quarter_figures,
    ready_at,
    timeline,
)
from benchmarks.article.quarter import Quarter
from benchmarks.article.simulation import Outcome
from tests.benchmarks.article.given import a_world, always, run

AVAILABILITY, LATENCY, ERRORS = objectives(500)


def hour(good: int, bad: int = 0, refused: int = 0, in_time: int | None = None) -> Counts:
    """An hour's counts."""
    return Counts(3600.0, good, bad, refused, good if in_time is None else in_time, bins=Counter({0: good}))


def test_a_bad_day_stands_in_the_month_around_it() -> None:
    hours = [hour(1000) for _ in range(24 * 60)]
    hours[24 * 50] = hour(0, bad=1000)
    found = promised(AVAILABILITY, hours)
    assert found["attained_percent"] == pytest.approx(100 * (1 - 1 / (24 * 60)))
    assert found["worst_30_days_budget_left_percent"] == pytest.approx(100 * (1 - 1000 / 720))
    assert found["worst_hour_burn_rate"] == pytest.approx(1000)


def test_what_is_refused_is_bad_for_every_objective() -> None:
    hours = [hour(900, refused=100, in_time=850)]
    assert promised(AVAILABILITY, hours)["attained_percent"] == pytest.approx(90)
    assert promised(ERRORS, hours)["attained_percent"] == pytest.approx(90)
    assert promised(LATENCY, hours)["attained_percent"] == pytest.approx(85)


def test_a_row_has_all_figures() -> None:
    counts = Counts()
    counts.add(run(a_world(always(0.1)), 5.0, 3600.0).counts)
    found = quarter_figures(Quarter([counts], total=counts), 500)
    assert found["requests"] == found["good"] + found["bad"] + found["refused"] == round(counts.total)
    assert found["p50_ms"] >= 100
    assert found["replica_hours"] == pytest.approx(1.0)
    assert found["objectives"]["availability"]["attained_percent"] == 100.0


def test_the_timeline_has_what_arrived_and_who_was_ready() -> None:
    outcome = Outcome(pods=[(95.0, 10), (112.0, 12)])
    for second in range(100, 130):
        outcome.by_second.seconds[second].arrived = second
    outcome.by_second.seconds[105].failed = 20
    found = timeline(outcome, 100.0)
    assert found["arrived_a_second"][:2] == [104.5, 114.5]
    assert found["failed_a_second"][:2] == [2.0, 0.0]
    assert found["pods"][:2] == [10, 10]
    assert ready_at(outcome.pods, 120.0) == 12
    assert burst_figures(outcome, 100.0)["last_failure_after_seconds"] == 5
