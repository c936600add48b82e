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

WORN = math.log(0.1)
"""Evidence that good requests have brought down so far is begun anew: it would hide what breaks late."""


@dataclass(frozen=True, slots=True)
class Both:
    """What both revisions' counts come to beside each other."""

    usual: Comparison = ALIKE
    """Without incidents that the stable revision shared."""
    in_incidents: Comparison = ALIKE
    """In those."""

    def __add__(self, other: Both) -> Both:
        return Both(self.usual + other.usual, self.in_incidents + other.in_incidents)

    @property
    def log_relative(self) -> float:
        """The logarithm of the evidence, from this alone, that the canary is worse."""
        return log_relative(self.usual, self.in_incidents)


@dataclass(frozen=True, slots=True)
class Trail:
    """The sums of one objective since the canary took its first request."""

    steps: tuple[Counts, ...] = ()
    """The canary's requests without those of incidents that the stable revision shared, by step, up to the
    last one in which anything was counted."""
    both: Both = Both()
    judged_lately: Counts = NOTHING
    """Of `steps`, those since the evidence from them was begun anew."""
    times_judged: int = 0
    """How often it was."""
    both_lately: Both = Both()
    """The same of `both`."""
    times_compared: int = 0
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
    """The canary's requests while the stable revision had no ready pod, since it began to fail them and since
    the last incident of both."""

    def of_step(self, step: int) -> Counts:
        """Return the canary's requests in a step, by its index, without those of shared incidents."""
        return self.steps[step] if step < len(self.steps) else NOTHING

    def burn(self, objective: Objective) -> float:
        """Return how many times the budget the canary spends, since the evidence was begun anew."""
        lately = self.judged_lately
        return float(lately.bad / lately.requests / objective.budget) if lately.requests else 0.0

    def log_absolute(self, gate: Gate, objective: Objective) -> float:
        """Return the logarithm of the evidence that the canary breaks the promise."""
        parts = [reduce(add, self.steps, NOTHING), self.judged_lately]
        whole, lately = log_absolute(parts, objective.budget)
        return _with_late(whole, lately, self.times_judged)

    def log_relative(self, gate: Gate, objective: Objective) -> float:
        """Return the logarithm of the evidence that the canary is worse than the stable revision.

        A part of it is given away, and more while the stable one is in doubt, too. After an incident that
        stays so: else chance that was not enough in it would be when it is over.
        """
        found = _with_late(self.both.log_relative, self.both_lately.log_relative, self.times_compared)
        doubt = math.inf if self.both.in_incidents != ALIKE else self.trouble.log_doubt(objective)
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
        judged, both = NOTHING if self.shared else canary, compared(canary, stable)
        beside = Both(in_incidents=both) if self.shared else Both(both)
        steps = list(self.steps) + [NOTHING] * (step + 1 - len(self.steps))
        steps[step] += judged
        counted = replace(
            self,
            steps=tuple(steps),
            both=self.both + beside,
            judged_lately=self.judged_lately + judged,
            both_lately=self.both_lately + beside,
            proof=self.proof + judged,
            canary=self.canary + canary,
            stable=self.stable + stable,
            trouble=trouble,
            excess=self.excess + _excess(canary, stable),
            alone=self.alone + canary if alone else self.alone,
        )
        counted = _without_worn(counted, objective)
        return _forgiven(counted) if self.shared and not trouble.lasts else counted


def _without_worn(trail: Trail, objective: Objective) -> Trail:
    """Let go of evidence that is worn out. Evidence may always be thrown away."""
    if log_absolute([trail.judged_lately], objective.budget)[0] < WORN:
        trail = replace(trail, judged_lately=NOTHING, times_judged=trail.times_judged + 1)
    if trail.both_lately.log_relative < WORN:
        trail = replace(trail, both_lately=Both(), times_compared=trail.times_compared + 1)
    return trail if trail.log_alone(objective) > 0 else replace(trail, alone=NOTHING)


def _forgiven(trail: Trail) -> Trail:
    """Begin anew against the promise. This evidence is beyond its threshold, and may always be thrown away.
    What compares both revisions stays, and so does the proof, which may not be begun anew."""
    steps = (NOTHING,) * len(trail.steps)
    return replace(trail, steps=steps, judged_lately=NOTHING, times_judged=0, shared=False, alone=NOTHING)


def _excess(canary: Counts, stable: Counts) -> float:
    """With nobody to compare with each failure is the canary's."""
    share = stable.bad / stable.requests if stable.requests else 0.0
    return canary.bad - canary.requests * share


def _with_late(whole: float, lately: float, times: int) -> float:
    """Half of it rests on all requests, half on those since it was last begun anew, so that what begins late
    does not have to make up for what was good before.

    That half is divided among all beginnings that there may ever be: 1/2 is bet on the first, 1/6 on the
    second, 1/12 on the third and so on. What was let go of is lost, and what was not begun yet counts 1.
    """
    late = log_mean([lately - math.log(times + 1), 0.0]) + math.log(2 / (times + 2))
    return log_mean([whole, late])
