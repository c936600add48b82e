"""What the canary gate is told: the promise as shares that may be bad, and how sure it has to be. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.evidence import limit_of
from paddle_operator.sla.outcomes import target_share
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.rollout import OnRegression, Rollout

REFUSED = "refused (4xx)"
"""What is compared beside the objectives: how many requests are refused as the caller's mistake. No objective
can have this name."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of the promise."""

    name: str
    budget: Fraction
    """The share of requests that may be bad, above 0 and below 1; of 99.9 % it is 1/1000."""

    def __post_init__(self) -> None:
        if not 0 < self.budget < 1:
            raise ValueError(f"objective {self.name!r}: a budget must lie between 0 and 1, is {self.budget}")

    def limit(self, gate: Gate) -> Fraction:
        """Return the share of bad requests that the proof has to rule out."""
        return limit_of(self.budget, gate.tolerance_factor)

    def allows(self, counts: Counts) -> bool:
        """Tell whether no more of them are bad than the budget lets be bad."""
        return counts.bad * self.budget.denominator <= counts.requests * self.budget.numerator


def objectives_of(sla: Sla) -> tuple[Objective, ...]:
    """Return the objectives of a promise."""
    return tuple(Objective(one.name, 1 - target_share(one)) for one in sla.objectives)


@dataclass(frozen=True, slots=True)
class Gate:
    """One rollout's gate. The defaults are those of spec.rollout."""

    objectives: tuple[Objective, ...]
    steps: int = 3
    """How many steps the rollout has."""
    false_rollback_percent: Fraction = Fraction(1)
    """Greatest chance that a canary which keeps the promise is ever found broken, over all looks."""
    promotion_confidence_percent: Fraction = Fraction(95)
    tolerance_factor: Fraction = Fraction(2)
    """Proven means: less than so many times the budget is bad."""
    min_requests: int = 0
    """Least requests of the canary in a step; 0: as many as let half a request be bad."""
    blames_refusing: bool = True
    """A canary that refuses what the stable revision takes is found."""

    @classmethod
    def of(cls, sla: Sla, rollout: Rollout) -> Gate:
        """Return the gate that a resource asks for."""
        analysis = rollout.analysis
        return cls(
            objectives_of(sla),
            len(rollout.steps),
            Fraction(analysis.false_rollback_percent),
            Fraction(analysis.promotion_confidence_percent),
            Fraction(analysis.tolerance_factor),
            analysis.min_requests,
            analysis.on_regression_within_sla is not OnRegression.IGNORE,
        )

    def __post_init__(self) -> None:
        names = [objective.name for objective in self.objectives]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"a gate has one objective or more, each with its own name, not {names}")
        if self.steps < 1 or self.min_requests < 0:
            raise ValueError(
                f"steps is at least 1, min_requests at least 0, not {self.steps} and {self.min_requests}"
            )
        for share in (self.false_rollback_percent, self.promotion_confidence_percent):
            if not 0 < share < 100:
                raise ValueError(f"a percentage of the gate lies between 0 and 100, not at {share}")
        if self.tolerance_factor < 1:
            raise ValueError(f"tolerance_factor is 1 or more, not {self.tolerance_factor}")

    @property
    def refused(self) -> Objective:
        """What refused requests are judged by: as if they were bad, by the strictest objective."""
        return Objective(REFUSED, min(objective.budget for objective in self.objectives))

    @property
    def against(self) -> Fraction:
        """The evidence that is enough against a canary: m/alpha."""
        return len(self.objectives) * 100 / self.false_rollback_percent

    @property
    def proven(self) -> Fraction:
        """The evidence that is enough to promote it: 1/beta."""
        return 100 / (100 - self.promotion_confidence_percent)

    @property
    def log_against(self) -> float:
        """Its logarithm."""
        return math.log(len(self.objectives) * 100 / float(self.false_rollback_percent))

    def log_discount(self, log_doubt: float) -> float:
        """Return the logarithm of what evidence that a canary is worse is divided by, given that by which the
        stable revision seems to break the promise itself: the more it does the more, up to 1/alpha."""
        return min(math.log(100 / float(self.false_rollback_percent)), max(0.0, log_doubt))

    @property
    def log_proven(self) -> float:
        """Its logarithm."""
        return math.log(100 / (100 - float(self.promotion_confidence_percent)))

    def least_requests(self, objective: Objective) -> int:
        """Return how many requests of the canary a step needs."""
        return self.min_requests or -(-objective.budget.denominator // (2 * objective.budget.numerator))
