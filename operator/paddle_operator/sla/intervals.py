"""Stretches of time and sets of them. Half-open, so that two that touch share no moment; always in UTC.

In UTC because Python subtracts and compares two times of one zone by what their clocks show: a day on which
the clocks change would have 24 hours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def utc(moment: datetime) -> datetime:
    """Return the moment in UTC; ValueError for a time without zone, which is no moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: give an aware datetime")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `start` until just before `end`. ValueError when it ends before it starts."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))
        if self.end < self.start:
            raise ValueError(f"an interval cannot end at {self.end}, before its start at {self.start}")

    @property
    def length(self) -> timedelta:
        """Elapsed time."""
        return self.end - self.start

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Spans:
    """A set of moments: intervals that neither touch nor overlap, in order. Equal sets are equal values."""

    parts: tuple[Interval, ...] = ()
    """Any intervals when it is made; overlaps are joined and empty ones dropped."""

    def __post_init__(self) -> None:
        joined: list[Interval] = []
        for part in sorted(part for part in self.parts if part.start < part.end):
            if joined and part.start <= joined[-1].end:
                joined[-1] = Interval(joined[-1].start, max(joined[-1].end, part.end))
            else:
                joined.append(part)
        object.__setattr__(self, "parts", tuple(joined))

    @property
    def total(self) -> timedelta:
        """Elapsed time of all parts together."""
        return sum((part.length for part in self.parts), timedelta())

    def __contains__(self, moment: datetime) -> bool:
        place = bisect_right(self.parts, moment, key=lambda part: part.start)
        return place > 0 and moment < self.parts[place - 1].end

    def __or__(self, other: Spans) -> Spans:
        return Spans(self.parts + other.parts)

    def __and__(self, other: Spans) -> Spans:
        return self._where(other, lambda here, there: here and there)

    def __sub__(self, other: Spans) -> Spans:
        return self._where(other, lambda here, there: here and not there)

    def _where(self, other: Spans, keep: Callable[[bool, bool], bool]) -> Spans:
        """Pass over all borders in order, knowing on each side whether one is inside."""
        borders: dict[datetime, list[int]] = {}
        for side, spans in enumerate((self, other)):
            for part in spans.parts:
                borders.setdefault(part.start, [0, 0])[side] += 1
                borders.setdefault(part.end, [0, 0])[side] -= 1
        kept: list[Interval] = []
        inside = [0, 0]
        begun: datetime | None = None
        for moment in sorted(borders):
            inside = [depth + change for depth, change in zip(inside, borders[moment], strict=True)]
            wanted = keep(inside[0] > 0, inside[1] > 0)
            if begun is None and wanted:
                begun = moment
            elif begun is not None and not wanted:
                kept.append(Interval(begun, moment))
                begun = None
        return Spans(tuple(kept))
