"""How a report's numbers, times and lengths are shown to people. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from paddle_operator.sla.report.written import moment_read


@dataclass(frozen=True, slots=True)
class Clock:
    """Shows moments on the clocks of a time zone."""

    zone: ZoneInfo

    def show(self, moment: str) -> str:
        """Return a moment to the minute, with seconds where it has some."""
        at = self.at(moment)
        return f"{at:%Y-%m-%d %H:%M:%S}" if at.second or at.microsecond else f"{at:%Y-%m-%d %H:%M}"

    def at(self, moment: str) -> datetime:
        """Return a moment of the report on these clocks."""
        return moment_read(moment).astimezone(self.zone)


def count(number: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{number:,}"


def length(seconds: int) -> str:
    """Return a length of time with its two largest units: 2 d 3 h."""
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        whole, seconds = divmod(seconds, size)
        if whole:
            parts.append(f"{whole} {unit}")
    return " ".join(parts[:2]) or "0 s"


def between(start: str, end: str) -> int:
    """Return the seconds from one moment to another, a begun one as a whole."""
    return -(-(moment_read(end) - moment_read(start)) // timedelta(seconds=1))
