"""The distribution of service times goes through what was measured."""

from __future__ import annotations

import random

import pytest

from benchmarks.article.measured import Machine, accelerator, processor
from benchmarks.article.service_time import ServiceTime, through


def test_it_goes_through_every_quantile_where_the_mean_allows_it() -> None:
    found = through({0.5: 0.07, 0.95: 0.21, 1.0: 0.26}, mean=0.095)
    assert found.mean == pytest.approx(0.095)
    assert [found.at(share) for share in (0.5, 0.95, 1.0)] == pytest.approx([0.07, 0.21, 0.26], rel=0.05)
    assert found.at(0.0) >= 0


def test_draws_have_its_mean_and_its_mean_square() -> None:
    found = through({0.5: 0.07, 0.95: 0.21, 1.0: 0.26}, mean=0.095)
    chance = random.Random(1)
    drawn = [found.at(chance.random()) for _ in range(100_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(found.mean, rel=0.01)
    assert sum(each * each for each in drawn) / len(drawn) == pytest.approx(found.mean_square, rel=0.02)


@pytest.mark.parametrize(
    "knots",
    [((0.0, 1.0), (0.9, 2.0)), ((0.0, 2.0), (1.0, 1.0)), ((0.1, 1.0), (1.0, 2.0)), ((0.0, -1.0), (1.0, 2.0))],
)
def test_what_is_no_distribution_is_refused(knots: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"must (rise|not fall)"):
        ServiceTime(knots)


@pytest.mark.parametrize("machine", [processor(), accelerator()], ids=lambda machine: machine.name)
def test_what_was_measured_makes_a_machine(machine: Machine) -> None:
    assert 1.0 <= machine.crowded < 2.0
    assert machine.workers / (machine.service.mean * machine.crowded) == pytest.approx(machine.capacity)
    assert machine.service.at(0.95) * machine.crowded < machine.threshold_ms / 1000
    assert all("commit" in source for source in machine.sources)
