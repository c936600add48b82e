"""The autoscaler follows the load as Kubernetes does."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from benchmarks.article.measured import accelerator
from benchmarks.article.scaler import Scaling
from benchmarks.article.setting import Assumptions, scaling
from benchmarks.article.simulation import Outcome, Simulation, Stretch
from tests.benchmarks.article.given import TIMES, a_world, always

SCALING = Scaling(target=6.0, least=4, most=12)


@functools.cache
def burst(scaling: Scaling | None, seconds: float = 1200.0, back_at: float = 1e9) -> Outcome:
    """24 requests a second, three times as many from second 60 on."""
    world = a_world(always(0.1), rules={"promised_seconds": 0.5, "queue": 64}, scaling=scaling)

    def rate(at: float) -> float:
        return 72.0 if 60 <= at < back_at else 24.0

    return Simulation(world, Stretch(-10, 0.0, seconds, rate, 72.0, 4, seed="burst")).run()


def pods_at(outcome: Outcome, at: float) -> int:
    return [count for when, count in outcome.pods if when <= at][-1]


@pytest.mark.parametrize(
    ("rate", "there", "wish"), [(24, 4, 4), (26, 4, 4), (30, 4, 5), (500, 4, 12), (1, 12, 4), (66, 12, 12)]
)
def test_the_wish_is_load_over_target_within_bounds_and_tolerance(rate: float, there: int, wish: int) -> None:
    assert SCALING.wish(rate, there) == wish


def test_the_autoscaler_is_the_one_that_the_operator_asks_for() -> None:
    machine = accelerator()
    found = scaling(machine, Assumptions())
    assert found.target == pytest.approx(0.6 * machine.capacity)
    assert (found.period_seconds, found.window_seconds) == (15, 60)
    assert (found.lag_seconds, found.down_seconds) == (15, 300)


def test_pods_follow_a_burst_after_samples_and_start() -> None:
    found = burst(SCALING)
    soonest = 60 + SCALING.period_seconds + TIMES.fresh_pod
    assert pods_at(found, soonest - 1) == 4
    assert pods_at(found, soonest + 150) >= 11  # with 11 the load is within the tolerance of the target


def test_a_burst_is_refused_in_part_until_they_are_there_and_then_no_more() -> None:
    found = burst(SCALING)
    failing = [second for second, each in found.by_second.seconds.items() if each.failed]
    assert failing
    assert max(failing) < 60 + 150


def test_without_scaling_it_is_refused_for_as_long_as_it_lasts() -> None:
    found = burst(None, 300.0)
    assert found.counts.refused > 3 * burst(SCALING).counts.refused
    assert max(found.by_second.seconds) - 5 < max(s for s, e in found.by_second.seconds.items() if e.failed)


def test_pods_stay_for_five_minutes_after_it_and_go_without_a_lost_request() -> None:
    found = burst(SCALING, back_at=400.0)
    assert pods_at(found, 400.0 + SCALING.down_seconds - 15) >= 11
    assert pods_at(found, 1190.0) in {4, 5}  # chance alone asks for one more
    late = [each.failed for second, each in found.by_second.seconds.items() if second > 400]
    assert sum(late) == 0


def test_what_is_paid_for_are_the_pods_that_were_asked_for() -> None:
    assert burst(None, 300.0).counts.pod_seconds == pytest.approx(4 * 300.0)
    assert 4 * 1200.0 < burst(SCALING).counts.pod_seconds < 12 * 1200.0
    assert burst(replace(SCALING, most=4), 90.0).counts.pod_seconds == pytest.approx(4 * 90.0)
