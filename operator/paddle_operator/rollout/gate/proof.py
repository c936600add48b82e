"""How long a healthy canary takes to be proven, and the least first weight with which it can be. Pure.

Nothing speaks for a canary but good requests. With few of them a rollout could only wait until its time is
over, so this is reckoned before it begins, and at each look for what is left: for a canary of which as many
requests are bad as of the service now, rounded up to whole ones.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from types import MappingProxyType

from paddle_operator.rollout.gate.counts import NOTHING, Counts
from paddle_operator.rollout.gate.evidence import log_proof
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.spec.rollout import Step

NO_SHARES: Mapping[str, Fraction] = MappingProxyType({})
"""By objective, the share of requests that are bad now; of one that is not there, none."""
NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Done:
    """How far a canary has come."""

    step: int = 0
    """By its index."""
    seconds: int = 0
    """Of the step, as far as they count."""
    requests: int = 0
    """In the step, of the objective with the fewest."""
    proof: Mapping[str, Counts] = field(default_factory=dict)
    """By objective, what the proof rests on."""


UNBEGUN = Done()


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the proof fits into the steps."""

    weights: tuple[int, ...]
    """Those of the steps, none less than the first."""
    seconds: float
    """To its proof, from the canary's first request or from now; infinite without requests."""
    fits: bool
    """Each step gets its requests, and the last one the proof, within their times."""
    requests: int = 0
    """So many prove it."""
    late: tuple[int, float] | None = None
    """The step, by its index, whose time is over first, and how many seconds it would take."""
    requests_per_second: Fraction = NONE
    """Of the whole service."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be asked of a canary, in requests."""

    to_pass: int
    """In each step."""
    to_prove: int
    """In all, or from now on."""


def wanted(gate: Gate, bad_shares: Mapping[str, Fraction] = NO_SHARES, done: Done = UNBEGUN) -> Wanted:
    """Return what every objective takes where such shares of the requests are bad."""
    shares = [(one, bad_shares.get(one.name, NONE)) for one in gate.objectives]
    return Wanted(
        max(_to_pass(gate, one, share) for one, share in shares),
        max(_to_prove(gate, one, share, done.proof.get(one.name, NOTHING)) for one, share in shares),
    )


def _to_prove(gate: Gate, objective: Objective, bad_share: Fraction, done: Counts) -> int:
    """A share close to what the proof rules out would take for ever: it counts as half of that at most."""
    limit = objective.limit(gate)
    share = min(bad_share, limit / 2)
    for bad in count():
        requests = max(0, _proving(gate, limit, done.bad + bad) - done.requests)
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
    of: Wanted,
    steps: Sequence[Step],
    requests_per_second: Fraction,
    first_weight: int,
    done: Done = UNBEGUN,
    *,
    comes_to: Callable[[int], Fraction] = Fraction,
) -> Reach:
    """Return what becomes of a canary at an even rate, with no weight less than the first one.

    `comes_to`: the percent of the requests that it gets for a weight.
    """
    weights = tuple(max(step.weight, first_weight) for step in steps)
    if not requests_per_second:
        return Reach(weights, math.inf, False, of.to_prove)
    seconds, missing, late = Fraction(), Fraction(of.to_prove), None
    ran, had = Fraction(done.seconds), done.requests
    for number in range(done.step, len(steps)):
        step, rate = steps[number], requests_per_second * comes_to(weights[number]) / 100
        more = max(of.to_pass - had, missing if number == len(steps) - 1 else 0, 0)
        taken = max(step.min_duration_seconds - ran, more / rate)
        if late is None and ran + taken > step.max_duration_seconds:
            late = (number, float(ran + taken))
        seconds, missing, ran, had = seconds + taken, missing - taken * rate, Fraction(), 0
    return Reach(weights, float(seconds), late is None, of.to_prove, late, requests_per_second)


def least_first_weight(
    of: Wanted,
    steps: Sequence[Step],
    requests_per_second: Fraction,
    comes_to: Callable[[int], Fraction] = Fraction,
) -> Reach:
    """Return the steps with the least first weight with which the proof fits in.

    No weight is raised above the last step's, the most that whoever wrote them would risk. Where that is not
    enough, `fits` is False and `seconds` what the proof would take with all steps at that weight. Without
    requests none is raised: nothing is gained by it.
    """
    greatest = steps[-1].weight if requests_per_second else steps[0].weight
    for weight in range(steps[0].weight, greatest + 1):
        found = reach(of, steps, requests_per_second, weight, comes_to=comes_to)
        if found.fits:
            break
    return found
