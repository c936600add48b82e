"""The part of the corpus that is about rollouts."""

from __future__ import annotations

from typing import Any

from tests.contract.case import Case
from tests.operator.given import Resource, a_resource

CPU = a_resource()
ROUTED = CPU.through("gw", "ocr.example.com")
SHADOW = {"preflight": {"shadow": {"samplePercent": 5}, "maxLabelErrorPercent": "0.5"}}


def rollout(**fields: Any) -> Resource:
    return CPU.with_("spec.rollout", fields)


def steps(*weights: int, **fields: Any) -> Resource:
    return rollout(steps=[{"weight": weight, **fields} for weight in weights])


def analysis(**fields: Any) -> Resource:
    return rollout(analysis=fields)


def budget(block: str, manual: str) -> Resource:
    return rollout(budgetPolicy={"blockBelowPercent": block, "manualBelowPercent": manual})


ROLLOUTS_ACCEPTED = (
    Case("a rollout of which nothing is said", rollout()),
    Case("one step", steps(1)),
    Case("ten steps", steps(1, 2, 3, 4, 5, 6, 7, 8, 9, 99)),
    Case("a step of one length", steps(50, minDurationSeconds=60, maxDurationSeconds=60)),
    Case("steps that a person lets through", steps(5, 50, approval="Manual")),
    Case("all at once", rollout(strategy="BlueGreen", bake={"durationMinutes": 0, "keepPrevious": "None"})),
    Case("pods in the place of others", rollout(strategy="Recreate", state="Paused")),
    Case("a golden set", rollout(preflight={"goldenSetRef": {"configMap": "golden.v1"}, "maxAbsError": "0"})),
    Case("a shadow", ROUTED.with_("spec.rollout", SHADOW)),
    Case("a gate of one kind of error", analysis(falseRollbackPercent="0.1", toleranceFactor="1")),
    Case("a gate of the other", analysis(promotionConfidencePercent="99.999999", minRequests=1000000)),
    Case("a regression that counts", analysis(onRegressionWithinSLA="Rollback", onUnproven="Hold")),
    Case("a budget that is spent as a person likes", budget("100", "100")),
)

ROLLOUTS_REJECTED = (
    Case("steps that descend", steps(50, 25), ("steps-ascend",)),
    Case("a step twice", steps(5, 5), ("steps-ascend",)),
    Case("a least above the most", steps(5, maxDurationSeconds=119), ("step-has-time",)),
    Case("errors that are no number", rollout(preflight={"maxAbsError": "1e-3"}), ("decimal-range",)),
    Case("boxes beyond a box", rollout(preflight={"maxBoxErrorPercent": "101"}), ("decimal-range",)),
    Case("more than all the text", rollout(preflight={"maxTextErrorPercent": "101"}), ("decimal-range",)),
    Case("no false rollback at all", analysis(falseRollbackPercent="0"), ("percent",)),
    Case("many false rollbacks", analysis(falseRollbackPercent="21"), ("percent",)),
    Case("certainty", analysis(promotionConfidencePercent="100"), ("decimal-range",)),
    Case("a tolerance below the budget", analysis(toleranceFactor="0.9"), ("decimal-range",)),
    Case("more than the budget", analysis(maxBudgetSpendPercent="100.1"), ("percent",)),
    Case("a budget below nothing", budget("-1", "10"), ("decimal-range",)),
    Case("a block above what a person decides", budget("20", "10"), ("budget-policy-ascends",)),
    Case("copies of what no gateway sees", rollout(**SHADOW), ("shadow-needs-gateway",)),
    Case(
        "copies for pods that have gone",
        ROUTED.with_("spec.rollout", {**SHADOW, "strategy": "Recreate"}),
        ("shadow-needs-both",),
    ),
)

ROLLOUTS_MISSHAPEN = (
    Case("no steps", rollout(steps=[]), ("too_short",)),
    Case("eleven steps", steps(*range(1, 12)), ("too_long",)),
    Case("a step without a weight", rollout(steps=[{"weight": 5}, {"approval": "Manual"}]), ("required",)),
    Case("a step of nothing", steps(5, 0), ("greater_than_equal",)),
    Case("a step of everything", steps(5, 100), ("less_than_equal",)),
    Case("a weight in quotes", rollout(steps=[{"weight": 5}, {"weight": "25"}]), ("int_type",)),
    Case("a strategy of another project", rollout(strategy="RollingUpdate"), ("enum",)),
    Case("a percentage that is a number", analysis(falseRollbackPercent=1), ("type",)),
    Case("a long name", rollout(preflight={"goldenSetRef": {"configMap": "a" * 254}}), ("string_too_long",)),
    Case("copies of nothing", rollout(preflight={"shadow": {"samplePercent": 0}}), ("greater_than_equal",)),
    Case("looks that never end", analysis(intervalSeconds=1), ("greater_than_equal",)),
)
