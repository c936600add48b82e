"""How long a healthy canary takes to be proven, and the least first weight with which it can be. Pure.

Nothing speaks for a canary but good requests. With few of them a rollout could only wait until its time is
over, so this is reckoned before it begins: for a canary of which as many requests are bad as of the service
now, rounded up to whole ones.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.evidence import log_proof
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.spec.rollout import Step

NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the proof fits into the steps."""

    weights: tuple[int, ...]
    """Those of the steps, none less than the first."""
    seconds: float
    """From the canary's first request to its proof; infinite without requests."""
    fits: bool
    """Each step gets its requests, and the last one the proof, within their times."""


def requests_for_proof(gate: Gate, bad_share: Fraction = NONE) -> int:
    """Return how many requests prove every objective where that share of them is bad."""
    return max(_to_prove(gate, objective, bad_share) for objective in gate.objectives)


def requests_for_step(gate: Gate, bad_share: Fraction = NONE) -> int:
    """Return how many requests let a step pass where that share of them is bad."""
    return max(_to_pass(gate, objective, bad_share) for objective in gate.objectives)


def _to_prove(gate: Gate, objective: Objective, bad_share: Fraction) -> int:
    """A share close to what the proof rules out would take for ever: it counts as half of that at most."""
    limit = objective.limit(gate)
    share = min(bad_share, limit / 2)
    for bad in count():
        requests = _proving(gate, limit, bad)
        if math.ceil(requests * share) <= bad:
            return requests
    raise AssertionError("count() has no end")


def _proving(gate: Gate, limit: Fraction, bad: int) -> int:
    """Return the least number of requests with which so many bad ones still make a proof."""

    def proves(requests: int) -> bool:
        return log_proof(Counts(requests, bad), limit) >= gate.log_proven

    high = bad + 1
    while not proves(high):
        high *= 2
    return bisect_left(range(high), True, key=proves, lo=bad)


def _to_pass(gate: Gate, objective: Objective, bad_share: Fraction) -> int:
    requests, share = gate.least_requests(objective), min(bad_share, objective.budget)
    while not objective.allows(Counts(requests, math.ceil(requests * share))):
        requests = math.ceil(math.ceil(requests * share) / objective.budget)
    return requests


def reach(
    gate: Gate,
    steps: Sequence[Step],
    requests_per_second: Fraction,
    first_weight: int,
    bad_share: Fraction = NONE,
) -> Reach:
    """Return what becomes of a canary at an even rate, with no weight less than the first one."""
    weights = tuple(max(step.weight, first_weight) for step in steps)
    least, missing = requests_for_step(gate, bad_share), Fraction(requests_for_proof(gate, bad_share))
    seconds, fits = Fraction(), True
    for number, (step, weight) in enumerate(zip(steps, weights, strict=True), 1):
        rate = requests_per_second * weight / 100
        if not rate:
            return Reach(weights, math.inf, fits=False)
        wanted = max(Fraction(least), missing) if number == len(steps) else Fraction(least)
        taken = max(Fraction(step.min_duration_seconds), wanted / rate)
        fits = fits and taken <= step.max_duration_seconds
        seconds += taken
        missing -= taken * rate
    return Reach(weights, float(seconds), fits)


def least_first_weight(
    gate: Gate, steps: Sequence[Step], requests_per_second: Fraction, bad_share: Fraction = NONE
) -> Reach:
    """Return the steps with the least first weight with which the proof fits in.

    No weight is raised above the last step's, the most that whoever wrote them would risk. Where that is not
    enough, `fits` is False and `seconds` what the proof would take with all steps at that weight.
    """
    for weight in range(steps[0].weight, steps[-1].weight + 1):
        found = reach(gate, steps, requests_per_second, weight, bad_share)
        if found.fits:
            break
    return found
