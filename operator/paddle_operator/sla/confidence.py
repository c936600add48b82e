"""How sure a counted share is. Pure."""

from __future__ import annotations

import math
from fractions import Fraction

SURE = 3.0
"""Standard deviations: what is said is wrong once in 700 times on one side."""


def share_between(count: int, total: int, deviations: float = SURE) -> tuple[Fraction, Fraction]:
    """Return the least and the greatest share that a count of so many is plausible for (Wilson's interval).

    `total` is 1 or more. Unlike the usual interval it is right near 0 and 1, and never empty.
    """
    square = deviations * deviations
    share = count / total
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = (
        deviations
        / (1 + square / total)
        * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    )
    low, high = (Fraction(max(0.0, middle - half)), Fraction(min(1.0, middle + half)))
    return low, high
