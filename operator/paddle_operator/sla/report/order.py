"""What a report was asked to cover, as intervals; and what is said of it while it is not made."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.report.written import moment_read
from paddle_operator.sla.windows import Period, calendar, window_at
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.sla_report_order import PeriodType, ReportPeriod

LATE = timedelta(minutes=1)
"""How long after a moment its samples can be read."""
_CALENDAR = {
    PeriodType.LAST_DAY: Period.DAY,
    PeriodType.LAST_WEEK: Period.WEEK,
    PeriodType.LAST_MONTH: Period.MONTH,
}


def asked_period(period: ReportPeriod, sla: Sla, created: datetime) -> Interval:
    """Return the time that a report is about, which is fixed when it is created."""
    if period.start is not None and period.end is not None:
        return Interval(moment_read(period.start), moment_read(period.end))
    if period.type is PeriodType.WINDOW:
        end = created.replace(second=0, microsecond=0) - LATE
        window = window_at(sla.window, end)
        if window.start < end:
            return window
        return Interval(
            window_at(sla.window, end - timedelta.resolution).start, end
        )  # a month that just ended
    kind, zone = _CALENDAR[period.type], ZoneInfo(period.time_zone)
    this = calendar(kind, zone, created)
    return calendar(kind, zone, this.start - timedelta.resolution)
