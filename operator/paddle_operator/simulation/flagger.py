"""Flagger's rule, re-implemented from its documentation and source; no code of it is here.

    https://docs.flagger.app/usage/how-it-works and /usage/metrics: the example of every page, interval 1m,
    threshold 10, maxWeight 50, stepWeight 5, and request-success-rate and request-duration over 1m
    https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/controller/scheduler.go: failed checks add up over the
    whole analysis and are never reset; the tick after the last one rolls back
    https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/metrics/observers and providers/prometheus.go: no value
    is a failed check

Its thresholds are set to the promise, as its users would: the success rate of the canary is at least the
target, and as large a share of its requests within the latency threshold.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from paddle_operator.rollout.gate.judge import Pair
from paddle_operator.simulation.world import End, Ending, World

_STEP_WEIGHT, _MAX_WEIGHT = 5, 50


@dataclass(frozen=True, slots=True)
class Flagger:
    """An analysis; the weight rises with every check that passes."""

    interval_seconds: int = 60
    threshold: int = 10
    window_seconds: int = 60
    """Over which the metrics are taken."""

    def __call__(self, world: World) -> End:
        """Go through one rollout."""
        weight, failed = _STEP_WEIGHT, 0
        window: deque[dict[str, Pair]] = deque(maxlen=self.window_seconds // self.interval_seconds)
        while True:
            window.append(world.pass_time(self.interval_seconds, weight))
            if failed >= self.threshold:
                return world.end(Ending.ROLLED_BACK)
            if not all(_kept(world, name, window) for name in window[-1]):
                failed += 1
            elif weight < _MAX_WEIGHT:
                weight += _STEP_WEIGHT
            else:
                return world.end(Ending.PROMOTED)


def _kept(world: World, name: str, window: deque[dict[str, Pair]]) -> bool:
    counts = [one[name].canary for one in window]
    requests = sum(one.requests for one in counts if one)
    bad = sum(one.bad for one in counts if one)
    return requests > 0 and bad <= requests * world.budget
