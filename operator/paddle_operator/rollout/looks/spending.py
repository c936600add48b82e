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
            found.append(100 * excess(one) / allowed)
    return max(found, default=None)


def excess(evidence: Evidence) -> Fraction:
    """Return how many more of the canary's requests were bad than if the stable revision had had them."""
    share = Fraction(0)
    if evidence.stable_requests:
        share = Fraction(evidence.stable_bad, evidence.stable_requests)
    return max(Fraction(0), evidence.canary_bad - evidence.canary_requests * share)


def _allowed(budget: Budget, counted: timedelta, window: timedelta) -> Fraction:
    """Return how many requests of a whole window may be bad, at the rate of the part that is counted: a
    service that is an hour old has not an hour's budget only."""
    tick = timedelta.resolution
    return budget.allowed * max(Fraction(1), Fraction(window // tick, max(1, counted // tick)))
