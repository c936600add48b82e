"""The block `spec.reporting`: reports that are made again and again."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import Block
from paddle_operator.spec.cron_rules import schedule_rules, zone_rule
from paddle_operator.spec.rule import Rule, pattern_rule
from paddle_operator.spec.zone import UTC, ZoneName


class Reporting(Block):
    """Reports on the promise, each a ModelSLAReport. They stay when the service is deleted."""

    schedule: Annotated[str, Field(min_length=9, max_length=64)]
    """When a period ends and the next one begins, in cron's five fields: "0 0 1 * *" for months, "0 0 * * 1"
    for weeks from Monday on, "0 0 * * *" for days. A period is reported five minutes after its end."""
    time_zone: ZoneName = UTC
    """Time zone of the schedule, such as Asia/Shanghai."""
    retain: Annotated[int, Field(ge=1, le=120)] = 12
    """Reports of this schedule that are kept; the oldest are deleted. Others are never deleted."""


_SCHEDULE = "spec.reporting.schedule"
REPORTING_RULES: tuple[Rule, ...] = (
    *schedule_rules(_SCHEDULE, "'0 0 1 * *' for the beginning of each month", "schedule"),
    pattern_rule(
        "schedule-hourly",
        _SCHEDULE,
        "^[0-9]+ .*$",
        "must name one minute, since a report covers an hour at least: write for instance '0 0 1 * *'",
    ),
    zone_rule("spec.reporting.timeZone"),
)
