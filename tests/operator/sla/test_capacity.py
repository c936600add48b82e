"""What a replica serves in time: the truth lies in the interval, and no more is claimed than was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from paddle_operator.sla.answer import NoData
from paddle_operator.sla.capacity import EXTRAPOLATION, Capacity, capacity
from paddle_operator.sla.learning import Demand, Learned, Seen, demands_of, from_json, learn, to_json
from tests.operator.given import a_resource, a_service
from tests.operator.sla.counters import NOON, known
from tests.operator.sla.replica import (
    INTERVAL_SECONDS,
    Service,
    a_day,
    exact_limit,
    exactly,
    exponential,
    limit,
    lognormal,
    simulated,
)

ROOM = 10_000
LATE = 0.05
MEAN = 0.08
SEEDS = 12
TOPS = (0.15, 0.5, 0.9, 1.2)
"""The highest load of the day, as a share of what the replica serves in time."""


@dataclass(frozen=True)
class Case:
    """A replica whose limit is known."""

    service: Service
    threshold: float
    workers: int
    truth: float

    @property
    def demands(self) -> tuple[Demand, ...]:
        return (Demand("fast", LATE, self.threshold),)

    def day(self, top: float, seed: int, intervals: int = 120) -> list[Seen]:
        loads = a_day(top * self.truth, intervals)
        return simulated(loads, self.service, threshold=self.threshold, seed=seed, workers=self.workers)

    def learned(self, seen: Iterable[Seen], before: Learned | None = None) -> Learned:
        return learn(before, seen, self.demands, "promise", NOON)

    def estimate(self, seen: Iterable[Seen]) -> Capacity:
        return known(capacity(self.learned(seen), self.demands, room=ROOM))


def by_runs(service: Service, threshold: float, workers: int) -> Case:
    truth = limit(service, threshold=threshold, late=LATE, workers=workers, most=workers / MEAN)
    return Case(service, threshold, workers, truth)


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    constant = exact_limit(MEAN, threshold=0.4, late=LATE)
    close = exact_limit(MEAN, threshold=0.15, late=LATE)
    return {
        "constant": Case(exactly(MEAN), 0.4, 1, constant),
        "a close threshold": Case(exactly(MEAN), 0.15, 1, close),
        "exponential": by_runs(exponential(MEAN), 0.4, 1),
        "two workers": by_runs(exactly(MEAN), 0.4, 2),
        "large ones among small": by_runs(lognormal(MEAN, 2.0), 1.0, 2),
    }


@pytest.mark.parametrize(
    "name", ["constant", "a close threshold", "exponential", "two workers", "large ones among small"]
)
def test_the_truth_lies_in_the_interval_in_95_of_100_cases(cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    outside = [
        (top, seed, found.low, case.truth, found.high)
        for top in TOPS
        for seed in range(SEEDS)
        if not (found := case.estimate(case.day(top, seed))).low <= case.truth <= found.high
    ]
    assert len(outside) <= 0.05 * len(TOPS) * SEEDS, outside


@pytest.mark.parametrize("name", ["constant", "exponential", "two workers"])
def test_a_replica_seen_near_its_limit_is_known_well(cases: dict[str, Case], name: str) -> None:
    found = cases[name].estimate(cases[name].day(1.2, seed=1, intervals=360))
    assert found.low >= 0.6 * cases[name].truth
    assert found.high <= 1.5 * cases[name].truth


def test_no_more_is_claimed_than_a_multiple_of_what_was_seen(cases: dict[str, Case]) -> None:
    found = cases["constant"].estimate(cases["constant"].day(0.05, seed=3))
    assert found.seen <= 0.1 * cases["constant"].truth
    assert found.low <= EXTRAPOLATION * found.seen
    assert found.high >= cases["constant"].truth


@pytest.mark.parametrize(("threshold", "workers"), [(0.4, 1), (0.4, 2), (0.8, 2)])
def test_of_callers_who_come_in_bursts_only_what_was_seen_is_relied_on(
    threshold: float, workers: int
) -> None:
    for load in (2.0, 4.0, 8.0):
        seen = simulated(
            [load] * 200, exactly(MEAN), threshold=threshold, seed=4, workers=workers, together=4
        )
        found = Case(exactly(MEAN), threshold, workers, 0.0).estimate(seen)
        late = 1 - sum(one.kept["fast"] for one in seen) / sum(one.offered for one in seen)
        assert found.low == found.kept
        assert (found.kept > 0) == (late < LATE)


def steady(count: int, **changed: object) -> list[Seen]:
    """Intervals of a replica with two workers that is busy half of the time."""
    one = Seen(15.0, 2, 15.0, 150, 150, {"fast": 150}, waited=45)
    return [replace(one, **changed)] * count  # type: ignore[arg-type]


SIMPLE = Case(exactly(0.1), 0.5, 2, 0.0)


def test_a_level_that_broke_the_promise_bounds_what_is_claimed() -> None:
    calm = steady(40)
    crowded = steady(40, busy_seconds=26.0, offered=260, handled=260, kept={"fast": 200})
    found = SIMPLE.estimate([*calm, *crowded])
    assert found.high < 22  # the top of the level that 260 in 15 s lies in
    assert SIMPLE.estimate(calm).high > 20


def test_a_promise_that_broke_far_below_the_model_is_believed_more_than_the_model() -> None:
    crowded = steady(40, kept={"fast": 100})
    found = SIMPLE.estimate(
        [*steady(40, offered=60, handled=60, busy_seconds=6.0, kept={"fast": 60}), *crowded]
    )
    assert found.kept == pytest.approx(4)
    assert found.low == found.kept
    assert found.high < 12


def test_refusals_are_load_that_was_not_served() -> None:
    shedding = steady(40, busy_seconds=30.0, offered=400, handled=300, kept={"fast": 300})
    found = SIMPLE.estimate([*steady(40), *shedding])
    assert found.high < 30
    assert found.seen == pytest.approx(400 / 15)


def test_few_requests_are_no_estimate() -> None:
    answer = capacity(SIMPLE.learned(steady(7)), SIMPLE.demands, room=ROOM)
    assert isinstance(answer, NoData)
    assert "takes 50 in 8" in answer.why


@pytest.mark.parametrize(
    "useless",
    [
        {"offered": 0, "handled": 0, "busy_seconds": 0.0, "kept": {"fast": 0}},
        {"whole": False, "busy_seconds": 400.0},
        {"workers": 0},
        {"seconds": 0.0},
        {"busy_seconds": -3.0},
        {"handled": 151},
    ],
    ids=["idle", "restarted", "no worker", "no time", "a counter that fell", "counters of two processes"],
)
def test_what_teaches_nothing_changes_nothing(useless: dict[str, object]) -> None:
    assert SIMPLE.learned([*steady(20), *steady(5, **useless)]) == SIMPLE.learned(steady(20))


def test_a_device_that_computes_several_at_once_may_serve_as_many_times_as_much() -> None:
    learned = SIMPLE.learned(steady(20))
    alone = known(capacity(learned, SIMPLE.demands, room=ROOM))
    together = known(capacity(learned, SIMPLE.demands, room=ROOM, together=8))
    assert together.high == pytest.approx(8 * alone.high)
    assert together.low == alone.low


def test_a_threshold_below_the_service_time_leaves_nothing_to_rely_on() -> None:
    tight = (Demand("fast", LATE, 0.05),)
    late = SIMPLE.learned(steady(20, kept={"fast": 0}))
    assert known(capacity(late, tight, room=ROOM)).low == 0


def test_a_short_queue_refuses_earlier() -> None:
    demands = (Demand("up", 0.001),)
    seen = [replace(one, kept={"up": one.offered}) for one in steady(20)]
    learned = learn(None, seen, demands, "promise", NOON)
    lows = [known(capacity(learned, demands, room=room)).low for room in (2, 8, 64)]
    assert lows == sorted(lows)
    assert lows[0] < lows[-1]


def test_another_promise_begins_the_levels_anew_and_keeps_what_a_request_costs() -> None:
    learned = SIMPLE.learned(steady(20))
    other = learn(learned, [], SIMPLE.demands, "another", NOON)
    assert not other.levels
    assert other.work == learned.work


def test_what_is_old_counts_for_less_and_is_forgotten() -> None:
    learned = SIMPLE.learned(steady(20))
    later = learn(learned, [], SIMPLE.demands, "promise", NOON + timedelta(days=3))
    assert later.work.handled == pytest.approx(learned.work.handled / 2)
    gone = learn(learned, [], SIMPLE.demands, "promise", NOON + timedelta(days=90))
    assert not gone.levels
    assert isinstance(capacity(gone, SIMPLE.demands, room=ROOM), NoData)


def test_a_clock_that_went_back_forgets_nothing() -> None:
    learned = SIMPLE.learned(steady(20))
    assert learn(learned, [], SIMPLE.demands, "promise", NOON - timedelta(days=9)) == learned


def test_it_is_kept_as_json_and_read_back() -> None:
    learned = SIMPLE.learned(steady(20))
    again = from_json(to_json(learned))
    assert again is not None
    assert to_json(again) == to_json(learned)
    assert known(capacity(again, SIMPLE.demands, room=ROOM)).low == pytest.approx(
        known(capacity(learned, SIMPLE.demands, room=ROOM)).low, rel=1e-3
    )


def test_numbers_that_cannot_be_are_damage_too() -> None:
    stored = to_json(SIMPLE.learned(steady(20)))
    for work in ([float("nan")] * 7, [-1.0] * 7):
        assert from_json({**stored, "work": work}) is None
    for levels in (
        {"10": [0.0, 5.0, {}]},
        {"99999": [1.0, 5.0, {}]},
        {"10": [1.0, 5.0, {"fast": [1.0, float("inf")]}]},
    ):
        assert from_json({**stored, "levels": levels}) is None
    assert from_json({**stored, "workers": 0}) is None


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        [],
        {},
        {"work": [1]},
        {"promise": "a", "at": "yesterday", "workers": 1, "work": [], "levels": {}},
    ],
)
def test_what_is_damaged_is_learned_again(damaged: object) -> None:
    assert from_json(damaged) is None


def test_the_demands_are_those_of_the_promise() -> None:
    promise = a_service(
        a_resource().promising(
            {"name": "up", "availability": {"targetPercent": "99.9"}},
            {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}},
        )
    ).spec.sla
    up, fast = demands_of(promise)
    assert (up.bad_share, up.threshold_seconds) == (pytest.approx(0.001), None)
    assert (fast.bad_share, fast.threshold_seconds) == (pytest.approx(0.05), 0.2)


def test_the_simulation_is_of_the_rate_that_it_is_told() -> None:
    seen = simulated([10.0] * 200, exactly(MEAN), threshold=0.4, seed=1)
    assert sum(one.offered for one in seen) == pytest.approx(10 * 200 * INTERVAL_SECONDS, rel=0.03)
