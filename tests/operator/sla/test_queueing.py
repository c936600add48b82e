"""The formulas of queues against what is known exactly, and against long runs."""

from __future__ import annotations

import math

import pytest

from paddle_operator.sla.queueing import all_busy, largest_load, late, turned_away
from tests.operator.sla.replica import exponential, share_late


def test_one_worker_is_busy_as_often_as_its_load_says() -> None:
    assert all_busy(1, 0.7) == pytest.approx(0.7)


def test_two_workers_after_erlang() -> None:
    assert all_busy(2, 1.0) == pytest.approx(1 / 3)


@pytest.mark.parametrize("load", [0.1, 0.5, 0.95])
def test_one_worker_keeps_an_exponential_time(load: float) -> None:
    assert late(1, load, 3.0) == pytest.approx(math.exp(-(1 - load) * 3))


def test_the_case_in_which_a_worker_is_spare_is_no_hole() -> None:
    assert late(3, 2.0, 4.0) == pytest.approx(late(3, 2.000001, 4.0), rel=1e-4)


@pytest.mark.parametrize(("workers", "load"), [(1, 0.8), (2, 1.6), (4, 3.2)])
def test_long_runs_agree(workers: int, load: float) -> None:
    found = share_late(load, exponential(1.0), threshold=5.0, workers=workers, requests=100_000)
    assert late(workers, load, 5.0) == pytest.approx(found, rel=0.1)


def test_a_long_time_overflows_nothing() -> None:
    assert late(1, 0.999, 1e6) == 0


def test_the_largest_load_is_where_the_share_is_reached() -> None:
    load = largest_load(2, time=5.0, late_share=0.05, room=10_000, refused_share=0.05, variation=1.0)
    assert late(2, load, 5.0) == pytest.approx(0.05, rel=1e-6)


def test_times_that_vary_more_leave_room_for_less() -> None:
    loads = [
        largest_load(2, time=9.0, late_share=0.05, room=64, refused_share=0.05, variation=variation)
        for variation in (0.0, 1.0, 2.0, 6.0)
    ]
    assert loads[0] == loads[1] > loads[2] > loads[3]


def test_no_load_is_in_time_where_even_an_idle_worker_is_late() -> None:
    assert largest_load(1, time=1.0, late_share=0.05, room=64, refused_share=0.05, variation=1.0) == 0


def test_a_longer_queue_turns_fewer_away() -> None:
    assert turned_away(1, 0.9, 64) < turned_away(1, 0.9, 8) < 1
