"""Whether a busy worker still works: decided from the signs that it leaves in the shared memory. Pure.

A worker shows progress at each border of its pipeline. What is too long without one follows from the
prediction of the job, since a worker that normally needs 50 ms and says nothing for ten seconds will
not come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# A job may be this much slower than predicted between two borders: throttled CPUs, neighbours, a new shape.
PATIENCE = 10.0
# And at least this long, whatever was predicted (seconds).
SHORTEST_SECONDS = 10.0


class Verdict(Enum):
    """unbegun: the worker never took the batch up, so another one can do it. stalled: it stopped in it."""

    WORKS = "works"
    UNBEGUN = "unbegun"
    STALLED = "stalled"


@dataclass(frozen=True)
class Bounds:
    """Seconds: for a batch to be taken up, and between two borders."""

    begin_seconds: float
    border_seconds: float


@dataclass(frozen=True)
class Signs:
    """Times on one clock. deadline: the latest of the batch's, after which it stops at its next border."""

    sent_at: float
    begun: bool
    last_border: float
    deadline: float


def border_seconds(predicted_seconds: float, longest_seconds: float) -> float:
    """How long a batch may go without a border; the setting alone where nothing is predicted."""
    if predicted_seconds <= 0:
        return longest_seconds
    return min(max(PATIENCE * predicted_seconds, SHORTEST_SECONDS), longest_seconds)


def look(signs: Signs, bounds: Bounds, *, now: float) -> tuple[Verdict, float]:
    """The verdict, and when to look again."""
    if not signs.begun:
        due = signs.sent_at + bounds.begin_seconds
        return (Verdict.UNBEGUN if now >= due else Verdict.WORKS), due
    # progress after the deadline is none: it was told to stop there
    due = (
        min(max(signs.last_border, signs.sent_at), max(signs.deadline, signs.sent_at)) + bounds.border_seconds
    )
    return (Verdict.STALLED if now >= due else Verdict.WORKS), due
