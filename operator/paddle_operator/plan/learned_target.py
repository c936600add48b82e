"""The number of a metric whose target is Auto: what a replica serves while the objectives hold, with room.

docs/decisions/0039-the-target-is-learned.md has the reasons.
"""

from __future__ import annotations

import re
from decimal import Decimal

from paddle_operator.sla.means import Rate

TOLERATED = Decimal("1.1")
"""The headroom: scalers add no pod for a metric up to a tenth above its target, and there a replica has what
it can be relied on to serve, and no more."""
RAISED = Decimal("1.1")
"""A target goes up when what is known allows so many times as much, and down at once."""
DIGITS = 2
_WRITTEN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)


def learned_target(capacity: Rate | None, last: Decimal | None) -> Decimal | None:
    """Return the number, in requests a second for each replica; None while nothing is known.

    The last one stays while it is neither too much nor far too little, and where nothing can be relied on
    any more: of that, pods that were added for no reason would be the only effect.
    """
    if capacity is None or capacity.low <= 0:
        return last
    wanted = _rounded(Decimal(capacity.low.numerator) / capacity.low.denominator / TOLERATED)
    if last is not None and last <= wanted < last * RAISED:
        return last
    return wanted


def target_from(text: str) -> Decimal | None:
    """Read one that was written; None where there is none, or somebody wrote something else."""
    return (Decimal(text) or None) if _WRITTEN.fullmatch(text) else None


def text_of(target: Decimal) -> str:
    """Write one without an exponent."""
    return f"{target:f}"


def _rounded(value: Decimal) -> Decimal:
    """Round down to two digits."""
    step = Decimal(1).scaleb(value.adjusted() - DIGITS + 1)
    return value // step * step
