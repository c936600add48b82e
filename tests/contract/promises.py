"""The part of the corpus that is about promises and the alerts on them."""

from __future__ import annotations

from typing import Any

from tests.contract.case import Case
from tests.operator.given import Resource, a_resource

CPU = a_resource()


def window(**fields: Any) -> Resource:
    return CPU.with_("spec.sla.window", fields)


def excluding(schedule: str, **fields: Any) -> Resource:
    return CPU.with_("spec.sla.exclusions", [_exclusion(schedule, **fields)])


def _exclusion(schedule: str, **fields: Any) -> dict[str, Any]:
    return {"name": "maintenance", "schedule": schedule, "durationMinutes": 30, **fields}


def labelled(**labels: str) -> Resource:
    return CPU.with_("spec.alerting", {"labels": labels})


PROMISES_ACCEPTED = (
    Case("a week", window(days=7)),
    Case("the month in UTC", window(type="Calendar")),
    Case("the month in Shanghai", window(type="Calendar", timeZone="Asia/Shanghai")),
    Case("maintenance on Sundays", excluding("0 3 * * 0", timeZone="America/Argentina/Buenos_Aires")),
    Case("a schedule of everything", excluding("*/30,5 0-4/2,22-23 1-7,15 */2 1-5")),
    Case("alerts for a team", labelled(team="ocr", on_call="first, then second")),
    Case("no alerts", CPU.with_("spec.alerting", {"burnRate": "None"})),
    Case("less traffic", CPU.with_("spec.sla.minTraffic", {"requests": 1, "periodSeconds": 3600})),
)

PROMISES_REJECTED = (
    Case("days of a month", window(type="Calendar", days=30), ("days-of-rolling",)),
    Case("a zone of 30 days", window(timeZone="UTC"), ("zone-of-calendar",)),
    Case("a schedule of four fields", excluding("0 3 * *"), ("schedule-form",)),
    Case("a schedule by its name", excluding("@daily"), ("schedule-form",)),
    Case("an hour that is none", excluding("0 24 * * *"), ("schedule-form",)),
    Case("a day by its name", excluding("0 3 * * SUN"), ("schedule-form",)),
    Case("a step of nothing", excluding("*/0 3 * * 0"), ("schedule-form",)),
    Case("two spaces", excluding("0  3 * * 0"), ("schedule-form",)),
    Case("a label with a dash", labelled(**{"on-call": "me"}), ("alert-label",)),
    Case("a label of ours", labelled(severity="info"), ("alert-label",)),
    Case("a label of Prometheus", labelled(__name__="x"), ("alert-label",)),
    Case("a template for a label", labelled(team="{{ $labels.pod }}"), ("alert-label-text",)),
)

PROMISES_DUPLICATE = (
    Case(
        "maintenance twice",
        CPU.with_("spec.sla.exclusions", [_exclusion("0 3 * * 0"), _exclusion("0 4 * * 0")]),
        ("unique",),
    ),
)

PROMISES_OURS_ALONE = (
    Case("a month nowhere", window(type="Calendar", timeZone="Europe/Atlantis"), ("zone-known",)),
    Case("a continent for a zone", excluding("0 3 * * 0", timeZone="Europe"), ("zone-known",)),
    Case("a zone of each machine's own", excluding("0 3 * * 0", timeZone="localtime"), ("zone-known",)),
    Case("maintenance that never comes", excluding("0 0 30 2 *"), ("schedule-comes",)),
    Case("a range backwards", excluding("0 5-3 * * 0"), ("schedule-sense",)),
    Case(
        "maintenance every hour that lasts five days",
        excluding("0 * * * *", durationMinutes=7200),
        ("exclusions-size",),
    ),
    Case("maintenance every minute", excluding("* 3 * * 0"), ("schedule-sense",)),
)

PROMISES_MISSHAPEN = (
    Case("no window at all", window(days=0), ("greater_than_equal",)),
    Case("a zone with a space", window(type="Calendar", timeZone="New York"), ("string_pattern_mismatch",)),
    Case("maintenance without an end", excluding("0 3 * * 0", durationMinutes=10_081), ("less_than_equal",)),
    Case("a number for a label", CPU.with_("spec.alerting", {"labels": {"team": 4}}), ("type",)),
    Case("alerts of another kind", CPU.with_("spec.alerting", {"burnRate": "Loose"}), ("enum",)),
)
