"""A report must fit into an object of the API server: lists are bounded, and cut further where need be.

What is left out is what matters least: the incidents with the fewest bad requests, the shortest unknown
stretches, the last exclusions; then the timeline becomes coarser. Sums are never cut.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from paddle_operator.sla.report.written import moment_read
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.sla_report import (
    Incident,
    ObjectiveReport,
    ReportStatus,
    RevisionSteps,
    Timeline,
    UnknownTime,
)

LIMIT_BYTES = 180 * 1024
"""Of the document; with metadata and the record of who wrote what the object stays under 200 KiB."""


def document(status: ReportStatus) -> dict[str, Any]:
    """Return the report as the API server stores it."""
    found: dict[str, Any] = status.model_dump(by_alias=True, mode="json", exclude_none=True)
    return found


def size_bytes(status: ReportStatus) -> int:
    """Return the length of the report as JSON."""
    return len(canonical_json(document(status)).encode())


def fitted(status: ReportStatus, limit_bytes: int) -> ReportStatus:
    """Cut the report in half, list by list, until it fits or nothing is left to cut."""
    while size_bytes(status) > limit_bytes:
        shorter = _shorter(status)
        if shorter == status:
            return status
        status = shorter
    return status


def worst(found: tuple[Incident, ...], most: int) -> tuple[Incident, ...]:
    """Keep the incidents with most bad requests, in order of time."""
    kept = set(sorted(range(len(found)), key=lambda place: (-found[place].bad, place))[:most])
    return tuple(one for place, one in enumerate(found) if place in kept)


def longest(found: tuple[UnknownTime, ...], most: int) -> tuple[UnknownTime, ...]:
    """Keep the longest stretches, in order of time."""
    kept = set(sorted(range(len(found)), key=lambda place: (-_length(found[place]), place))[:most])
    return tuple(one for place, one in enumerate(found) if place in kept)


def _length(stretch: UnknownTime) -> timedelta:
    return moment_read(stretch.end) - moment_read(stretch.start)


def _shorter(status: ReportStatus) -> ReportStatus:
    unknown = longest(status.unknown, len(status.unknown) // 2)
    exclusions = status.exclusions[: len(status.exclusions) // 2]
    return status.model_copy(
        update={
            "unknown": unknown,
            "unknown_left_out": status.unknown_left_out + len(status.unknown) - len(unknown),
            "exclusions": exclusions,
            "exclusions_left_out": status.exclusions_left_out + len(status.exclusions) - len(exclusions),
            "objectives": tuple(_shorter_objective(one) for one in status.objectives),
        }
    )


def _shorter_objective(one: ObjectiveReport) -> ObjectiveReport:
    kept = worst(one.incidents, len(one.incidents) // 2)
    left_out = one.incidents_left_out + len(one.incidents) - len(kept)
    return one.model_copy(
        update={
            "incidents": kept,
            "incidents_left_out": left_out,
            "timeline": _coarser(one.timeline),
        }
    )


def _coarser(timeline: Timeline) -> Timeline:
    """Join every two steps."""
    if all(len(its.good) <= 1 for its in timeline.revisions):
        return timeline
    joined = tuple(
        RevisionSteps(revision=its.revision, good=_pairs(its.good), bad=_pairs(its.bad))
        for its in timeline.revisions
    )
    return Timeline(step_seconds=2 * timeline.step_seconds, revisions=joined)


def _pairs(steps: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sum(steps[place : place + 2]) for place in range(0, len(steps), 2))
