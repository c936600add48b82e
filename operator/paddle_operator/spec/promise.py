"""The block `spec.sla`: what is promised, measured how, over which window."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import Block, DecimalText, list_map
from paddle_operator.spec.zone import UTC, ZoneName

DEFAULT_DAYS = 30


class WindowType(StrEnum):
    """How the window moves."""

    ROLLING = "Rolling"
    CALENDAR = "Calendar"


class Window(Block):
    """The time over which the promise holds."""

    type: WindowType = WindowType.ROLLING
    """Rolling: the last `days` days at every moment. Calendar: the present month, from midnight of its first
    day on the clocks of `timeZone`."""
    given_days: Annotated[Annotated[int, Field(ge=1, le=90)] | None, Field(alias="days")] = None
    """Length in days. Rolling only; absent there: 30."""
    time_zone: ZoneName | None = None
    """Time zone of the month, such as Europe/Berlin. Calendar only; absent there: UTC."""

    @property
    def days(self) -> int:
        """The length in days; of a month, the usual one."""
        return self.given_days or DEFAULT_DAYS

    @property
    def zone_name(self) -> str:
        """The time zone on whose clocks the window begins."""
        return self.time_zone or UTC


class Availability(Block):
    """A share of requests that get an answer."""

    target_percent: DecimalText
    """Least percentage of requests that are answered, as a decimal string above 50 and below 100, such as
    "99.9"."""


class Latency(Block):
    """A share of requests that are answered in time."""

    percentile: DecimalText
    """Percentage of requests that must be at most the threshold, as a decimal string above 0 and below 100,
    such as "95"."""
    threshold_milliseconds: Annotated[int, Field(ge=1, le=600_000)]
    """The threshold in milliseconds. It becomes a boundary of the runtime's histogram, so the count is
    exact."""


class ErrorRate(Block):
    """A share of requests that may fail."""

    max_percent: DecimalText
    """Greatest percentage of handled requests that may fail, as a decimal string above 0 and at most 50,
    such as "0.5"."""


class Objective(Block):
    """One promise. It has exactly one of availability, latency and errorRate."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    """Name, one of a kind in the list."""
    availability: Availability | None = None
    """Requests are answered."""
    latency: Latency | None = None
    """Requests are answered in time."""
    error_rate: ErrorRate | None = None
    """Requests do not fail."""


class MinTraffic(Block):
    """The least traffic that is judged."""

    requests: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    """So many requests in periodSeconds, and as many more in a longer time. With fewer, one failure says
    nothing: no burn-rate alert fires, and there is no burnRate1h. With fewer than this in the whole window,
    SLAMet is Unknown, and so are reports on it; stretches with fewer are no incidents."""
    period_seconds: Annotated[int, Field(ge=10, le=86_400)] = 300
    """The time in which that many requests are expected, in seconds."""


class Exclusion(Block):
    """Announced maintenance, again and again: the promise does not hold in it."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    """Name, one of a kind in the list."""
    schedule: Annotated[str, Field(min_length=1, max_length=100)]
    """When it begins, in cron's five fields: "0 3 * * 0" is Sundays at 3:00. At most 24 times a day."""
    duration_minutes: Annotated[int, Field(ge=1, le=10_080)]
    """How long it lasts, in minutes."""
    time_zone: ZoneName = UTC
    """Time zone whose clocks the schedule follows, such as Asia/Shanghai."""


class SyntheticRequests(StrEnum):
    """Which requests the operator sends."""

    AUTO = "Auto"
    NONE = "None"


class Synthetic(Block):
    """Requests of the operator's own, by which availability is known where nobody else asks."""

    requests: SyntheticRequests = SyntheticRequests.AUTO
    """Auto: the model's own golden request, where availability is promised. It is judged by them while the
    service has less traffic than minTraffic. None: no requests."""
    period_seconds: Annotated[int, Field(ge=5, le=300)] = 10
    """How often, in seconds. minTraffic counts for them too: its default is reached with 15 and less."""


class Sla(Block):
    """The promise. It is hashed into status.slaHash; editing it replaces no pod."""

    window: Window = Window()
    """The time over which the promise holds."""
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1, max_length=8), list_map("name")]
    """What is promised."""
    min_traffic: MinTraffic = MinTraffic()
    """The least traffic that is judged."""
    synthetic: Synthetic = Synthetic()
    """Requests of the operator's own, where there are few others."""
    exclusions: Annotated[tuple[Exclusion, ...], Field(max_length=8), list_map("name")] = ()
    """Maintenance in which the promise does not hold."""
