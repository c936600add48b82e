"""The highest load that was offered to a service: the mean over five minutes, kept by day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from paddle_operator.sla.intervals import utc

SPAN = timedelta(minutes=5)
"""A burst that is shorter is for the queue, not for more pods."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """The highest mean of each day, and the span that is still open."""

    by_day: Mapping[date, float] = field(default_factory=dict)
    """Requests a second, by days of UTC."""
    offered: int = 0
    seconds: float = 0.0

    @property
    def highest(self) -> float | None:
        """Requests a second; None while no span is complete."""
        return max(self.by_day.values(), default=None)


def offered(before: Peaks, requests: int, seconds: float, now: datetime, days: int) -> Peaks:
    """Add what all replicas were offered in the seconds before now; forget what is older than days."""
    today = utc(now).date()
    kept = {day: load for day, load in before.by_day.items() if today - day < timedelta(days=days)}
    requests, seconds = before.offered + requests, before.seconds + seconds
    if seconds < SPAN.total_seconds():
        return Peaks(kept, requests, seconds)
    return Peaks({**kept, today: max(kept.get(today, 0.0), requests / seconds)})


def asked_for(offered: int, refused: int, attempts: int) -> int:
    """Return how many requests callers sent, of those that replicas were offered.

    A gateway that sends a refused request to another replica offers it again, up to `attempts` times in all.
    As if each attempt were refused alike, whoever it is sent to.
    """
    if not refused or attempts == 1:
        return offered
    share = refused / offered
    each = attempts if share == 1 else (1 - share**attempts) / (1 - share)
    return round(offered / each)


def to_json(peaks: Peaks) -> dict[str, Any]:
    """Return it as JSON for a ConfigMap."""
    days = {day.isoformat(): float(f"{load:.6g}") for day, load in sorted(peaks.by_day.items())}
    return {"byDay": days, "offered": peaks.offered, "seconds": round(peaks.seconds, 3)}


def from_json(stored: Any) -> Peaks:
    """Read it back; what is damaged begins anew."""
    try:
        days = {date.fromisoformat(day): float(load) for day, load in stored["byDay"].items()}
        return Peaks(days, int(stored["offered"]), float(stored["seconds"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return Peaks()
