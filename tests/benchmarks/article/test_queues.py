"""The simulation beside what queueing theory knows exactly."""

from __future__ import annotations

import math

import pytest

from benchmarks.article.measured import accelerator
from tests.benchmarks.article.given import a_world, always, counted, exponential


def enough(usage: float) -> int:
    """Requests after which a mean is known: the fuller the queue, the longer it remembers."""
    return round(15_000 / (1 - usage))


def erlang_c(servers: int, offered: float) -> float:
    """The probability of having to wait in M/M/c; offered: load in servers."""
    full = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return full / (sum(offered**k / math.factorial(k) for k in range(servers)) + full)


@pytest.mark.parametrize(("workers", "usage"), [(1, 0.5), (1, 0.8), (2, 0.8), (4, 0.6), (4, 0.9)])
def test_several_workers_with_exponential_times_wait_as_erlang_says(workers: int, usage: float) -> None:
    rate = usage * workers / 0.1
    counts = counted(a_world(exponential(0.1), rules={"workers": workers}), rate, enough(usage) / rate)
    wait = erlang_c(workers, usage * workers) * 0.1 / (workers * (1 - usage))
    assert counts.mean_latency() == pytest.approx(0.1 + wait, rel=0.06)
    assert counts.good == counts.total


@pytest.mark.parametrize("usage", [0.3, 0.7, 0.9])
def test_one_worker_with_equal_times_waits_half_as_long(usage: float) -> None:
    rate = usage / 0.1
    counts = counted(a_world(always(0.1)), rate, enough(usage) / rate)
    assert counts.mean_latency() == pytest.approx(0.1 + usage * 0.1 / (2 * (1 - usage)), rel=0.04)


def test_one_worker_with_measured_times_waits_as_pollaczek_and_khinchine_say() -> None:
    service, usage = accelerator().service, 0.7
    rate = usage / service.mean
    counts = counted(a_world(service), rate, enough(usage) / rate)
    wait = rate * service.mean_square / (2 * (1 - usage))
    assert counts.mean_latency() == pytest.approx(service.mean + wait, rel=0.05)


def test_answers_that_nobody_waits_for_have_the_quantiles_of_the_service_time() -> None:
    service = accelerator().service
    counts = counted(a_world(service, rules={"workers": 50}), 1.0, 50_000)
    for share in (0.5, 0.95, 0.99):
        assert counts.latency(share) == pytest.approx(service.at(share), rel=0.04)


def test_two_choices_keep_queues_much_shorter_than_one() -> None:
    """Mitzenmacher: at 0.9 the mean time in M/M/1 is 10, by two choices below 3.5 for many servers."""
    many = counted(a_world(exponential(1.0)), 0.9 * 50, 1500, pods=50)
    assert 2.0 < many.mean_latency() < 3.5
