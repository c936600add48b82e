"""What was measured for an objective: good and bad requests by revision, and the time that is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from paddle_operator.sla.answer import Answer, Failed, Value
from paddle_operator.sla.counting import Counted, Step
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.outcomes import Tally, outcomes
from paddle_operator.sla.series import (
    BOUNDARY_LABEL,
    OUTCOME_LABEL,
    POD_LABEL,
    REVISION_LABEL,
    Labels,
    label,
    target_of,
)
from paddle_operator.sla.unknown import Cause, Unknown, clipped
from paddle_operator.spec.promise import Latency, Objective


@dataclass(frozen=True, slots=True)
class Indicator:
    """What was measured for one objective."""

    by_revision: Mapping[str, Tally]
    unknown: tuple[Unknown, ...]


def indicator(
    objective: Objective, requests: Counted, durations: Counted, within: Spans
) -> Answer[Indicator]:
    """Measure one objective from the runtime's requests and the buckets of its histogram of good answers.

    Failed for an outcome that nobody knows, or a threshold that is no boundary of the histogram.
    """
    found = outcomes(requests, within)
    if not isinstance(found, Value):
        return found
    if objective.latency is not None:
        return _latency(objective.latency.threshold_milliseconds, requests, durations, within)
    tallies = {revision: one.tally for revision, one in found.value.items()}
    return Value(Indicator(tallies, clipped(requests.unknown, within)))


def _latency(
    threshold_milliseconds: int, requests: Counted, durations: Counted, within: Spans
) -> Answer[Indicator]:
    """Compare both metrics scrape by scrape: only what both of them saw counts.

    A histogram with a new boundary begins at 0 while the requests are counted on. Their difference would be
    answers that were too slow, though nobody knows how fast they were.
    """
    threshold = Decimal(threshold_milliseconds) / 1000
    boundaries = {label(labels, BOUNDARY_LABEL) for labels, _ in durations.steps}
    wanted = {text for text in boundaries if _seconds(text) == threshold}
    if not wanted:
        there = ", ".join(sorted(boundaries, key=lambda text: (_seconds(text) or Decimal(0), text))) or "none"
        return Failed(
            f"the threshold {threshold_milliseconds} ms is no boundary of the runtime's histogram, which has "
            f"{there} (seconds): its pods have not read the promise yet, or read another one"
        )
    fast = {
        (target_of(labels), step.at): step
        for labels, steps in durations.steps
        if label(labels, BOUNDARY_LABEL) in wanted
        for step in steps
    }
    tallies = {label(labels, REVISION_LABEL): Tally() for labels, _ in requests.steps}
    unknown = {*requests.unknown, *durations.unknown}
    for (target, at), steps in _handled(requests, within).items():
        pair = fast.get((target, at))
        if pair is None or any(pair.since != step.since or pair.whole != step.whole for step in steps):
            since = min(step.since for step in steps)
            unknown.add(Unknown(Interval(since, at), Cause.BOUNDARY, label(target, POD_LABEL)))
            continue
        total = sum(step.increase for step in steps)
        if pair.increase > total:
            return Failed(f"{pair.increase} fast answers of {total} requests at {at}: not of one target")
        tallies[label(target, REVISION_LABEL)] += Tally(pair.increase, total - pair.increase)
    return Value(Indicator(tallies, clipped(unknown, within)))


def has_boundary(durations: Counted | None, latency: Latency) -> bool:
    """Tell whether the histogram counts what is within the threshold, at any pod."""
    threshold = Decimal(latency.threshold_milliseconds) / 1000
    return durations is not None and any(
        _seconds(label(labels, BOUNDARY_LABEL)) == threshold for labels, _ in durations.steps
    )


def _handled(requests: Counted, within: Spans) -> dict[tuple[Labels, datetime], list[Step]]:
    """Return what counts of the requests, by target and scrape."""
    found: dict[tuple[Labels, datetime], list[Step]] = {}
    for labels, steps in requests.steps:
        if label(labels, OUTCOME_LABEL) != "invalid":
            target = target_of(labels)
            for step in steps:
                if step.at in within:
                    found.setdefault((target, step.at), []).append(step)
    return found


def _seconds(boundary: str) -> Decimal | None:
    try:
        seconds = Decimal(boundary)
    except InvalidOperation:
        return None
    return None if seconds.is_nan() else seconds
