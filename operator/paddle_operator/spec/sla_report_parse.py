"""A ModelSLAReport as it was asked for, from an untrusted mapping; and its rules for the API server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from paddle_operator.errors import SpecRejected, Violation
from paddle_operator.spec.complaint import violation_of
from paddle_operator.spec.cron_rules import zone_rule
from paddle_operator.spec.rule import JsonValue, Rule, places, shown
from paddle_operator.spec.sla_report_order import PeriodType, ReportSpec

LONGEST_DAYS = 366


def _moments(period: JsonValue) -> tuple[datetime, datetime] | None:
    try:
        start, end = (datetime.fromisoformat(period[name]) for name in ("start", "end"))
    except ValueError:
        return None
    return (
        None if start.tzinfo is None or end.tzinfo is None else (start.astimezone(UTC), end.astimezone(UTC))
    )


def _between_has_both(period: JsonValue) -> bool:
    given = [name in period for name in ("start", "end")]
    return all(given) if period["type"] == PeriodType.BETWEEN else not any(given)


def _ordered(period: JsonValue) -> bool:
    if "start" not in period or "end" not in period:
        return True
    moments = _moments(period)
    return moments is not None and 0 < (moments[1] - moments[0]).total_seconds() <= LONGEST_DAYS * 86_400


REPORT_RULES: tuple[Rule, ...] = (
    Rule(
        "spec-stays",
        "spec",
        "self == oldSelf",
        "must not be changed: another period is another report",
        lambda _: True,
    ),
    Rule(
        "period-between",
        "spec.period",
        "self.type == 'Between' ? has(self.start) && has(self.end) : !has(self.start) && !has(self.end)",
        "must have start and end with type Between, and neither with another type",
        _between_has_both,
    ),
    Rule(
        "period-order",
        "spec.period",
        f"!has(self.start) || !has(self.end) || (self.start < self.end && "
        f"self.end - self.start <= duration('{LONGEST_DAYS * 24}h'))",
        f"must start before it ends, at most {LONGEST_DAYS} days, in RFC 3339: write for instance "
        "2026-11-01T00:00:00Z",
        _ordered,
    ),
    zone_rule("spec.period.timeZone"),
)


def parse_report(body: Mapping[str, Any]) -> ReportSpec:
    """Read what is asked for; raise SpecRejected with all violations."""
    raw = json.dumps(body.get("spec", {}))
    try:
        spec = ReportSpec.model_validate_json(raw)
    except ValidationError as rejected:
        raise SpecRejected(
            violation_of(error) for error in rejected.errors(include_url=False, include_context=True)
        ) from None
    filled = {"spec": spec.model_dump(by_alias=True, mode="json", exclude_none=True)}
    found = [
        Violation(path, rule.name, f"{rule.message} (is {shown(value)})")
        for rule in REPORT_RULES
        for path, value in places(filled, rule.at)
        if not rule.holds(value)
    ]
    if found:
        raise SpecRejected(found)
    return spec
