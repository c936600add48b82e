"""The horizontal autoscaler on requests a second and replica, as Kubernetes computes it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.article.clock import Clock
from benchmarks.article.faults import Faults
from benchmarks.article.pod import Pod


@dataclass(frozen=True)
class Scaling:
    """target: requests a second and replica. tolerance, step: Kubernetes' own; a deviation from the target at
    which nothing is done, and how many pods may be added at once where there are fewer.

    period_seconds: between two looks. window_seconds: over which the rate is taken. lag_seconds: how old the
    newest sample is. Up at once; down when nothing more was wanted for down_seconds.
    """

    target: float
    least: int
    most: int
    tolerance: float = 0.1
    period_seconds: float = 15.0
    window_seconds: float = 60.0
    lag_seconds: float = 15.0
    step: int = 4
    down_seconds: float = 300.0

    def wish(self, rate: float, now_there: int) -> int:
        """Replicas for this rate."""
        usage = rate / (now_there * self.target)
        if abs(usage - 1) <= self.tolerance:
            return now_there
        return self.at_rest(rate)

    def at_rest(self, rate: float) -> int:
        """Replicas where the rate has been the same for long."""
        return min(max(math.ceil(rate / self.target), self.least), self.most)


class Scaler:
    """arrived: counted up by who sends, whatever becomes of it: load is offered load."""

    def __init__(self, clock: Clock, scaling: Scaling, fleet: Faults, make: Callable[[], Pod]) -> None:
        self._clock, self._scaling, self._fleet, self._make = clock, scaling, fleet, make
        self.arrived = 0
        lag = round(scaling.lag_seconds / scaling.period_seconds)
        window = round(scaling.window_seconds / scaling.period_seconds)
        self._samples: deque[float] = deque(maxlen=lag + window)
        self._window = window
        self._wishes: deque[int] = deque(maxlen=round(scaling.down_seconds / scaling.period_seconds))
        self._end = 0.0

    def start(self, rate: float, *, end: float) -> None:
        """It has seen this rate for long; it looks until the end."""
        self._samples.extend([rate * self._scaling.period_seconds] * (self._samples.maxlen or 0))
        self._wishes.append(self._fleet.wanted)
        self._end = end
        self._again()

    def _again(self) -> None:
        next_look = self._clock.now + self._scaling.period_seconds
        if next_look < self._end:
            self._clock.at(next_look, self._look)

    def _look(self) -> None:
        scaling, there = self._scaling, self._fleet.wanted
        self._samples.append(self.arrived)
        self.arrived = 0
        old = list(self._samples)[: self._window]
        wish = scaling.wish(sum(old) / scaling.window_seconds, there)
        self._wishes.append(wish)
        if wish > there:
            most = max(2 * there, there + scaling.step)
            self._fleet.add([self._make() for _ in range(min(wish, most) - there)])
        elif (kept := max(self._wishes)) < there and len(self._wishes) == self._wishes.maxlen:
            self._fleet.remove(there - kept)
        self._again()
