"""A replica that is simulated: independent callers, one queue, workers that take the first in it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from random import Random

from paddle_operator.sla.learning import Seen

INTERVAL_SECONDS = 15.0
OBJECTIVE = "fast"
Service = Callable[[Random], float]


def exactly(seconds: float) -> Service:
    return lambda _: seconds


def exponential(mean: float) -> Service:
    return lambda random: random.expovariate(1 / mean)


def lognormal(mean: float, variation: float) -> Service:
    """Times with this variance over the square of the mean."""
    sigma = math.sqrt(math.log(1 + variation))
    return lambda random: random.lognormvariate(math.log(mean) - sigma * sigma / 2, sigma)


def a_day(top: float, intervals: int) -> list[float]:
    """Loads that rise to their top and fall again."""
    return [top * (0.55 + 0.45 * math.sin(math.pi * place / intervals)) for place in range(intervals)]


def simulated(
    loads: Sequence[float],
    service: Service,
    *,
    threshold: float,
    seed: int,
    workers: int = 1,
    together: int = 1,
) -> list[Seen]:
    """What is counted of a replica under these loads, an interval each: everything when it ends.

    `together`: so many callers come at one moment.
    """
    random = Random(seed)
    length = len(loads)
    busy, offered, kept, waited = [0.0] * length, [0] * length, [0] * length, [0] * length
    free = [0.0] * workers
    now = 0.0
    while now < length * INTERVAL_SECONDS:
        now += random.expovariate(loads[int(now / INTERVAL_SECONDS)] / together)
        for _ in range(together):
            time, begin = service(random), max(now, free[0])
            end = begin + time
            heapq.heapreplace(free, end)
            place = int(end / INTERVAL_SECONDS)
            if place < length:
                busy[place] += time
                offered[place] += 1
                kept[place] += end - now <= threshold
                waited[place] += begin > now
    return [
        Seen(INTERVAL_SECONDS, workers, busy[i], offered[i], offered[i], {OBJECTIVE: kept[i]}, waited[i])
        for i in range(length)
    ]


def share_late(load: float, service: Service, *, threshold: float, workers: int, requests: int) -> float:
    """The share that is late in a long run under one load; the same callers and times for every load."""
    random, times = Random(1), Random(2)
    free = [0.0] * workers
    now, count = 0.0, 0
    for _ in range(requests):
        now += random.expovariate(1.0) / load
        end = max(now, free[0]) + service(times)
        heapq.heapreplace(free, end)
        count += end - now > threshold
    return count / requests


def limit(
    service: Service, *, threshold: float, late: float, workers: int, most: float, requests: int = 60_000
) -> float:
    """The highest load under which no larger share is late, by long runs."""
    low, high = 0.0, most
    for _ in range(10):
        load = (low + high) / 2
        found = share_late(load, service, threshold=threshold, workers=workers, requests=requests)
        low, high = (load, high) if found <= late else (low, load)
    return low


def exact_limit(seconds: float, *, threshold: float, late: float) -> float:
    """The same for one worker and constant times, after Erlang's formula of the wait in M/D/1."""
    slack = (threshold - seconds) / seconds
    low, high = 0.0, 1.0
    for _ in range(40):
        used = (low + high) / 2
        in_time = (1 - used) * sum(
            (-used * (slack - k)) ** k / math.factorial(k) * math.exp(used * (slack - k))
            for k in range(math.floor(slack) + 1)
        )
        low, high = (used, high) if 1 - in_time <= late else (low, used)
    return low / seconds
