"""Incidents: stretches of time in which the budget was spent faster than the promise allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator.sla.book import Course
from paddle_operator.sla.budget import burn_rate
from paddle_operator.sla.outcomes import Tally


@dataclass(frozen=True, slots=True)
class Incident:
    """Steps of time in a row, each with a burn rate above 1."""

    first: int
    last: int
    by_revision: Mapping[str, Tally]
    worst_burn: Fraction

    @property
    def tally(self) -> Tally:
        """All revisions together."""
        return sum(self.by_revision.values(), Tally())

    @property
    def revision(self) -> str:
        """The revision with most of the bad requests."""
        return max(sorted(self.by_revision), key=lambda name: self.by_revision[name].bad)


def incidents(target: Fraction, course: Course) -> tuple[Incident, ...]:
    """Return every incident, in order of time. A step without requests ends one: nobody was harmed in it."""
    found: list[Incident] = []
    for step in sorted(course):
        its = course[step]
        burn = burn_rate(sum(its.values(), Tally()), target)
        if burn is None or burn <= 1:
            continue
        if found and found[-1].last == step - 1:
            before = found.pop()
            found.append(
                Incident(before.first, step, added(before.by_revision, its), max(before.worst_burn, burn))
            )
        else:
            found.append(Incident(step, step, its, burn))
    return tuple(found)


def added(one: Mapping[str, Tally], other: Mapping[str, Tally]) -> dict[str, Tally]:
    """Add up by revision."""
    return {
        name: one.get(name, Tally()) + other.get(name, Tally()) for name in sorted(one.keys() | other.keys())
    }
