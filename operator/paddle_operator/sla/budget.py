"""How much of what may fail has failed. Exact: whole numbers and fractions, no floats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from paddle_operator.sla.answer import Answer, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.outcomes import Tally


@dataclass(frozen=True, slots=True)
class Entry:
    """What one revision did in one interval: the one place where these requests are counted."""

    interval: Interval
    revision: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Budget:
    """The error budget of one objective over the time of its entries."""

    target: Fraction
    """The least share of good requests, above 0 and below 1."""
    by_revision: Mapping[str, Tally]
    """At least one request in all."""

    @property
    def tally(self) -> Tally:
        """All revisions together."""
        return sum(self.by_revision.values(), Tally())

    @property
    def allowed(self) -> Fraction:
        """How many of the requests counted so far may be bad; a fraction of one, where there are few."""
        return self.tally.total * (1 - self.target)

    @property
    def remaining(self) -> Fraction:
        """How many more of them might have been bad; negative when the promise is broken."""
        return self.allowed - self.tally.bad

    @property
    def remaining_share(self) -> Fraction:
        """What remains, as a share of what is allowed: 1 when nothing was bad, negative when overspent."""
        return self.remaining / self.allowed

    @property
    def attained(self) -> Fraction:
        """The share of good requests."""
        return Fraction(self.tally.good, self.tally.total)

    @property
    def spent_by_revision(self) -> dict[str, Fraction]:
        """What each has spent, as a share of what is allowed to all; the sum is 1 - remaining_share."""
        return {revision: tally.bad / self.allowed for revision, tally in self.by_revision.items()}


def budget(target: Fraction, entries: Iterable[Entry]) -> Answer[Budget]:
    """Add up what is counted; NoData when that is no request.

    ValueError when two entries of a revision overlap, which would spend the budget twice, or for a target
    that leaves no budget or asks for nothing.
    """
    if not 0 < target < 1:
        raise ValueError(f"a target of {target} has no budget: it must lie between 0 and 1")
    of: dict[str, list[Entry]] = {}
    for entry in entries:
        of.setdefault(entry.revision, []).append(entry)
    for revision, its in of.items():
        ordered = sorted(its, key=lambda entry: entry.interval)
        for one, other in pairwise(ordered):
            if other.interval.start < one.interval.end:
                raise ValueError(
                    f"{revision} is counted twice from {other.interval.start}: intervals overlap"
                )
    made = Budget(
        target,
        {revision: sum((entry.tally for entry in its), Tally()) for revision, its in of.items()},
    )
    return Value(made) if made.tally.total else NoData("no request was counted")


def burn_rate(tally: Tally, target: Fraction) -> Fraction | None:
    """Return how many times faster than allowed the budget is spent; None without requests.

    At 1 a whole window spends exactly its budget.
    """
    return Fraction(tally.bad, tally.total) / (1 - target) if tally.total else None


def time_to_exhaustion(remaining_share: Fraction, burn: Fraction, window: timedelta) -> timedelta | None:
    """Return when the budget is spent if traffic and burn rate stay as they are; None: never.

    Zero when it is spent already. What falls out of a rolling window meanwhile is not given back.
    """
    if remaining_share <= 0:
        return timedelta()
    if burn <= 0:
        return None
    microseconds = window // timedelta.resolution * remaining_share / burn
    return timedelta.resolution * min(int(microseconds), timedelta.max // timedelta.resolution)
