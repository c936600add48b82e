"""The block `spec.sla`: what is promised, measured how, over which window."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import Block, DecimalText, list_map


class WindowType(StrEnum):
    """How the window moves."""

    ROLLING = "Rolling"


class Window(Block):
    """The time over which the promise holds."""

    type: WindowType = WindowType.ROLLING
    """Rolling: the last `days` days at every moment."""
    days: Annotated[int, Field(ge=1, le=90)] = 30
    """Length in days."""


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


class Sla(Block):
    """The promise. It is hashed into status.slaHash; editing it replaces no pod."""

    window: Window = Window()
    """The time over which the promise holds."""
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1, max_length=8), list_map("name")]
    """What is promised."""
