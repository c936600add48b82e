"""Time of which nobody knows what happened in it. It is listed, and neither good nor bad."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from paddle_operator.sla.intervals import Interval, Spans


class Cause(StrEnum):
    """Why nobody knows what happened in a stretch of time."""

    RESET = "Reset"
    """The process began anew: what it counted after its last scrape is lost."""
    GAP = "Gap"
    """Too long without a sample. What rose meanwhile is counted; a restart would be hidden."""
    START = "Start"
    """Counted before the first sample."""
    END = "End"
    """The target vanished: what it counted after its last scrape is lost."""
    SILENCE = "Silence"
    """No target was sampled at all."""
    BOUNDARY = "Boundary"
    """The histogram did not have the promised boundary, or began anew while the requests were counted on."""
    WRONG = "Wrong"
    """Samples that cannot be right, as those of a pod that two jobs scrape."""


@dataclass(frozen=True, slots=True, order=True)
class Unknown:
    """A stretch of time of which a pod, or none of them, can tell."""

    interval: Interval
    cause: Cause
    pod: str = ""


def clipped(unknown: Iterable[Unknown], within: Spans) -> tuple[Unknown, ...]:
    """Return what of the unknown time lies within, each stretch once, in order."""
    found = {
        Unknown(part, one.cause, one.pod)
        for one in unknown
        for part in (Spans((one.interval,)) & within).parts
    }
    return tuple(sorted(found))


def time_of(unknown: Iterable[Unknown]) -> Spans:
    """Return the time in which anything is unknown; stretches of several pods are one."""
    return Spans(tuple(one.interval for one in unknown))
