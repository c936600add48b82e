"""Rules of a rollout: steps that ascend, times that fit, percentages in range, checks that can be made."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

from paddle_operator.spec.rule import JsonValue, Rule, percent_rule

_DECIMAL = r"^[0-9]{1,3}(\.[0-9]{1,6})?$"


def _range_rule(at: str, low: str, high: str, example: str) -> Rule:
    """Demand a decimal string within two bounds, both included."""

    def holds(text: str) -> bool:
        number = _number(text)
        return number is not None and Decimal(low) <= number <= Decimal(high)

    return Rule(
        "decimal-range",
        at,
        f"self.matches(r'{_DECIMAL}') && double(self) >= {low} && double(self) <= {high}",
        f"must be a decimal string from {low} to {high}, with at most 6 decimals: write for instance "
        f"{example!r}",
        holds,
    )


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(_DECIMAL, text, re.ASCII) else None


def _ascends(steps: list[JsonValue]) -> bool:
    return all(one["weight"] < other["weight"] for one, other in pairwise(steps))


def _policy_ascends(policy: JsonValue) -> bool:
    block, manual = _number(policy["blockBelowPercent"]), _number(policy["manualBelowPercent"])
    return block is None or manual is None or block <= manual


def _asks_shadow(rollout: JsonValue) -> bool:
    return "shadow" in rollout["preflight"]


_FORMLESS = " || ".join(
    f"!self.{field}.matches(r'{_DECIMAL}')" for field in ("blockBelowPercent", "manualBelowPercent")
)
_ANALYSIS = "spec.rollout.analysis"
_POLICY = "spec.rollout.budgetPolicy"
_NO_SHADOW = "!has({}.preflight) || !has({}.preflight.shadow)"

ROLLOUT_RULES: tuple[Rule, ...] = (
    Rule(
        "steps-ascend",
        "spec.rollout.steps",
        "self.map(one, one.weight).isSorted() && "
        "self.all(one, self.exists_one(other, other.weight == one.weight))",
        "weights must ascend from step to step: put them in order, each once",
        _ascends,
    ),
    Rule(
        "step-has-time",
        "spec.rollout.steps[*]",
        "self.minDurationSeconds <= self.maxDurationSeconds",
        "minDurationSeconds must not exceed maxDurationSeconds: lower it, or raise maxDurationSeconds",
        lambda step: step["minDurationSeconds"] <= step["maxDurationSeconds"],
        "minDurationSeconds",
    ),
    _range_rule("spec.rollout.preflight.maxTextErrorPercent", "0.0", "100.0", "1.0"),
    _range_rule("spec.rollout.preflight.maxLabelErrorPercent", "0.0", "100.0", "0"),
    _range_rule("spec.rollout.preflight.maxBoxErrorPercent", "0.0", "100.0", "10"),
    _range_rule("spec.rollout.preflight.maxAbsError", "0.0", "999.0", "0.001"),
    percent_rule(f"{_ANALYSIS}.falseRollbackPercent", above="0.0", below="20.0", or_equal=True, example="1"),
    _range_rule(f"{_ANALYSIS}.promotionConfidencePercent", "50.0", "99.999999", "95"),
    _range_rule(f"{_ANALYSIS}.toleranceFactor", "1.0", "10.0", "2"),
    percent_rule(
        f"{_ANALYSIS}.maxBudgetSpendPercent", above="0.0", below="100.0", or_equal=True, example="10"
    ),
    _range_rule(f"{_POLICY}.blockBelowPercent", "0.0", "100.0", "0"),
    _range_rule(f"{_POLICY}.manualBelowPercent", "0.0", "100.0", "10"),
    Rule(
        "budget-policy-ascends",
        _POLICY,
        f"{_FORMLESS} || double(self.blockBelowPercent) <= double(self.manualBelowPercent)",
        "blockBelowPercent must not exceed manualBelowPercent: lower it, or raise manualBelowPercent",
        _policy_ascends,
        "blockBelowPercent",
    ),
    Rule(
        "shadow-needs-gateway",
        "spec",
        f"!has(self.rollout) || {_NO_SHADOW.format('self.rollout', 'self.rollout')} || "
        "self.routing.type == 'GatewayAPI'",
        "rollout.preflight.shadow needs a gateway, which alone can copy requests: set routing.type to "
        "GatewayAPI, or remove shadow",
        lambda spec: (
            "rollout" not in spec
            or not _asks_shadow(spec["rollout"])
            or spec["routing"]["type"] == "GatewayAPI"
        ),
        "routing.type",
        late=True,
    ),
    Rule(
        "shadow-needs-both",
        "spec.rollout",
        f"{_NO_SHADOW.format('self', 'self')} || self.strategy != 'Recreate'",
        "preflight.shadow needs the pods that serve, which strategy Recreate ends first: choose another "
        "strategy, or remove shadow",
        lambda rollout: not _asks_shadow(rollout) or rollout["strategy"] != "Recreate",
        "strategy",
        late=True,
    ),
)
