"""How long requests wait for workers, and the load at which enough of them are still in time. Pure.

Arrivals as independent callers make them, one queue, first come first served. Service times that vary as
much as the exponential's give the formulas of M/M/c; where they vary more, time is shortened by as much as
the wait grows (Kingman). Times are multiples of the mean service time, loads are in busy workers.
"""

from __future__ import annotations

import math

_STEPS = 40  # halvings: to 1e-12 of a worker


def all_busy(workers: int, load: float) -> float:
    """Return the probability that an arrival finds every worker busy (Erlang's C); load below workers."""
    blocked = 1.0
    for count in range(1, workers + 1):
        blocked = load * blocked / (count + load * blocked)
    used = load / workers
    return blocked / (1 - used * (1 - blocked))


def late(workers: int, load: float, time: float) -> float:
    """Return the share of requests that are not answered within a time; load below workers."""
    waiting = all_busy(workers, load)
    spare = workers - 1 - load
    if abs(spare) < 1e-9:
        return math.exp(-time) * (1 + waiting * time)
    return math.exp(-time) + waiting * (math.exp(-time) - math.exp(-time * (1 + spare))) / spare


def turned_away(workers: int, load: float, room: int) -> float:
    """Return a bound on the share of requests that find a full queue of this size; load below workers."""
    return all_busy(workers, load) * (load / workers) ** room


def largest_load(
    workers: int,
    *,
    time: float | None,
    late_share: float,
    room: int,
    refused_share: float,
    variation: float,
) -> float:
    """Return the highest load, in busy workers, at which the shares are kept; 0 where none keeps them.

    `time` is the threshold, None where there is none; `variation` the variance of service times over the
    square of their mean.
    """
    slower = max(1.0, (1 + variation) / 2)
    low, high = 0.0, float(workers)
    for _ in range(_STEPS):
        load = (low + high) / 2
        kept = turned_away(workers, load, max(1, int(room / slower))) <= refused_share
        if kept and time is not None:
            kept = late(workers, load, time / slower) <= late_share
        low, high = (load, high) if kept else (low, load)
    return low
