"""Requests a second over the quarter: a daily wave, and a holiday in which there are more. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True)
class LoadShape:
    """peak: requests a second at the height of a usual day; trough_share: of it, at the depth of the night.

    The holiday's `factor` is reached within ramp_seconds from holiday_begin, and ends as suddenly. Times are
    seconds from the first midnight.
    """

    peak: float
    trough_share: float
    peak_hour: float
    factor: float
    holiday_begin: float
    holiday_seconds: float
    ramp_seconds: float

    def rate(self, at: float) -> float:
        """Requests a second at this time."""
        return self.peak * self.wave(at) * self.holiday(at)

    def wave(self, at: float) -> float:
        """The share of the usual peak at this time of day."""
        middle, swing = (1 + self.trough_share) / 2, (1 - self.trough_share) / 2
        return middle + swing * math.cos(2 * math.pi * (at / HOUR - self.peak_hour) / 24)

    def holiday(self, at: float) -> float:
        """How many times the usual load there is."""
        into = at - self.holiday_begin
        if not 0 <= into < self.holiday_seconds:
            return 1.0
        return 1 + (self.factor - 1) * min(1.0, into / self.ramp_seconds)

    def is_holiday(self, at: float) -> bool:
        """Whether it is."""
        return 0 <= at - self.holiday_begin < self.holiday_seconds
