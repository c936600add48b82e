"""What goes wrong in the simulation costs what it should, and each mechanism is worth something."""

from __future__ import annotations

import pytest

from benchmarks.article.counts import Counts
from benchmarks.article.faults import Fault, Kind
from benchmarks.article.policy import policy, seconds
from tests.benchmarks.article.given import TIMES, a_world, always, counted, run

RATE, SECONDS = 50.0, 120.0  # 0.5 workers of work for each of 10 pods
AT = 10.0


def with_fault(kind: Kind, **changes: object) -> Counts:
    length = 600.0 if kind is Kind.NODE else SECONDS
    world = a_world(always(0.1), rules=changes.pop("rules", None), **changes)  # type: ignore[arg-type]
    return counted(world, RATE, length, pods=10, faults=(Fault(AT, kind, 0.5),))


def test_the_gateways_policy_is_the_operators() -> None:
    found = policy()
    assert (found.retries, found.first_backoff, found.attempt_timeout) == (3, 0.025, 30.0)
    with pytest.raises(ValueError, match="is no duration"):
        seconds("5m3s")


@pytest.mark.parametrize("kind", [Kind.CONTAINER, Kind.HANG, Kind.NODE])
def test_a_lost_pod_costs_no_request_with_retries(kind: Kind) -> None:
    counts = with_fault(kind)
    assert (counts.bad, counts.refused) == (0, 0)


@pytest.mark.parametrize("kind", [Kind.CONTAINER, Kind.HANG, Kind.NODE])
def test_without_retries_it_costs_some_and_the_same_were_sent(kind: Kind) -> None:
    counts = with_fault(kind, retry=False)
    assert counts.bad > 0
    assert counts.total == with_fault(kind).total


def test_a_killed_container_costs_what_it_held_and_one_that_could_not_connect_at_a_time() -> None:
    counts = with_fault(Kind.CONTAINER, retry=False)
    # it is known for 3 s more, and left out for 5 s from the first connection on that fails
    assert 1 <= counts.bad <= 4


def test_requests_to_a_hung_pod_wait_until_an_attempt_is_given_up() -> None:
    counts = with_fault(Kind.HANG)
    assert counts.latency(1.0) > policy().attempt_timeout
    # of the 1,500 that were sent meanwhile it would have had 150; but whoever holds some that it does not
    # answer is hardly ever the better one of two
    assert sum(count for number, count in counts.bins.items() if number > 0) < 50


def test_a_lost_node_takes_all_its_pods_and_they_come_back_elsewhere() -> None:
    world = a_world(always(0.1))
    outcome = run(world, RATE, 600.0, pods=10, faults=(Fault(AT, Kind.NODE, 0.5),))
    ready = dict(outcome.pods)
    assert min(ready.values()) == 8
    back_at = AT + TIMES.node_replaced + TIMES.fresh_pod + TIMES.endpoint_lag
    assert [count for at, count in outcome.pods if at > back_at - 1][-1] == 10


def test_a_dead_worker_costs_the_request_that_it_held_and_no_retry_helps() -> None:
    world = a_world(always(1.0))
    counts = counted(
        world, 0.9, 50.0, faults=tuple(Fault(float(at), Kind.WORKER, 0.0) for at in (10, 20, 30))
    )
    assert 1 <= counts.bad <= 3


def test_a_warm_standby_saves_the_workers_start() -> None:
    def longest(standby: bool) -> float:
        rules = {"standby": standby, "workers": 2, "worker_start_seconds": 4.0}
        world = a_world(always(0.1), rules=rules)
        faults = tuple(Fault(10.0 + 0.001 * n, Kind.WORKER, 0.0) for n in range(1))
        return counted(world, 15.0, 60.0, faults=faults).mean_latency()

    assert longest(standby=True) < longest(standby=False)


def test_when_every_pod_is_gone_it_is_down_until_they_are_back() -> None:
    faults = tuple(Fault(AT + n / 1000, Kind.CONTAINER, (n + 0.5) / 2) for n in range(2))
    counts = counted(a_world(always(0.1)), 10.0, SECONDS, pods=2, faults=faults)
    assert TIMES.restart - 2 <= counts.down_seconds <= TIMES.restart + TIMES.endpoint_lag + 2
    assert counts.bad > 0


def test_every_request_has_one_end() -> None:
    faults = tuple(Fault(5.0 * n, kind, (n % 10) / 10) for n, kind in enumerate([*Kind, *Kind, *Kind]))
    rules = {"promised_seconds": 0.3, "queue": 64, "request_timeout_seconds": 30.0}
    outcome = run(a_world(always(0.1), rules=rules), 90.0, 100.0, pods=10, faults=faults, warm=0.0)
    arrived = sum(second.arrived for second in outcome.by_second.seconds.values())
    assert outcome.counts.total == arrived
    assert arrived == pytest.approx(9000, rel=0.05)
