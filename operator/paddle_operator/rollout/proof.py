"""How long a clean canary takes to be proven, and the least first weight with which it can be. Pure.

Nothing speaks for a canary but good requests. With few of them a rollout could only wait until its time is
over, so this is reckoned before it begins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator.rollout.counts import Counts
from paddle_operator.rollout.evidence import log_proof
from paddle_operator.rollout.settings import Gate, Objective


@dataclass(frozen=True, slots=True)
class ProofStep:
    """What a step has to do with the proof."""

    weight: int
    """Percent of the requests that the canary takes."""
    least_seconds: int
    most_seconds: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the proof fits into the steps."""

    weights: tuple[int, ...]
    """Those of the steps, none less than the first."""
    seconds: float
    """From the canary's first request to its proof, where every request is good; infinite without any."""
    fits: bool
    """Each step gets its requests, and the last one the proof, within their times."""


def requests_for_proof(gate: Gate) -> int:
    """Return how many requests, all of them good, prove every objective."""
    return max(_clean(gate, objective) for objective in gate.objectives)


def _clean(gate: Gate, objective: Objective) -> int:
    limit = objective.limit(gate)

    def proves(requests: int) -> bool:
        return log_proof(Counts(requests), limit) >= gate.log_proven

    high = 1
    while not proves(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if proves(middle) else (middle, high)
    return high


def reach(gate: Gate, steps: Sequence[ProofStep], requests_per_second: Fraction, first_weight: int) -> Reach:
    """Return what becomes of a clean canary at an even rate, with no weight less than the first one."""
    weights = tuple(max(step.weight, first_weight) for step in steps)
    least = max(gate.least_requests(objective) for objective in gate.objectives)
    missing, seconds, fits = Fraction(requests_for_proof(gate)), Fraction(), True
    for number, (step, weight) in enumerate(zip(steps, weights, strict=True), 1):
        rate = requests_per_second * weight / 100
        if not rate:
            return Reach(weights, math.inf, fits=False)
        wanted = max(Fraction(least), missing) if number == len(steps) else Fraction(least)
        taken = max(Fraction(step.least_seconds), wanted / rate)
        fits = fits and taken <= step.most_seconds
        seconds += taken
        missing -= taken * rate
    return Reach(weights, float(seconds), fits)


def least_first_weight(gate: Gate, steps: Sequence[ProofStep], requests_per_second: Fraction) -> Reach:
    """Return the steps with the least first weight with which the proof fits in.

    No weight is raised above the last step's, the most that whoever wrote them would risk. Where that is not
    enough, `fits` is False and `seconds` what the proof would take with all steps at that weight.
    """
    found = reach(gate, steps, requests_per_second, steps[0].weight)
    for weight in range(steps[0].weight + 1, steps[-1].weight + 1):
        if found.fits:
            break
        found = reach(gate, steps, requests_per_second, weight)
    return found
