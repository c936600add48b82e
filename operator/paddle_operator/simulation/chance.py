"""Binomial numbers, the same for a seed wherever this runs: of Python's, only random() is promised to be."""

from __future__ import annotations

import math
from random import Random

_FEW = 10
"""Up to this mean the gaps between hits are drawn; beyond it a hat is thrown over the distribution."""


def binomial(random: Random, requests: int, share: float) -> int:
    """Draw how many of so many requests are hit, each with a chance of `share`, from 0 to 1."""
    if share > 0.5:
        return requests - binomial(random, requests, 1 - share)
    if requests * share < _FEW:
        return _by_gaps(random, requests, share)
    return _by_rejection(random, requests, share)


def _by_gaps(random: Random, requests: int, share: float) -> int:
    if not share:
        return 0
    each, hits, at = math.log1p(-share), 0, 0
    while True:
        at += math.floor(math.log(1 - random.random()) / each) + 1
        if at > requests:
            return hits
        hits += 1


def _by_rejection(random: Random, requests: int, share: float) -> int:
    """Hörmann, The generation of binomial random variates (1993), algorithm BTRS."""
    spread = math.sqrt(requests * share * (1 - share))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * share
    middle = math.floor((requests + 1) * share)
    while True:
        u, v = random.random() - 0.5, 1 - random.random()
        slope = 0.5 - abs(u)
        if slope <= 0:
            continue
        hits = math.floor((2 * a / slope + b) * u + requests * share + 0.5)
        if not 0 <= hits <= requests:
            continue
        if slope >= 0.07 and v <= 0.92 - 4.2 / b:
            return hits
        height = v * (2.83 + 5.1 / b) * spread / (a / (slope * slope) + b)
        odds = (hits - middle) * math.log(share / (1 - share))
        if math.log(height) <= _log_ways(requests, hits) - _log_ways(requests, middle) + odds:
            return hits


def _log_ways(requests: int, hits: int) -> float:
    return -math.lgamma(hits + 1) - math.lgamma(requests - hits + 1)
