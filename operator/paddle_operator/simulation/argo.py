"""Argo Rollouts' rule, re-implemented from its documentation and source; no code of it is here.

    https://argo-rollouts.readthedocs.io/en/stable/features/analysis/: the first example, an analysis in the
    background from the second weight on, 20, 40, 60 and 80 % for 10m each, measured each 5m, failureLimit 3,
    by irate over 5m, which is the ratio of the last two scrapes; that all steps are over promotes
    https://github.com/argoproj/argo-rollouts/blob/v1.8.2/analysis/analysis.go: the first measurement is made
    as the analysis begins; failed ones add up and are never reset; one more than failureLimit ends it
    .../pkg/apis/rollouts/v1alpha1/analysis_types.go: with a successCondition alone there is nothing between
    success and failure, and that of the example is not fulfilled by the NaN that no requests come to

The other setting is the fastest of benchmarks/peers_rollout: measured with every scrape over 30 s, no failure
allowed, and no requests are none. Prometheus scrapes each 5 s there. The thresholds are set to the promise:
each objective has a metric of its own, whose share of good requests is at least the target.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from paddle_operator.rollout.gate.judge import Pair
from paddle_operator.simulation.world import End, Ending, World

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Argo:
    """Weights, and an analysis in the background of them."""

    weights: tuple[int, ...] = (20, 40, 60, 80)
    pause_minutes: int = 10
    begins_at: int = 1
    """The weight with which the analysis begins, by its index."""
    interval_seconds: int = 300
    failure_limit: int = 3
    scrape_seconds: int = 5
    scrapes: int = 1
    """Over so many of the last scrapes the metrics are taken."""
    without_requests: bool = False
    """Whether a measurement without any request in it succeeds."""

    def __call__(self, world: World) -> End:
        """Go through one rollout."""
        window: deque[dict[str, Pair]] = deque(maxlen=self.scrapes)
        failed: dict[str, int] = {}
        began = self.begins_at * self.pause_minutes * _MINUTE
        for weight in self.weights:
            end = world.seconds + self.pause_minutes * _MINUTE
            while world.seconds < end:
                analysed = world.seconds - began
                if analysed >= 0 and analysed % self.interval_seconds == 0:
                    for name, counts in _summed(window).items():
                        failed[name] = failed.get(name, 0) + (not self._kept(world, *counts))
                    if any(count > self.failure_limit for count in failed.values()):
                        return world.end(Ending.ROLLED_BACK)
                for seconds in self._scrapes():
                    window.append(world.pass_time(seconds, weight))
        return world.end(Ending.PROMOTED)

    def _scrapes(self) -> tuple[int, ...]:
        """Return the times between scrapes until the next measurement; those that no window has are one."""
        first = min(self.interval_seconds, _MINUTE) - self.scrapes * self.scrape_seconds
        one_by_one = (self.scrape_seconds,) * self.scrapes
        return (first, *one_by_one) if first > 0 else (self.scrape_seconds,)

    def _kept(self, world: World, requests: int, bad: int) -> bool:
        return bad <= requests * world.budget if requests else self.without_requests


FASTEST = Argo(
    weights=(5, 25, 50),
    pause_minutes=2,
    begins_at=0,
    interval_seconds=5,
    failure_limit=0,
    scrapes=6,
    without_requests=True,
)


def _summed(window: deque[dict[str, Pair]]) -> dict[str, tuple[int, int]]:
    """Return requests and bad ones of each objective; nothing before anything was scraped."""
    found: dict[str, tuple[int, int]] = {}
    for one in window:
        for name, pair in one.items():
            requests, bad = found.get(name, (0, 0))
            if pair.canary is not None:
                found[name] = (requests + pair.canary.requests, bad + pair.canary.bad)
    return found
