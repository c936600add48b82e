"""How much of a time nobody saw: whether that could hide more than a promise lets fail. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from paddle_operator.sla.cells import COARSE, floor
from paddle_operator.sla.intervals import Interval


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of a period was seen. Pods that end leave seconds each, in which others were seen: unknown
    time weighs where it fills half an hour of the clock, or half of a period that is shorter than one.
    """

    period: timedelta = timedelta()
    """The time that the promise is judged over."""
    counted: timedelta = timedelta()
    """The part of it since counting began."""
    unseen: timedelta = timedelta()
    """The unknown time that weighs."""

    @classmethod
    def of(
        cls, unknown: Iterable[tuple[Interval, timedelta]], counted: timedelta, period: timedelta
    ) -> Sight:
        """Weigh unknown time, given as parts of time and how much of each is unknown.

        A part lies in one hour of the clock, but in a record so large that its cells are longer: there half
        of such a cell weighs.
        """
        by_hour: dict[datetime | None, tuple[timedelta, timedelta]] = {}
        for part, length in unknown:
            hour = floor(part.start, COARSE) if period > COARSE else None
            so_far = by_hour.get(hour, (timedelta(), timedelta()))
            by_hour[hour] = so_far[0] + length, so_far[1] + part.length
        least = min(period, COARSE)
        weighs = (hidden for hidden, whole in by_hour.values() if 2 * hidden >= max(least, whole))
        return cls(period, counted, sum(weighs, timedelta()))

    def hides(self, share: Fraction) -> bool:
        """Whether more time was not seen than this share of the period, or than was seen."""
        if not self.unseen:
            return False
        return 2 * self.unseen > self.counted or _share(self.unseen, self.period) > share


ALL = Sight()
"""Nothing was out of sight."""


def _share(part: timedelta, whole: timedelta) -> Fraction:
    return Fraction(part // timedelta.resolution, whole // timedelta.resolution)
