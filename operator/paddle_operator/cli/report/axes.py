"""The frame of a plot: from time and value to places of the picture, its axes, and shapes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from paddle_operator.cli.report.figures import Clock

WIDTH, HEIGHT = 760, 230
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 44
_TICKS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 168, 336, 720, 1440)
"""Hours between two marks of the time axis."""
_MOST_TICKS = 8
_ROUND = tuple(digit * 10.0**power for power in range(-7, 7) for digit in (1, 2, 5))
_MOST_VALUES = 6


@dataclass(frozen=True, slots=True)
class Frame:
    """From time and value to places of the picture."""

    start: datetime
    end: datetime
    low: float
    high: float

    def x(self, moment: datetime) -> float:
        """Return the place of a moment."""
        share = (moment - self.start) / (self.end - self.start)
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(share, 0.0), 1.0)

    def y(self, value: float) -> float:
        """Return the place of a value."""
        share = (value - self.low) / (self.high - self.low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(max(share, 0.0), 1.0))


def grid(frame: Frame, values: Iterable[float], clock: Clock) -> Iterator[str]:
    """Draw the axes, with percentages and times."""
    for value in values:
        y = frame.y(value)
        yield line("grid", LEFT, y, WIDTH - RIGHT, y)
        yield f'<text class="value" x="{LEFT - 6}" y="{y + 4:.1f}">{_number(value)} %</text>'
    for at, shown in _times(frame, clock):
        yield line("grid", frame.x(at), TOP, frame.x(at), HEIGHT - BOTTOM)
        yield f'<text class="time" x="{frame.x(at):.1f}" y="{HEIGHT - BOTTOM + 34}">{shown}</text>'


def _times(frame: Frame, clock: Clock) -> Iterator[tuple[datetime, str]]:
    """Yield the marks of the time axis: whole hours, or days at midnight where it is long."""
    hours = (frame.end - frame.start) / timedelta(hours=1)
    every = next((one for one in _TICKS if hours / one <= _MOST_TICKS), _TICKS[-1])
    first = frame.start.astimezone(clock.zone).replace(minute=0, second=0, microsecond=0)
    at = first.replace(hour=0) if every >= 24 else first
    while at <= frame.end:
        if at >= frame.start and (every >= 24 or at.hour % every == 0):
            yield at, f"{at:%H:%M}" if at.hour else f"{at:%m-%d}"
        at += timedelta(hours=every if every >= 24 else 1)


def round_values(low: float, high: float) -> list[float]:
    """Return a few round values of a range."""
    step = next(one for one in _ROUND if (high - low) / one <= _MOST_VALUES)
    first = -(-low // step)
    found = (round((first + place) * step, 9) for place in range(_MOST_VALUES + 2))
    return [value for value in found if value <= high + 1e-9]


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    """Draw a rectangle of a kind that the style sheet knows."""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Draw a line of a kind that the style sheet knows."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
