"""Requests a second that one replica serves while the objectives hold: an interval, never a number. Pure.

    high   workers / seconds of a request: more than that no queue can take, but for what may fail anyway;
           and the top of the lowest level of load at which the objectives were seen broken
    low    the highest level of load at which they were seen kept; or what a queue with such workers serves
           in time, but at most EXTRAPOLATION times the highest load seen, and only where callers come
           independently: no more of them wait than by chance

`low` is what may be relied on. Between the two nobody knows: it is narrow once a replica was seen near its
limit, and wide where only a little load came. docs/decisions/0031-capacity-is-an-interval.md has the reasons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from paddle_operator.sla.answer import Answer, NoData, Value
from paddle_operator.sla.learning import STEP, Demand, Learned, Level, Work, top_of
from paddle_operator.sla.queueing import largest_load

EXTRAPOLATION = 3.0
"""Nothing is relied on beyond this many times the highest load seen."""
LEAST_INTERVALS = 8
LEAST_REQUESTS = 50
_MORE_THAN_CHANCE = 1.25  # waits, as a multiple of those by chance, that the model is still good for
_LATE_TAKEN_UP = 0.02  # share of requests that a free worker takes up late
_OF_THE_MODEL = 0.9  # what is relied on: no service's times are quite as the formulas have them
_LEAST_SECONDS_EACH = 1e-6  # nothing is computed in less
_SURE = 3.0  # standard deviations, of what a request costs
_SURE_OF_A_LEVEL = 2.5  # and of whether the objectives held at a level
_NOT_IN_STEP = 0.02  # share by which busy time and requests of an interval may differ, for what lies across
_FAILURES_EXPECTED = 3  # that many would have been seen, were a level just broken: 95 % sure


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one replica serves in time, in requests a second."""

    low: float
    high: float
    seen: float
    """The highest load that a replica was seen under."""
    kept: float
    """The highest load under which the objectives were seen kept; 0: not seen."""
    service_seconds: tuple[float, float]
    """Seconds of a worker for one request, as far as they are known."""


def capacity(
    learned: Learned, demands: tuple[Demand, ...], *, room: int, together: int = 1
) -> Answer[Capacity]:
    """Estimate it for replicas as they were last seen.

    `room` is the length of a replica's queue, `together` how many requests its device computes at once for
    the time of one; NoData while too little was seen.
    """
    work = learned.work
    few = work.intervals < LEAST_INTERVALS or work.handled < LEAST_REQUESTS
    if few or work.busy < work.handled * _LEAST_SECONDS_EACH:
        return NoData(
            f"{math.floor(work.handled)} requests in {math.floor(work.intervals)} intervals were seen; it "
            f"takes {LEAST_REQUESTS} in {LEAST_INTERVALS}"
        )
    each = _seconds_each(work)
    seen = max([work.handled / work.seconds, *(one.offered / one.seconds for one in learned.levels.values())])
    kept, broken = _levels(learned, demands)
    modelled = min(_in_time(one, learned.workers, each[1], work, room) for one in demands)
    if _comes_in_bursts(work) or (broken is not None and modelled > broken / STEP):
        modelled = 0.0  # it is not such a queue: only what was seen is relied on
    ceiling = min(learned.workers * together / (each[0] * (1 - one.bad_share)) for one in demands)
    high = max(kept, ceiling if broken is None else min(ceiling, broken))
    low = min(high, max(kept, min(modelled, EXTRAPOLATION * seen)))
    return Value(Capacity(low, high, seen, kept, each))


def _seconds_each(work: Work) -> tuple[float, float]:
    """What a request costs, by the scatter of intervals around their mean."""
    each = work.seconds_each
    half = _SURE * math.sqrt(work.scatter) / work.handled + _NOT_IN_STEP * each
    return max(each - half, each / 10), each + half


def _comes_in_bursts(work: Work) -> bool:
    """Whether more requests found no free worker than if callers came independently."""
    chance = work.waits_by_chance
    more = _MORE_THAN_CHANCE * chance + _SURE * math.sqrt(chance) + _LATE_TAKEN_UP * work.handled
    return work.waited > more


def _in_time(demand: Demand, workers: int, each: float, work: Work, room: int) -> float:
    """The load that a queue keeps one objective at; 0 where an answer takes longer than it may."""
    threshold = demand.threshold_seconds
    if threshold is not None and threshold < each:
        return 0.0
    variation = work.scatter / (work.seconds_each**2 * work.handled)
    load = largest_load(
        workers,
        time=None if threshold is None else threshold / each,
        late_share=demand.bad_share,
        room=room,
        refused_share=demand.bad_share,
        variation=variation,
    )
    return _OF_THE_MODEL * load / each


def _levels(learned: Learned, demands: tuple[Demand, ...]) -> tuple[float, float | None]:
    """The mean load of the highest level that was kept, and the top of the lowest one that was broken."""
    kept = 0.0
    for place in sorted(learned.levels):
        level = learned.levels[place]
        if any(_is_broken(level, one) for one in demands):
            return kept, top_of(place)
        if all(_is_kept(level, one) for one in demands):
            kept = level.offered / level.seconds
    return kept, None


def _is_broken(level: Level, demand: Demand) -> bool:
    total, squares = level.excess.get(demand.name, (0.0, 0.0))
    return total > _SURE_OF_A_LEVEL * math.sqrt(squares)


def _is_kept(level: Level, demand: Demand) -> bool:
    if demand.bad_share * level.offered < _FAILURES_EXPECTED:
        return False
    total, squares = level.excess.get(demand.name, (0.0, 0.0))
    return total < -_SURE_OF_A_LEVEL * math.sqrt(squares)
