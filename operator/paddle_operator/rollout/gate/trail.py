"""What the gate remembers of one objective: sums, from which every figure is computed again. Pure.

Kept are whole numbers and the drifts of `relative`. No budget is in them, so a promise that is edited in a
rollout judges everything from its beginning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from paddle_operator.rollout.gate.counts import NOTHING, Counts
from paddle_operator.rollout.gate.evidence import (
    ALIKE,
    Comparison,
    compared,
    log_absolute,
    log_mean,
    log_relative,
)
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.rollout.gate.trouble import CALM, Trouble


@dataclass(frozen=True, slots=True)
class Stretch:
    """The sums of one step."""

    judged: Counts = NOTHING
    """The canary's requests, without those of incidents that the stable revision shared."""
    usual: Comparison = ALIKE
    """Both revisions, without those."""
    in_incidents: Comparison = ALIKE
    """Both revisions in those."""

    def __add__(self, other: Stretch) -> Stretch:
        return Stretch(
            self.judged + other.judged,
            self.usual + other.usual,
            self.in_incidents + other.in_incidents,
        )

    @property
    def log_relative(self) -> float:
        """The logarithm of the evidence, from this step alone, that the canary is worse."""
        return log_relative(self.usual, self.in_incidents)


@dataclass(frozen=True, slots=True)
class Trail:
    """The sums of one objective since the canary took its first request."""

    stretches: tuple[Stretch, ...] = ()
    """By step, up to the last one in which anything was counted."""
    proof: Counts = NOTHING
    """What the proof rests on: as judged in all steps, also before a shared incident was over."""
    canary: Counts = NOTHING
    """Everything that was counted."""
    stable: Counts = NOTHING
    trouble: Trouble = CALM
    excess: float = 0.0
    """How many more of the canary's requests were bad than if the stable revision had had them, look by look:
    over looks with other shares, or in an outage of both, a comparison of the sums would blame the canary."""
    shared: bool = False
    """Both revisions break the promise now. Until the stable one is proven to keep it again, what the canary
    does is only compared."""
    alone: Counts = NOTHING
    """The canary's requests while the stable revision had no ready pod, since the last incident of both."""

    def of_step(self, step: int) -> Stretch:
        """Return the sums of a step, by its index."""
        return self.stretches[step] if step < len(self.stretches) else Stretch()

    def log_absolute(self, gate: Gate, objective: Objective) -> float:
        """Return the logarithm of the evidence that the canary breaks the promise."""
        parts = [one.judged for one in self.stretches]
        whole, *each = log_absolute([reduce(add, parts, NOTHING), *parts], objective.budget)
        return _with_steps(whole, each, gate.steps)

    def log_relative(self, gate: Gate, objective: Objective) -> float:
        """Return the logarithm of the evidence that the canary is worse than the stable revision.

        A part of it is given away, and more while the stable one is in doubt, too. After an incident that
        stays so: else chance that was not enough in it would be when it is over.
        """
        whole = reduce(add, self.stretches, Stretch())
        found = _with_steps(whole.log_relative, [one.log_relative for one in self.stretches], gate.steps)
        doubt = math.inf if whole.in_incidents != ALIKE else self.trouble.log_doubt(objective)
        return found - gate.log_discount(doubt)

    def log_alone(self, objective: Objective) -> float:
        """Return the logarithm of the evidence that it breaks the promise alone. It stands beside
        `log_absolute`, never in place of it, so that there is no second chance to be found by."""
        return log_absolute([self.alone], objective.budget)[0]

    def after(
        self,
        gate: Gate,
        objective: Objective,
        step: int,
        canary: Counts,
        stable: Counts,
        *,
        alone: bool = False,
    ) -> Trail:
        """Count one more interval in a step. `alone`: the stable revision was not there."""
        trouble = self.trouble.after(gate, objective, stable)
        stretches = list(self.stretches) + [Stretch()] * (step + 1 - len(self.stretches))
        judged, both = NOTHING if self.shared else canary, compared(canary, stable)
        stretches[step] += Stretch(in_incidents=both) if self.shared else Stretch(canary, both)
        counted = Trail(
            tuple(stretches),
            self.proof + judged,
            self.canary + canary,
            self.stable + stable,
            trouble,
            self.excess + _excess(canary, stable),
            self.shared,
            self.alone + canary if alone else self.alone,
        )
        return counted._forgiven() if self.shared and not trouble.lasts else counted

    def _forgiven(self) -> Trail:
        """Begin anew against the promise. This evidence is beyond its threshold, and may always be thrown
        away. What compares both revisions stays, and so does the proof, which may not be begun anew."""
        stretches = tuple(replace(one, judged=NOTHING) for one in self.stretches)
        return replace(self, stretches=stretches, shared=False, alone=NOTHING)


def _excess(canary: Counts, stable: Counts) -> float:
    """With nobody to compare with each failure is the canary's."""
    share = stable.bad / stable.requests if stable.requests else 0.0
    return canary.bad - canary.requests * share


def _with_steps(whole: float, each: list[float], steps: int) -> float:
    """Half of it rests on all steps together, half on each step by itself, so that what begins late does not
    have to make up for what was good before. A step not begun counts 1."""
    not_begun = [0.0] * (steps - len(each))
    return log_mean([whole, log_mean(each + not_begun)])
