"""What a ModelSLAReport is asked for."""

from __future__ import annotations

from enum import StrEnum

from paddle_operator.spec.base import Block, SubdomainName
from paddle_operator.spec.sla_report import Moment
from paddle_operator.spec.zone import UTC, ZoneName


class ServiceRef(Block):
    """The service that is reported on."""

    name: SubdomainName
    """Name of the PaddleModelService, in the report's own namespace."""


class PeriodType(StrEnum):
    """Which time is reported on."""

    BETWEEN = "Between"
    WINDOW = "Window"
    LAST_DAY = "LastDay"
    LAST_WEEK = "LastWeek"
    LAST_MONTH = "LastMonth"


class ReportPeriod(Block):
    """The time that is reported on. It is fixed when the report is created."""

    type: PeriodType = PeriodType.WINDOW
    """Between: from `start` to `end`. Window: the window of the promise, up to the report's creation.
    LastDay, LastWeek, LastMonth: the last whole one before it, on the clocks of timeZone; weeks begin on
    Monday."""
    start: Moment | None = None
    """First moment, such as 2026-11-01T00:00:00Z. With Between only."""
    end: Moment | None = None
    """First moment that no longer counts. With Between only. A report waits until it is over."""
    time_zone: ZoneName = UTC
    """Time zone of LastDay, LastWeek and LastMonth, such as Asia/Shanghai."""


class ReportSpec(Block):
    """What is asked for. It cannot be changed: another period is another report."""

    service_ref: ServiceRef
    """The service that is reported on. It may be deleted later: the report stays."""
    period: ReportPeriod = ReportPeriod()
    """The time that is reported on."""
