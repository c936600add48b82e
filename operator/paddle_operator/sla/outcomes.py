"""What became of requests, and what of that is good or bad for an objective.

The runtime counts four outcomes. Good was answered. Bad failed. Refused found no room: it is bad for every
objective, since shedding must not hide a broken promise. Invalid was the caller's mistake and counts nowhere.

    availability   good: answered                         of good, bad and refused
    errorRate      good: answered                         of good, bad and refused
    latency        good: answered within the threshold    of good, bad and refused
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

from paddle_operator.sla.answer import Answer, Failed, Value
from paddle_operator.sla.counting import Counted
from paddle_operator.sla.intervals import Spans
from paddle_operator.sla.series import OUTCOME_LABEL, REVISION_LABEL, label
from paddle_operator.spec.promise import Objective


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests by what they are for an objective."""

    good: int = 0
    bad: int = 0

    @property
    def total(self) -> int:
        """All that count."""
        return self.good + self.bad

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.good + other.good, self.bad + other.bad)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Requests by outcome, as the runtime's label `outcome` has them."""

    good: int = 0
    bad: int = 0
    refused: int = 0
    invalid: int = 0

    def __add__(self, other: Outcomes) -> Outcomes:
        return Outcomes(*(getattr(self, name) + getattr(other, name) for name in OUTCOMES))

    @property
    def tally(self) -> Tally:
        """What they are for availability and error rate."""
        return Tally(self.good, self.bad + self.refused)


OUTCOMES = tuple(field.name for field in fields(Outcomes))


def target_share(objective: Objective) -> Fraction:
    """Return the least share of good requests, exactly: "99.9" is 999/1000."""
    if objective.availability is not None:
        return Fraction(objective.availability.target_percent) / 100
    if objective.latency is not None:
        return Fraction(objective.latency.percentile) / 100
    assert objective.error_rate is not None  # rule one-kind
    return 1 - Fraction(objective.error_rate.max_percent) / 100


def outcomes(requests: Counted, within: Spans) -> Answer[Mapping[str, Outcomes]]:
    """Return the outcomes seen within, by revision; Failed for one that nobody knows."""
    sums: dict[str, dict[str, int]] = {}
    for labels, steps in requests.steps:
        outcome = label(labels, OUTCOME_LABEL)
        if outcome not in OUTCOMES:
            return Failed(f"requests have the outcome {outcome!r}, which is none of {', '.join(OUTCOMES)}")
        of_revision = sums.setdefault(label(labels, REVISION_LABEL), dict.fromkeys(OUTCOMES, 0))
        of_revision[outcome] += sum(step.increase for step in steps if step.at in within)
    return Value({revision: Outcomes(**counts) for revision, counts in sums.items()})
