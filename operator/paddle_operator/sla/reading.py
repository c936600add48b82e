"""From what the metrics said about a stretch of time to counted cells.

A reading has samples from before its stretch, which are the baseline of the first counts, and from after it,
which tell whether a pod lived on. So the stretches of two readings may lie side by side, and what is counted
in them adds up to what one reading of both would tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from paddle_operator.sla.answer import Answer, Failed, NoData, Value, and_then
from paddle_operator.sla.cells import Cell
from paddle_operator.sla.counting import Counted, Scraping, count
from paddle_operator.sla.exclusions import Exclusion, counted_time
from paddle_operator.sla.indicators import has_boundary, indicator
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.lives import Lives, lives_of
from paddle_operator.sla.series import (
    POD_LABEL,
    REVISION_LABEL,
    Labels,
    Series,
    label,
    series_text,
    target_of,
)
from paddle_operator.sla.unknown import time_of
from paddle_operator.spec.promise import Objective

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """Answers to the same three questions about one stretch of time."""

    observed: Interval
    requests: Answer[tuple[Series, ...]]
    durations: Answer[tuple[Series, ...]]
    """The histogram's buckets at the promised thresholds."""
    starts: Answer[tuple[Series, ...]]
    """When each process began, in seconds since 1970, at each scrape."""

    def during(self, observed: Interval) -> Reading:
        """Return what it tells of a part of its time."""
        return Reading(
            observed, *(_during(one, observed) for one in (self.requests, self.durations, self.starts))
        )

    @property
    def failure(self) -> Failed | None:
        """Why nothing can be counted, where one of the questions was not answered."""
        answers = (self.requests, self.durations, self.starts)
        return next((one for one in answers if isinstance(one, Failed)), None)


@dataclass(frozen=True, slots=True)
class Both:
    """What was counted of both metrics. No durations: there was no histogram."""

    requests: Counted
    durations: Counted | None


def counted(reading: Reading, scraping: Scraping) -> Answer[Both]:
    """Count a reading. Failed for samples that cannot be right, or cannot be told apart."""
    if reading.failure is not None:
        return reading.failure
    lives = _lives(reading)

    def of(series: tuple[Series, ...]) -> Answer[Counted]:
        wrong = _unlabelled(series) or scraped_twice(series, scraping)
        if wrong:
            return Failed(wrong)
        return count((_with_lives(one, lives) for one in series), reading.observed, scraping)

    durations = and_then(reading.durations, of)
    if isinstance(durations, Failed):
        return durations
    times = durations.value if isinstance(durations, Value) else None
    return and_then(and_then(reading.requests, of), lambda requests: Value(Both(requests, times)))


def cells(
    found: Both, objective: Objective, stretches: Sequence[Interval], exclusions: Sequence[Exclusion]
) -> Answer[tuple[Cell, ...]]:
    """Count one account's cells."""
    made = []
    for stretch in stretches:
        time = counted_time(stretch, exclusions)
        if objective.latency is not None and not has_boundary(found.durations, objective.latency):
            made.append(Cell(stretch, {}, _whole_seconds(time.total)))
            continue
        measured = indicator(objective, found.requests, found.durations or found.requests, time)
        if not isinstance(measured, Value):
            return measured
        tallies = {name: tally for name, tally in measured.value.by_revision.items() if tally.total}
        made.append(Cell(stretch, tallies, _whole_seconds(time_of(measured.value.unknown).total)))
    return Value(tuple(made))


def unknown_cells(stretches: Iterable[Interval], exclusions: Sequence[Exclusion]) -> tuple[Cell, ...]:
    """Return cells of which nothing is known."""
    return tuple(
        Cell(stretch, {}, _whole_seconds(counted_time(stretch, exclusions).total)) for stretch in stretches
    )


def first_sign(reading: Reading) -> datetime | None:
    """Return when the first process began that was sampled, as far as that is known."""
    if not isinstance(reading.requests, Value):
        return None
    lives = _lives(reading)
    signs = [
        max(reading.observed.start, _with_lives(one, lives).started or one.samples[0].at)
        for one in reading.requests.value
        if one.samples
    ]
    return min(signs, default=None)


def _lives(reading: Reading) -> Mapping[Labels, Lives]:
    """Return what is known of each target's processes."""
    series = reading.starts.value if isinstance(reading.starts, Value) else ()
    return {target_of(one.labels): lives_of(one.samples) for one in series}


def _with_lives(one: Series, lives: Mapping[Labels, Lives]) -> Series:
    known = lives.get(target_of(one.labels))
    return one if known is None else replace(one, started=known.first, restarts=known.restarts)


def scraped_twice(series: Iterable[Series], scraping: Scraping) -> str:
    """Say which pod is scraped by two jobs at once, which would count each request twice; empty: none."""
    spans: dict[str, dict[Labels, Interval]] = {}
    for one in series:
        if one.samples:
            times = [sample.at for sample in one.samples]
            targets = spans.setdefault(label(one.labels, POD_LABEL), {})
            target = target_of(one.labels)
            known = targets.get(target, Interval(times[0], times[0]))
            targets[target] = Interval(min(*times, known.start), max(*times, known.end))
    for pod, targets in spans.items():
        ordered = sorted(targets.items(), key=lambda item: item[1])
        for (one_target, first), (other, second) in pairwise(ordered):
            if first.end - second.start > scraping.longest_gap:
                return (
                    f"pod {pod} is scraped twice, as {series_text(one_target)} and as {series_text(other)}: "
                    "its requests would count twice. Leave one of the scrape jobs"
                )
    return ""


def _unlabelled(series: Iterable[Series]) -> str:
    for one in series:
        for name in (POD_LABEL, REVISION_LABEL):
            if not label(one.labels, name):
                return (
                    f"{series_text(one.labels)} has no label {name!r}: the scrape must set namespace, "
                    "service, revision and pod from the pod, as the service's PodMonitor does"
                )
    return ""


def _during(said: Answer[tuple[Series, ...]], observed: Interval) -> Answer[tuple[Series, ...]]:
    if not isinstance(said, Value):
        return said
    parts = (
        replace(one, samples=tuple(sample for sample in one.samples if sample.at in observed))
        for one in said.value
    )
    found = tuple(one for one in parts if one.samples)
    return Value(found) if found else NoData(f"no sample from {observed.start} to {observed.end}")


def _whole_seconds(length: timedelta) -> timedelta:
    return -(-length // _SECOND) * _SECOND
