"""A long time, page by page: raw samples of one page at a time become counts by step of time and revision.

A month of samples does not fit into memory, its counts do. Each page begins with the last sample of every
series of the pages before it, so that what is read in pages is what would be read at once: nothing is counted
twice, and a gap over the edge of a page is the same gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from paddle_operator.names import METRIC_REQUESTS
from paddle_operator.sla.answer import Answer, Failed, Value
from paddle_operator.sla.counting import Counted, Scraping, Step, can_be_counted
from paddle_operator.sla.indicators import Indicator, has_boundary, indicator
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.outcomes import OUTCOMES, Outcomes, Tally, outcomes
from paddle_operator.sla.reading import Reading, counted
from paddle_operator.sla.series import (
    NAME_LABEL,
    OUTCOME_LABEL,
    POD_LABEL,
    REVISION_LABEL,
    Labels,
    Series,
    label,
)
from paddle_operator.sla.unknown import Cause, Unknown
from paddle_operator.spec.promise import Objective

FORGOTTEN = timedelta(days=1)
"""A series without a sample for this long is gone: one that comes again under the same labels is new."""
Carried = Mapping[Labels, Series]
"""Series with their last sample only."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the counters."""

    objectives: tuple[Objective, ...]
    observed: Interval
    """The time that is asked about: none from before the service was there."""
    counted: Spans
    """What of it counts: without exclusions."""
    scraping: Scraping
    step: timedelta
    """Counts are kept by steps of this length, from the start of `observed`."""

    @property
    def since(self) -> datetime:
        """Where the samples begin: one longest gap earlier, for the baselines."""
        return self.observed.start - self.scraping.longest_gap


class Posting(NamedTuple):
    """What one revision did in one step of time, for one objective."""

    objective: str
    revision: str
    step: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Page:
    """What one stretch of time tells."""

    postings: tuple[Posting, ...] = ()
    outcomes: Mapping[str, Outcomes] = field(default_factory=dict)
    """By revision."""
    unknown: tuple[tuple[str, Unknown], ...] = ()
    """Each with the objective that it concerns; "" for all of them."""
    requests: Carried = field(default_factory=dict)
    durations: Carried = field(default_factory=dict)
    starts: Carried = field(default_factory=dict)


def read_page(question: Question, part: Interval, said: Reading, before: Page | None = None) -> Answer[Page]:
    """Read the next part of the time, given the page before it.

    The samples of the first part begin at `question.since`, those of later ones where the last part ended.
    Failed when the metrics could not be had: they may be had later. Samples that cannot be right stay what
    they are, and make the page's time unknown.
    """
    before = before or Page()
    requests, durations = _after(before.requests, said.requests), _after(before.durations, said.durations)
    starts = _after(before.starts, said.starts)
    whole = Reading(
        Interval(question.since, part.end),
        *(
            Value(tuple(series.values())) if isinstance(answer, Value) or series else answer
            for series, answer in (
                (requests, said.requests),
                (durations, said.durations),
                (starts, said.starts),
            )
        ),
    )
    if said.failure is not None:
        return said.failure
    found = counted(whole, question.scraping)
    if isinstance(found, Failed):
        return Value(_wrong(part, requests, durations, starts))
    kept = tuple(_last_samples(one, part.end) for one in (requests, durations, starts))
    if not isinstance(found, Value):
        silence = Unknown(part, Cause.SILENCE)
        return Value(Page((), {}, (("", silence),), *kept))
    told = outcomes(found.value.requests, Spans((part,)) & question.counted)
    if not isinstance(told, Value):
        return Value(_wrong(part, requests, durations, starts))
    unknown = [("", one) for one in _unknown(found.value.requests, part, before)]
    postings, blind = _posted(question, part, found.value.requests, found.value.durations)
    return Value(Page(postings, told.value, (*unknown, *blind), *kept))


def _wrong(part: Interval, requests: Carried, durations: Carried, starts: Carried) -> Page:
    """A page that tells nothing. The next one goes on from the samples that can be right."""
    unknown = Unknown(part, Cause.WRONG)
    carried = (_last_samples(one, part.end) for one in (_sound(requests), _sound(durations), starts))
    return Page((), {}, (("", unknown),), *carried)


