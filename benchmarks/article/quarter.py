"""Three months from parts that are simulated request by request.

A thousand million requests are too many for one by one, and nearly all of them meet the same: pods at rest
under a load that changes over hours. So whatever is not at rest is simulated as it happens: the burst, and
every fault from before it until all is as it was; faults whose stretches touch are simulated together. For
the rest each hour of the day, usual and holiday, is simulated once for some thousands of requests with the
pods that the autoscaler keeps then, and counts for all such hours. That the sum is the same as simulating
everything is a test.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.article.counts import Counts
from benchmarks.article.faults import Fault, Kind
from benchmarks.article.load_shape import DAY, HOUR, LoadShape
from benchmarks.article.setting import Assumptions
from benchmarks.article.simulation import Outcome, Simulation, Stretch, World

BURST_SECONDS = 900.0
WARM_SERVICE_TIMES = 200  # until pods that begin empty are at their pace
HELD_SERVICE_TIMES = 100  # before a fault: what it takes away arrived before it, and is to be counted


@dataclass(frozen=True)
class Plan:
    """hour_requests: as how many an hour at rest is simulated."""

    shape: LoadShape
    assumptions: Assumptions
    seed: str
    hour_requests: int

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.assumptions.days * DAY


@dataclass
class Quarter:
    """hours: what happened in each, from the first; total: all together; burst: its first minutes."""

    hours: list[Counts]
    total: Counts = field(default_factory=Counts)
    burst: Outcome = field(default_factory=Outcome)
    faults: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """A stretch that is not at rest."""

    begin: float
    end: float
    faults: tuple[Fault, ...] = ()


def quarter(world: World, plan: Plan) -> Quarter:
    """What came of it."""
    count = round(plan.seconds / HOUR)
    faults = drawn_faults(world, plan)
    made = Quarter([Counts() for _ in range(count)])
    made.faults = {kind.value: sum(fault.kind is kind for fault in faults) for kind in Kind}
    left = [HOUR] * count
    for window in windows(world, plan, faults):
        outcome = Simulation(world, stretch(world, plan, window)).run()
        made.hours[int(window.begin / HOUR)].add(outcome.counts)
        for hour, seconds in parts(window, count):
            left[hour] -= seconds
        if window.begin <= plan.shape.holiday_begin < window.end:
            made.burst = outcome
    rests: dict[tuple[bool, int], Counts] = {}
    for hour, seconds in enumerate(left):
        at = (hour + 0.5) * HOUR
        key = (plan.shape.is_holiday(at), hour % 24)
        if key not in rests:
            rests[key] = at_rest(world, plan, at)
        made.hours[hour].add(rests[key], seconds / rests[key].seconds)
    for counts in made.hours:
        made.total.add(counts)
    return made


def pods_at(world: World, plan: Plan, at: float) -> int:
    """How many there are when the load has been the same for long."""
    rate = plan.shape.rate(at)
    return plan.assumptions.pods if world.scaling is None else world.scaling.at_rest(rate)


def at_rest(world: World, plan: Plan, at: float) -> Counts:
    """An hour's counts, from fewer requests: nothing goes wrong, and the load is the middle of the hour's."""
    rate, warm = plan.shape.rate(at), WARM_SERVICE_TIMES * world.service.mean
    counted_from = at + warm
    whole = Stretch(
        begin=at,
        counted_from=counted_from,
        end=counted_from + plan.hour_requests / rate,
        rate=lambda _: rate,
        most=rate,
        pods=pods_at(world, plan, at),
        seed=plan.seed,
    )
    return Simulation(world, whole).run().counts


def drawn_faults(world: World, plan: Plan) -> list[Fault]:
    """Poisson processes: of each pod that there is, of each node. The same for every variant."""
    assumptions, chance = plan.assumptions, random.Random(f"faults {plan.seed}")
    days = {
        Kind.WORKER: assumptions.worker_days,
        Kind.CONTAINER: assumptions.container_days,
        Kind.HANG: assumptions.hang_days,
        Kind.NODE: assumptions.node_days,
    }
    found = []
    for kind, each in days.items():
        many = assumptions.nodes if kind is Kind.NODE else assumptions.most_pods
        at = 0.0
        while (at := at + chance.expovariate(many / (each * DAY))) < plan.seconds - settling(world, kind):
            there, where = chance.random() * many, chance.random()
            busy = plan.shape.rate(at) / plan.shape.peak
            pods = max(assumptions.pods, min(assumptions.pods * busy, assumptions.most_pods))
            if kind is Kind.NODE or there < pods:
                found.append(Fault(at, kind, where))
    return sorted(found, key=lambda fault: fault.at)


def settling(world: World, kind: Kind) -> float:
    """Seconds from a fault until all is as it was before, with some to spare."""
    times, spare = world.times, 15.0
    probed = times.probe_period * times.probe_failures + times.probe_timeout
    return (
        spare
        + {
            Kind.WORKER: world.rules.worker_start_seconds,
            Kind.CONTAINER: times.restart + 2 * times.endpoint_lag,
            Kind.HANG: probed + times.grace + times.restart + 2 * times.endpoint_lag,
            Kind.NODE: times.node_replaced + times.fresh_pod + 2 * times.endpoint_lag,
        }[kind]
    )


def windows(world: World, plan: Plan, faults: Sequence[Fault]) -> list[Window]:
    """The burst and all faults, as stretches that do not touch."""
    begin, held = plan.shape.holiday_begin, HELD_SERVICE_TIMES * world.service.mean
    single = [
        Window(max(0.0, fault.at - held), fault.at + settling(world, fault.kind), (fault,))
        for fault in faults
    ]
    if begin < plan.seconds:
        single.append(Window(begin, begin + BURST_SECONDS))
    joined: list[Window] = []
    for window in sorted(single, key=lambda each: each.begin):
        if joined and window.begin <= joined[-1].end:
            last = joined.pop()
            window = Window(last.begin, max(last.end, window.end), (*last.faults, *window.faults))  # noqa: PLW2901
        joined.append(window)
    return joined


def stretch(world: World, plan: Plan, window: Window) -> Stretch:
    """A window with some time before it that is not counted."""
    begin = window.begin - WARM_SERVICE_TIMES * world.service.mean
    rates = [plan.shape.rate(begin + share * (window.end - begin) / 100) for share in range(101)]
    return Stretch(
        begin=begin,
        counted_from=window.begin,
        end=window.end,
        rate=plan.shape.rate,
        most=1.02 * max(rates),
        pods=pods_at(world, plan, begin),
        faults=window.faults,
        seed=plan.seed,
    )


def parts(window: Window, hours: int) -> Iterator[tuple[int, float]]:
    """How many seconds of which hours it takes."""
    for hour in range(int(window.begin / HOUR), min(int(window.end / HOUR) + 1, hours)):
        yield hour, max(0.0, min(window.end, (hour + 1) * HOUR) - max(window.begin, hour * HOUR))
