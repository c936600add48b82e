"""Small worlds for the simulation's tests: one of everything, all of it changeable."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from benchmarks.article.counts import Counts
from benchmarks.article.faults import Fault, Times
from benchmarks.article.pod import Rules
from benchmarks.article.policy import policy
from benchmarks.article.service_time import ServiceTime
from benchmarks.article.simulation import Outcome, Simulation, Stretch, World

TIMES = Times(
    endpoint_lag=3.0,
    restart=9.0,
    fresh_pod=20.0,
    probe_period=10.0,
    probe_failures=3,
    probe_timeout=2.0,
    grace=45.0,
    node_noticed=50.0,
    node_replaced=350.0,
)
RULES = Rules(
    workers=1,
    crowded=1.0,
    promised_seconds=None,
    deadline_seconds=None,
    queue=10**6,
    request_timeout_seconds=10**6,
    standby=True,
    worker_start_seconds=4.0,
)


def always(seconds: float) -> ServiceTime:
    """Every request takes as long."""
    return ServiceTime(((0.0, seconds), (1.0, seconds)))


def exponential(mean: float, steps: int = 2000) -> ServiceTime:
    """Nearly the exponential distribution, in straight pieces, with exactly this mean."""
    shares = [1 - math.exp(-12 * step / steps) for step in range(steps)]
    knots = [(share, -math.log1p(-share)) for share in shares]
    made = ServiceTime((*knots, (1.0, 12.5)))
    return made.scaled(mean / made.mean)


def a_world(service: ServiceTime, *, rules: dict[str, Any] | None = None, **changes: Any) -> World:
    """One in which nothing is refused, and pods do not scale."""
    made = World(
        service=service,
        rules=replace(RULES, **(rules or {})),
        policy=policy(),
        times=TIMES,
        nodes=5,
        retry=True,
        scaling=None,
        threshold_seconds=1.0,
        article_threshold_seconds=0.21,
    )
    return replace(made, **changes)


def run(
    world: World,
    rate: float,
    seconds: float,
    *,
    pods: int = 1,
    faults: tuple[Fault, ...] = (),
    warm: float = 100.0,
    seed: str = "test",
) -> Outcome:
    """A load that stays the same."""
    made = Stretch(-warm, 0.0, seconds, lambda _: rate, rate, pods, faults, seed)
    return Simulation(world, made).run()


def counted(world: World, rate: float, seconds: float, **more: Any) -> Counts:
    """Its counts alone."""
    return run(world, rate, seconds, **more).counts