def _unknown(told: Counted, part: Interval, before: Page) -> Iterator[Unknown]:
    """What is unknown in this part, or over its edge; the pages before have told the rest."""
    newest = max((one.samples[0].at for one in before.requests.values()), default=part.start)
    for one in told.unknown:
        if one.interval.end < part.start:
            continue
        if one.cause is Cause.SILENCE and one.interval.start < newest < part.start:
            yield Unknown(Interval(newest, one.interval.end), one.cause)
        else:
            yield one


def _posted(
    question: Question, part: Interval, requests: Counted, durations: Counted | None
) -> tuple[tuple[Posting, ...], tuple[tuple[str, Unknown], ...]]:
    """Measure every objective step by step."""
    buckets = _by_step(durations, part, question) if durations is not None else {}
    postings: list[Posting] = []
    unknown: list[tuple[str, Unknown]] = []
    for step, its in _by_step(requests, part, question).items():
        for objective in question.objectives:
            measured = _measured(objective, its, buckets.get(step), question.counted)
            postings += _postings(objective.name, step, measured)
            unknown += [(objective.name, one) for one in measured.unknown]
    return tuple(postings), tuple(unknown)


def _measured(objective: Objective, requests: Counted, durations: Counted | None, within: Spans) -> Indicator:
    """Measure one step of time. How fast it was is unknown where no pod had the promised boundary, and where
    there were more fast answers than requests, as after a restart that nobody saw."""
    if objective.latency is None or has_boundary(durations, objective.latency):
        found = indicator(objective, requests, durations or requests, within)
        if isinstance(found, Value):
            return found.value
    steps = [step for _, steps in requests.steps for step in steps if step.at in within and step.increase]
    if not steps:
        return Indicator({}, ())
    blind = Interval(min(step.since for step in steps), max(step.at for step in steps))
    return Indicator({}, (Unknown(blind, Cause.BOUNDARY),))


def _postings(objective: str, step: int, measured: Indicator) -> Iterator[Posting]:
    for revision, tally in measured.by_revision.items():
        if tally.total:
            yield Posting(objective, revision, step, tally)


def _by_step(told: Counted, part: Interval, question: Question) -> dict[int, Counted]:
    """Cut what was counted into steps of time. What is unknown is told for the whole part."""
    cut: dict[int, dict[Labels, list[Step]]] = {}
    for labels, steps in told.steps:
        for step in steps:
            if step.at in part:
                place = (step.at - question.observed.start) // question.step
                cut.setdefault(place, {}).setdefault(labels, []).append(step)
    return {
        place: Counted(tuple((labels, tuple(steps)) for labels, steps in its.items()), (), told.newest)
        for place, its in cut.items()
    }


def _after(before: Carried, said: Answer[tuple[Series, ...]]) -> dict[Labels, Series]:
    """Put the last sample of before in front of each series' own."""
    found = dict(before)
    series: Iterable[Series] = said.value if isinstance(said, Value) else ()
    for one in series:
        earlier = found.get(one.labels)
        samples = one.samples if earlier is None else earlier.samples + one.samples
        found[one.labels] = Series(one.labels, samples)
    return found


def _sound(series: Carried) -> Carried:
    """Return what can be right by itself: of a pod and a revision, of a known outcome, whole numbers."""
    return {
        labels: Series(labels, tuple(sample for sample in one.samples if can_be_counted(sample.value)))
        for labels, one in series.items()
        if label(labels, POD_LABEL)
        and label(labels, REVISION_LABEL)
        and (label(labels, NAME_LABEL) != METRIC_REQUESTS or label(labels, OUTCOME_LABEL) in OUTCOMES)
    }


def _last_samples(series: Carried, end: datetime) -> dict[Labels, Series]:
    """Keep what the next part begins with: not what lies at its first moment, which it reads itself."""
    found: dict[Labels, Series] = {}
    for labels, one in series.items():
        last = max((sample for sample in one.samples if sample.at < end), default=None)
        if last is not None and end - last.at <= FORGOTTEN:
            found[labels] = Series(labels, (last,))
    return found
