"""A stretch of time, request by request: callers, the gateway, pods, what goes wrong, and the autoscaler.

Exact for what it models: nothing is averaged, and every request that is sent has one end. Pure: all chance
comes from seeds, and arrivals have a source of their own, so that two runs which differ in a mechanism are
sent the same requests.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.article.clock import Clock
from benchmarks.article.counts import BySecond, Counts
from benchmarks.article.faults import Fault, Faults, Times
from benchmarks.article.gateway import Gateway
from benchmarks.article.pod import Pod, Rules
from benchmarks.article.policy import Policy
from benchmarks.article.request import Request
from benchmarks.article.scaler import Scaler, Scaling
from benchmarks.article.service_time import ServiceTime


@dataclass(frozen=True)
class World:
    """What holds for a whole quarter. threshold_seconds: the promise's, as it is counted."""

    service: ServiceTime
    rules: Rules
    policy: Policy
    times: Times
    nodes: int
    retry: bool
    scaling: Scaling | None
    threshold_seconds: float
    article_threshold_seconds: float


@dataclass(frozen=True)
class Stretch:
    """What is simulated: seconds of the quarter. From begin to counted_from the pods only come to their pace.

    rate: requests a second at a time; most: no rate exceeds it.
    """

    begin: float
    counted_from: float
    end: float
    rate: Callable[[float], float]
    most: float
    pods: int
    faults: Sequence[Fault] = ()
    seed: str = ""


@dataclass
class Outcome:
    """What came of a stretch. pods: how many were ready, from which moment on."""

    counts: Counts = field(default_factory=Counts)
    by_second: BySecond = field(default_factory=BySecond)
    pods: list[tuple[float, int]] = field(default_factory=list)


class Simulation:
    """One stretch."""

    def __init__(self, world: World, stretch: Stretch) -> None:
        self._world, self._stretch = world, stretch
        self._arrivals = random.Random(f"arrivals {stretch.seed} {stretch.begin}")
        chance = random.Random(f"chance {stretch.seed} {stretch.begin}")
        self._clock = Clock(stretch.begin)
        self._gateway = Gateway(self._clock, world.policy, chance, self._ended, retry=world.retry)
        self._made = 0
        pods = [self._pod() for _ in range(stretch.pods)]
        self._outcome = Outcome()
        self._under_way = 0
        self._faults = Faults(self._clock, world.times, chance, pods, self._known)
        self._scaler = self._autoscaler(world.scaling)
        self._paid_since, self._paid = stretch.begin, len(pods)
        self._known()
        for fault in stretch.faults:
            self._clock.at(fault.at, self._faults.happen, fault)

    def _autoscaler(self, scaling: Scaling | None) -> Scaler | None:
        if scaling is None:
            return None
        begin = self._stretch.begin
        scaler = Scaler(self._clock, scaling, self._faults, self._pod)
        scaler.start(self._stretch.rate(begin), end=self._stretch.end)
        return scaler

    def _pod(self) -> Pod:
        self._made += 1
        node = self._made % self._world.nodes
        return Pod(self._world.rules, self._clock, lambda: self._gateway, node)

    def run(self) -> Outcome:
        """Every request that arrives, to its end."""
        clock, stretch = self._clock, self._stretch
        arrival = self._next_arrival(stretch.begin)
        while arrival < stretch.end:
            while clock.step(arrival):
                pass
            clock.now = arrival
            self._arrive(arrival)
            arrival = self._next_arrival(arrival)
        while clock.step(stretch.end):
            pass
        self._pay(stretch.end)
        while self._under_way:
            clock.step(float("inf"))
        counts = self._outcome.counts
        counts.seconds = stretch.end - stretch.counted_from
        counts.down_seconds = self._outcome.by_second.down_seconds()
        return self._outcome

    def _next_arrival(self, after: float) -> float:
        """Poisson arrivals whose rate changes: drawn at the highest rate, and thinned."""
        chance, stretch = self._arrivals, self._stretch
        while (after := after + chance.expovariate(stretch.most)) < stretch.end:
            if chance.random() * stretch.most <= stretch.rate(after):
                break
        return after

    def _arrive(self, now: float) -> None:
        request = Request(now, self._world.service.at(self._arrivals.random()))
        self._under_way += 1
        if self._scaler is not None:
            self._scaler.arrived += 1
        if now >= self._stretch.counted_from:
            self._outcome.by_second.seconds[int(now)].arrived += 1
        self._gateway.send(request)

    def _ended(self, request: Request, outcome: str) -> None:
        self._under_way -= 1
        if request.arrived < self._stretch.counted_from:
            return
        counts = self._outcome.counts
        if outcome == "good":
            world = self._world
            latency = self._clock.now - request.arrived
            counts.answered(latency, world.threshold_seconds, world.article_threshold_seconds)
            return
        self._outcome.by_second.seconds[int(request.arrived)].failed += 1
        if outcome == "refused":
            counts.refused += 1
        else:
            counts.bad += 1

    def _known(self) -> None:
        """The pods that there are, or those that are said to be ready, have changed."""
        ready = self._faults.ready
        self._gateway.know(ready)
        self._outcome.pods.append((self._clock.now, len(ready)))
        self._pay(self._clock.now)
        self._paid = self._faults.wanted

    def _pay(self, until: float) -> None:
        since = max(self._paid_since, self._stretch.counted_from)
        until = min(until, self._stretch.end)
        self._outcome.counts.pod_seconds += self._paid * max(0.0, until - since)
        self._paid_since = max(self._paid_since, until)
