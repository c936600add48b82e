"""Whether the stable revision itself breaks the promise now: when an incident that both share is over. Pure.

Nothing is rolled back by this, so it needs no bound over all looks; it must only notice a change, either way.
So it counts from where the evidence for a change began, as a CUSUM chart does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from paddle_operator.rollout.gate.counts import NOTHING, Counts
from paddle_operator.rollout.gate.evidence import log_absolute, log_proof
from paddle_operator.rollout.gate.settings import Gate, Objective


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is known of the stable revision for one objective."""

    lasts: bool = False
    since: Counts = NOTHING
    """What speaks for a change: it began, or it is over."""

    def log_doubt(self, objective: Objective) -> float:
        """Return the logarithm of the evidence that it breaks the promise now; infinite if that is found."""
        return math.inf if self.lasts else log_absolute([self.since], objective.budget)[0]

    def after(self, gate: Gate, objective: Objective, stable: Counts) -> Trouble:
        """Look at one more interval."""
        since = self.since + stable
        if self.lasts:
            evidence, enough = log_proof(since, objective.limit(gate)), gate.log_proven
        else:
            (evidence,), enough = log_absolute([since], objective.budget), gate.log_against
        if evidence >= enough:
            return Trouble(not self.lasts)
        return Trouble(self.lasts, since if evidence > 0 else NOTHING)


CALM = Trouble()
