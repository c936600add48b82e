"""Three months from parts are what they would be if every request were simulated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.article.faults import Kind
from benchmarks.article.load_shape import DAY, HOUR, LoadShape
from benchmarks.article.quarter import Plan, Window, drawn_faults, parts, quarter, windows
from benchmarks.article.scaler import Scaling
from benchmarks.article.setting import Assumptions
from benchmarks.article.simulation import Simulation, Stretch, World
from tests.benchmarks.article.given import a_world, exponential

SHAPE = LoadShape(
    peak=1.0,
    trough_share=0.3,
    peak_hour=15.0,
    factor=3.0,
    holiday_begin=1.5 * DAY,
    holiday_seconds=0.5 * DAY,
    ramp_seconds=60.0,
)
BUSY = Assumptions(
    days=2, pods=3, most_pods=9, nodes=3, worker_days=0.1, container_days=0.1, hang_days=1.0, node_days=2.0
)
PLAN = Plan(SHAPE, BUSY, "test", hour_requests=4000)
RULES = {
    "promised_seconds": 12.0,
    "queue": 64,
    "request_timeout_seconds": 30.0,
    "workers": 2,
    "standby": True,
}


def small_world(*, scaling: Scaling | None = None) -> World:
    return a_world(exponential(2.0), rules=RULES, nodes=3, scaling=scaling, threshold_seconds=4.0)


def test_the_load_is_a_wave_with_a_holiday_in_it() -> None:
    assert SHAPE.rate(15 * HOUR) == pytest.approx(1.0)
    assert SHAPE.rate(3 * HOUR) == pytest.approx(0.3)
    assert SHAPE.rate(1.5 * DAY + 30) == pytest.approx(2 * SHAPE.peak * SHAPE.wave(1.5 * DAY + 30))
    assert SHAPE.rate(1.5 * DAY + 3 * HOUR) == pytest.approx(3.0)
    assert SHAPE.rate(2 * DAY + HOUR) == pytest.approx(SHAPE.rate(HOUR))


@pytest.mark.parametrize("scaling", [None, Scaling(target=0.45, least=3, most=9)])
def test_the_parts_add_up_to_what_the_whole_is(scaling: Scaling | None) -> None:
    world = small_world(scaling=scaling)
    faults = drawn_faults(world, PLAN)
    assert len({fault.kind for fault in faults}) == len(Kind)
    begin = -400.0
    pods = 3
    whole = Simulation(
        world, Stretch(begin, 0.0, PLAN.seconds, SHAPE.rate, 3.0, pods, faults, PLAN.seed)
    ).run()
    exact, found = whole.counts, quarter(world, PLAN).total
    assert found.total == pytest.approx(exact.total, rel=0.02)
    assert found.mean_latency() == pytest.approx(exact.mean_latency(), rel=0.05)
    assert found.latency(0.95) == pytest.approx(exact.latency(0.95), rel=0.05)
    assert found.in_time / found.total == pytest.approx(exact.in_time / exact.total, abs=0.02)
    assert found.bad == pytest.approx(exact.bad, rel=0.35)  # some tens, by chance
    assert found.refused == pytest.approx(exact.refused, rel=0.25, abs=20)
    assert found.pod_seconds == pytest.approx(exact.pod_seconds, rel=0.05)


def test_variants_have_the_same_faults_and_the_same_requests() -> None:
    on, off = small_world(), replace(small_world(), retry=False)
    assert drawn_faults(on, PLAN) == drawn_faults(off, PLAN)
    short = replace(PLAN, assumptions=replace(BUSY, days=1), hour_requests=500)
    assert quarter(on, short).total.total == pytest.approx(quarter(off, short).total.total)


def test_every_second_is_counted_once() -> None:
    world = small_world()
    made = quarter(world, replace(PLAN, hour_requests=100))
    assert made.total.seconds == pytest.approx(PLAN.seconds)
    for one, other in zip(found := windows(world, PLAN, drawn_faults(world, PLAN)), found[1:], strict=False):
        assert one.end < other.begin


def test_a_window_over_an_hours_end_takes_from_both() -> None:
    taken = dict(parts(Window(1.9 * HOUR, 2.2 * HOUR), 24))
    assert taken == {1: pytest.approx(0.1 * HOUR), 2: pytest.approx(0.2 * HOUR)}
