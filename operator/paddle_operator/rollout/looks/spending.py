"""What a canary has spent of the window's budget beyond what the stable revision would have. Pure.

Where attempts are counted it is more than callers lost, never less: retries hide failures from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction

from paddle_operator.rollout.verdict import Evidence
from paddle_operator.sla.answer import Value
from paddle_operator.sla.budget import Budget
from paddle_operator.sla.measured import Measured


def spent_percent(evidence: Iterable[Evidence], measured: Measured, window: timedelta) -> Fraction | None:
    """Return the most of any objective's budget that the canary has spent; None where no budget is known."""
    figures = {one.objective.name: one for one in measured.figures}
    found = []
    for one in evidence:
        figure = figures.get(one.objective)
        if figure is not None and isinstance(figure.budget, Value) and figure.since is not None:
            allowed = _allowed(figure.budget.value, measured.until - figure.since, window)
            found.append(100 * Fraction(max(0.0, one.excess)) / allowed)
    return max(found, default=None)


def _allowed(budget: Budget, counted: timedelta, window: timedelta) -> Fraction:
    """Return how many requests of a whole window may be bad, at the rate of the part that is counted: a
    service that is an hour old has not an hour's budget only."""
    tick = timedelta.resolution
    return budget.allowed * max(Fraction(1), Fraction(window // tick, max(1, counted // tick)))
