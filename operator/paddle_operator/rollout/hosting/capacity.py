"""Which share of the requests a canary can carry, and what is left of the stable revision. Pure.

A share is sized by what is offered now, refusals included, and by what a replica is sure to serve while the
objectives hold (sla/capacity.py: the low end of an interval). Where either is not known, a pod carries what a
pod of the stable revision carries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator.sla.means import Rate


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a service, beside what one replica serves."""

    offered: Fraction | None = None
    """Requests a second of all callers, with those that were refused; None: not known."""
    capacity: Rate | None = None
    """Requests a second that one replica serves while the objectives hold; None: not known."""

    @property
    def known(self) -> bool:
        """Whether both are, so that a pod's share is not taken from the number of pods."""
        return self.offered is not None and self.capacity is not None and self.capacity.low > 0

    def of_one(self, stable: int) -> Fraction:
        """Return the share of all requests that one pod is sure to carry; at most 1.

        `stable` is how many pods the stable revision has with which it serves everything.
        """
        if self.offered is None or self.capacity is None or not self.capacity.low:
            return Fraction(1, max(1, stable))
        return min(Fraction(1), self.capacity.low / self.offered) if self.offered else Fraction(1)


UNKNOWN = Load()


def weight_hosted(weight: int, wanted: int, stable: int, canary: int, load: Load = UNKNOWN) -> int:
    """Return the weight nearest to the wanted one, in percent, at which both revisions carry their share.

    `wanted` is how many pods the stable revision is to have, `stable` and `canary` are those that are ready.
    Less than what was asked for says that the step cannot be hosted. More than that: what is left of the
    stable revision cannot carry the rest. Where both are too few, each pod gets the same.
    """
    if not canary:
        return 0
    if not stable:
        return 100
    each = load.of_one(wanted)
    most = min(100, math.floor(100 * canary * each))
    # With all of its pods the stable revision carries what it carried before, whatever that is.
    least = 0 if stable >= wanted else max(0, math.ceil(100 * (1 - stable * each)))
    if least > most:
        return round(Fraction(100 * canary, canary + stable))
    return min(max(weight, least), most)
