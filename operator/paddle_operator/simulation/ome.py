"""OME's rule, re-implemented from its documentation (v1.3); no code of it is here.

    https://github.com/ome-projects/ome-docs, src/lib/content/reference/rollouts/canary-analysis.md: the
    example, one step of 25 % for 10m, sampled each 1m after 2m over the last [5m] with LT and failureLimit 3;
    failing samples add up, one that passes after the 10 minutes advances, without requests a sample is
    inconclusive, and after 15 minutes of those the canary parks as Failed
    .../canary-progression.md: the canary's share of requests is its share of instances

The thresholds are set to the promise: each objective's share of bad requests is less than its budget.
"""

from __future__ import annotations

from collections import deque

from paddle_operator.rollout.gate.judge import Pair
from paddle_operator.simulation.world import End, Ending, World

_WEIGHT, _INTERVAL_SECONDS, _WINDOW = 25, 60, 5
_INITIAL_DELAY_SECONDS, _PAUSE_SECONDS, _FAILURE_LIMIT, _STALL_SECONDS = 120, 600, 3, 900


def rollout(world: World) -> End:
    """Go through one rollout."""
    failed, conclusive = 0, 0.0
    window: deque[dict[str, Pair]] = deque(maxlen=_WINDOW)
    while True:
        window.append(world.pass_time(_INTERVAL_SECONDS, _WEIGHT))
        if world.seconds <= _INITIAL_DELAY_SECONDS:
            continue
        kept = [_kept(world, name, window) for name in window[-1]]
        if False in kept:
            failed += 1
        if failed >= _FAILURE_LIMIT:
            return world.end(Ending.ROLLED_BACK)
        if all(kept) and world.seconds >= _PAUSE_SECONDS:
            return world.end(Ending.PROMOTED)
        conclusive = conclusive if None in kept else world.seconds
        if world.seconds - conclusive > _STALL_SECONDS:
            return world.end(Ending.HELD)


def _kept(world: World, name: str, window: deque[dict[str, Pair]]) -> bool | None:
    counts = [one[name].canary for one in window]
    requests = sum(one.requests for one in counts if one)
    bad = sum(one.bad for one in counts if one)
    return bad < requests * world.budget if requests else None
