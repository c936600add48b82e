"""The three e-processes of the canary gate. Pure.

An e-process begins at 1, and while what it is evidence against is true it is not expected to grow. So the
chance that it ever reaches x is at most 1/x, however often one looks (Ville's inequality). Each is a mean of
several bets on what is true instead, and each bet a product over requests; all are logarithms here, since the
products of a million requests are no floats.

    absolute   against "at most the budget of the canary's requests is bad"
    relative   against "the canary's requests are bad no more often than the stable revision's", given how
               many of both were bad in each interval: what disturbs both says nothing
    proof      against "toleranceFactor times the budget, or more, is bad"
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from paddle_operator.rollout.gate.counts import Counts

TIMES = (1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
"""How many times too many bad requests are bet on."""
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75)
"""Of the share that is to be ruled out, what is bet on to prove a canary."""
_LOGS = tuple(math.log(times) for times in TIMES)
_Bets: TypeAlias = tuple[tuple[float, float], ...]
"""For each bet, the logarithms by which a good and a bad request change it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both revisions' counts of some intervals add up to for `relative`."""

    bad: int = 0
    """The canary's bad requests."""
    drift: tuple[float, ...] = (0.0,) * len(TIMES)
    """What each bet loses to the number of bad requests of both, as a logarithm."""

    def __add__(self, other: Comparison) -> Comparison:
        if other is ALIKE:
            return self
        if self is ALIKE:
            return other
        drift = zip(self.drift, other.drift, strict=True)
        return Comparison(self.bad + other.bad, tuple(one + more for one, more in drift))

    @property
    def logs(self) -> list[float]:
        """The logarithm of each bet."""
        return [self.bad * log + lost for log, lost in zip(_LOGS, self.drift, strict=True)]


ALIKE = Comparison()


def compared(canary: Counts, stable: Counts) -> Comparison:
    """Compare both revisions' counts of one interval.

    Of n and N requests, a bad one is the canary's with chance n/(n+N) where both are alike, and with
    rn/(rn+N) where the canary is bad r times as often. Where bad ones are not rare, the canary's number
    scatters less than that, and the bets win less: it errs on the safe side.
    """
    bad, requests = canary.bad + stable.bad, canary.requests + stable.requests
    if not bad:
        return ALIKE
    drift = (bad * math.log(requests / (times * canary.requests + stable.requests)) for times in TIMES)
    return Comparison(canary.bad, tuple(drift))


def log_absolute(parts: Sequence[Counts], budget: Fraction) -> list[float]:
    """Return the logarithms of the evidence that more than the budget is bad, part by part."""
    bets = _bets_above(budget)
    return [_log_of(part, bets) for part in parts]


def log_proof(canary: Counts, limit: Fraction) -> float:
    """Return the logarithm of the evidence that less than the limit is bad."""
    return _log_of(canary, _bets_below(limit))


def log_relative(usual: Comparison, in_incidents: Comparison = ALIKE) -> float:
    """Return the logarithm of the evidence that the canary is worse than the stable revision.

    Of each bet, half is kept out of incidents that both share. In one, both have so many bad requests that
    nothing would be left to tell a canary that is still bad when the stable revision recovers.
    """
    if in_incidents == ALIKE:
        return log_mean(usual.logs)
    halves = [log_mean((0.0, log)) for log in in_incidents.logs]
    return log_mean([log + half for log, half in zip(usual.logs, halves, strict=True)])


@lru_cache(maxsize=64)
def limit_of(budget: Fraction, tolerance_factor: Fraction) -> Fraction:
    """Return the share of bad requests that a proof rules out. A share is less than 1: where the product is
    too large for one, it lies halfway between the budget and 1."""
    return min(budget * tolerance_factor, (1 + budget) / 2)


def log_mean(logs: Sequence[float]) -> float:
    """Return the logarithm of the mean of what these are the logarithms of."""
    greatest = max(logs)
    if greatest == -math.inf:
        return greatest
    return greatest + math.log(sum([math.exp(one - greatest) for one in logs]) / len(logs))


def _log_of(canary: Counts, bets: _Bets) -> float:
    bad, good = canary.bad, canary.requests - canary.bad
    if not bad:  # a bet on no bad request at all loses everything by one, and 0 times that is no number
        return log_mean([good * won for won, _ in bets])
    return log_mean([good * won + bad * lost for won, lost in bets])


@lru_cache(maxsize=64)
def _bets_above(budget: Fraction) -> _Bets:
    """Where a budget is so large that no multiple is a share, the bet is halfway between it and 1."""
    shares = [budget * Fraction(times) for times in TIMES if budget * Fraction(times) < 1]
    return tuple(_bet(share, budget) for share in shares or [(1 + budget) / 2])


@lru_cache(maxsize=64)
def _bets_below(limit: Fraction) -> _Bets:
    return tuple(_bet(limit * Fraction(share), limit) for share in SHARES)


def _bet(share: Fraction, against: Fraction) -> tuple[float, float]:
    good = math.log1p(-share) - math.log1p(-against)
    return good, math.log(share / against) if share else -math.inf
