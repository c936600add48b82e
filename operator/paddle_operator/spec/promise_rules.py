"""Rules of the promise, and of the alerts on it."""

from __future__ import annotations

import math
import re

from paddle_operator.spec.cron import CRON_FORM, parse_cron
from paddle_operator.spec.cron_rules import comes_rule, zone_rule
from paddle_operator.spec.rule import JsonValue, Rule, pattern_rule, percent_rule, unique_rule

MOST_TIMES_A_DAY = 24
"""What begins more often than hourly is no maintenance, and most likely a schedule read wrongly."""
MINUTES_A_DAY = 1440
MOST_BEGINNINGS = 96
"""Of all exclusions together: beyond that the rules of a service become too large for one object."""
ALERT_LABELS = ("alertname", "month", "namespace", "objective", "service", "severity", "window")
"""Labels that tell alerts apart: ours."""
_LABEL_NAME = "^[a-zA-Z_][a-zA-Z0-9_]*$"


def _kinds(objective: dict[str, JsonValue]) -> int:
    return sum(kind in objective for kind in ("availability", "latency", "errorRate"))


def _makes_sense(schedule: str) -> bool:
    """Tell whether a schedule of the right form can be maintenance; the form is another rule's."""
    if re.fullmatch(CRON_FORM, schedule, re.ASCII) is None:
        return True
    try:
        return parse_cron(schedule).times_a_day <= MOST_TIMES_A_DAY
    except ValueError:
        return False


def _beginnings(exclusion: dict[str, JsonValue]) -> int:
    """Count the beginnings that may still last; none of a schedule that breaks a rule of its own."""
    schedule = exclusion["schedule"]
    if re.fullmatch(CRON_FORM, schedule, re.ASCII) is None or not _makes_sense(schedule):
        return 0
    days = math.ceil(int(exclusion["durationMinutes"]) / MINUTES_A_DAY)
    return parse_cron(schedule).times_a_day * days


def _is_alert_label(name: str) -> bool:
    ours = name in ALERT_LABELS or name.startswith("__")
    return not ours and re.fullmatch(_LABEL_NAME, name, re.ASCII) is not None


PROMISE_RULES: tuple[Rule, ...] = (
    Rule(
        "one-kind",
        "spec.sla.objectives[*]",
        "[has(self.availability), has(self.latency), has(self.errorRate)].filter(kind, kind).size() == 1",
        "must have exactly one of availability, latency and errorRate: write one objective for each promise",
        lambda objective: _kinds(objective) == 1,
    ),
    unique_rule("spec.sla.objectives", "name"),
    percent_rule(
        "spec.sla.objectives[*].availability.targetPercent",
        above="50.0",
        below="100.0",
        or_equal=False,
        example="99.9",
    ),
    percent_rule(
        "spec.sla.objectives[*].latency.percentile", above="0.0", below="100.0", or_equal=False, example="95"
    ),
    percent_rule(
        "spec.sla.objectives[*].errorRate.maxPercent", above="0.0", below="50.0", or_equal=True, example="0.5"
    ),
    Rule(
        "days-of-rolling",
        "spec.sla.window",
        "self.type == 'Rolling' || !has(self.days)",
        "days is for type Rolling, a Calendar window is the month: remove it, or set type to Rolling",
        lambda window: window["type"] == "Rolling" or "days" not in window,
        "days",
    ),
    Rule(
        "zone-of-calendar",
        "spec.sla.window",
        "self.type == 'Calendar' || !has(self.timeZone)",
        "timeZone is for type Calendar, a Rolling window has the same length everywhere: remove it, or set "
        "type to Calendar",
        lambda window: window["type"] == "Calendar" or "timeZone" not in window,
        "timeZone",
    ),
    zone_rule("spec.sla.window.timeZone"),
    unique_rule("spec.sla.exclusions", "name"),
    pattern_rule(
        "schedule-form",
        "spec.sla.exclusions[*].schedule",
        CRON_FORM,
        "must be five fields of cron with one space between them, minute hour day-of-month month "
        "day-of-week: each *, a number, a range 1-5, a list 1,15 or a step */10; write for instance "
        "'0 3 * * 0' for Sundays at 3:00",
    ),
    Rule(
        "schedule-sense",
        "spec.sla.exclusions[*].schedule",
        "",
        f"must begin at most {MOST_TIMES_A_DAY} times a day, and its ranges must ascend: name minutes and "
        "hours, for instance '0 3 * * 0' for Sundays at 3:00",
        _makes_sense,
        ours=True,
    ),
    comes_rule("spec.sla.exclusions[*].schedule", "schedule"),
    Rule(
        "exclusions-size",
        "spec.sla.exclusions",
        "",
        f"must come to at most {MOST_BEGINNINGS}, where each counts as often as it begins on a day, times "
        "the days begun that it lasts: let schedules begin less often, or shorten durationMinutes",
        lambda exclusions: sum(_beginnings(one) for one in exclusions) <= MOST_BEGINNINGS,
        ours=True,
    ),
    zone_rule("spec.sla.exclusions[*].timeZone"),
)

ALERTING_RULES: tuple[Rule, ...] = (
    Rule(
        "alert-label",
        "spec.alerting.labels",
        f"self.all(key, key.matches(r'{_LABEL_NAME}') && !key.startsWith('__') && "
        f"!(key in [{', '.join(repr(name) for name in ALERT_LABELS)}]))",
        f"must have keys of letters, digits and _ that are not {', '.join(ALERT_LABELS)} or __...: these are "
        "the alerts' own; rename or remove them",
        lambda labels: all(_is_alert_label(name) for name in labels),
    ),
    Rule(
        "alert-label-text",
        "spec.alerting.labels",
        "self.all(key, !self[key].contains('{{'))",
        "must have values without {{, which Prometheus would take for a template: remove the braces",
        lambda labels: not any("{{" in value for value in labels.values()),
    ),
)
