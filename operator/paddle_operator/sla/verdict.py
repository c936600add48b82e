"""Whether a promise was kept: the one judge of the status, of reports, and of the incidents in them. Pure.

The rules say the same of what Prometheus recorded (`promql.spent`).
"""

from __future__ import annotations

from paddle_operator.sla.budget import Budget
from paddle_operator.sla.burn import MinTraffic
from paddle_operator.sla.sight import ALL, Sight
from paddle_operator.spec.sla_report import Verdict


def verdict(budget: Budget, least: MinTraffic, sight: Sight = ALL) -> Verdict:
    """Judge what was counted: not with less than the least traffic, nor by one bad request alone.

    Where so few came that the promise does not allow a single bad one, that one says nothing either way.
    Nothing bad among what was seen is no promise kept where more time than it lets fail was not seen.
    """
    if not budget.tally.total:
        return Verdict.NOT_MEASURED
    if budget.tally.total < least.requests:
        return Verdict.TOO_LITTLE_TRAFFIC
    if budget.remaining >= 0:
        return Verdict.UNKNOWN_TIME if sight.hides(1 - budget.target) else Verdict.KEPT
    return Verdict.BROKEN if budget.tally.bad > 1 else Verdict.TOO_LITTLE_TRAFFIC
