"""Incidents: stretches of time in which the budget was spent faster than the promise allows.

Each is judged as the whole window is: with too little traffic it is none, however bad it was. What it spent
is added up beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator.sla.book import Course
from paddle_operator.sla.budget import Budget, burn_rate
from paddle_operator.sla.burn import MinTraffic
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.verdict import verdict
from paddle_operator.spec.sla_report import Verdict


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps of time in a row, each with a burn rate above 1."""

    first: int
    last: int
    by_revision: Mapping[str, Tally]
    worst_burn: Fraction

    def is_judged(self, target: Fraction, least: MinTraffic) -> bool:
        """Whether there were requests enough to say that the promise was broken in it."""
        return verdict(Budget(target, self.by_revision), least) is Verdict.BROKEN

    @property
    def tally(self) -> Tally:
        """All revisions together."""
        return sum(self.by_revision.values(), Tally())

    @property
    def revision(self) -> str:
        """The revision with most of the bad requests."""
        return max(sorted(self.by_revision), key=lambda name: self.by_revision[name].bad)


def burning(target: Fraction, course: Course) -> tuple[Stretch, ...]:
    """Return every stretch, in order of time. A step without requests ends one: nobody was harmed in it."""
    found: list[Stretch] = []
    for step in sorted(course):
        its = course[step]
        burn = burn_rate(sum(its.values(), Tally()), target)
        if burn is None or burn <= 1:
            continue
        if found and found[-1].last == step - 1:
            before = found.pop()
            found.append(
                Stretch(before.first, step, added(before.by_revision, its), max(before.worst_burn, burn))
            )
        else:
            found.append(Stretch(step, step, its, burn))
    return tuple(found)


def added(one: Mapping[str, Tally], other: Mapping[str, Tally]) -> dict[str, Tally]:
    """Add up by revision."""
    return {
        name: one.get(name, Tally()) + other.get(name, Tally()) for name in sorted(one.keys() | other.keys())
    }
