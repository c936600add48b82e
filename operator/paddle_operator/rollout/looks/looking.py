"""From raw counters of two revisions to what came since the last look, in whole numbers. Pure.

    a value      both revisions were scraped since the last look; no request is a value, too
    no data      one of them was not, or is not scraped at all, or nobody knows how fast it was
    stale        the newest sample of one of them is too old to say anything about now
    failed       nobody answered, or with samples that cannot be right

Without a value nothing is counted on, and what was counted meanwhile is in the next value: of both revisions
over the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from paddle_operator import names
from paddle_operator.rollout.gate.counts import NOTHING, Counts
from paddle_operator.rollout.gate.judge import Pair
from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.looks.remembered import Counters
from paddle_operator.rollout.looks.warming import Scrape, warming
from paddle_operator.sla.answer import Answer, NoData, Stale, Value, and_then, together
from paddle_operator.sla.counting import Counted, Scraping
from paddle_operator.sla.indicators import has_boundary, indicator
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.reading import Both, Reading, counted
from paddle_operator.sla.series import (
    ALL_CODES,
    CALLER_LEFT,
    CODE_LABEL,
    NAME_LABEL,
    OUTCOME_LABEL,
    POD_LABEL,
    REVISION_LABEL,
    Series,
    label,
    target_of,
)
from paddle_operator.sla.unknown import Cause, Unknown
from paddle_operator.spec.promise import Objective

WARM_UP = timedelta(seconds=15)
"""How fast a process answers in its first seconds with requests says nothing about the revision."""
LOOK_BACK = timedelta(minutes=5)
"""So long before the last look a process may have begun that was not scraped until then."""
LONGEST = timedelta(hours=1)
"""No look reads more: whoever was away for longer goes on from the counters that are remembered."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """Who is compared."""

    canary: str
    stable: str | None
    """None where it takes no traffic: then there is nothing to compare with."""

    @property
    def scraped(self) -> tuple[str, ...]:
        """Those that must be scraped."""
        return (self.canary,) if self.stable is None else (self.canary, self.stable)


@dataclass(frozen=True, slots=True)
class Question:
    """How the samples of one source are read."""

    revisions: Revisions
    objectives: tuple[Objective, ...]
    scraping: Scraping
    warm_up: timedelta = WARM_UP


@dataclass(frozen=True, slots=True)
class Seen:
    """What one source told."""

    counts: Mapping[str, Answer[Pair]]
    """By objective, and REFUSED where it has a value."""
    counters: Counters
    unseen: tuple[Unknown, ...] = ()
    """Time of which a pod cannot tell, found out since the last look: what it did then is in no count."""
    early: Mapping[str, int] = field(default_factory=dict)
    """By revision, requests while it warmed up: in no count of a latency objective."""
    totals: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Where the counters of requests stand, by revision and outcome."""


def observed_since(counters: Counters, now: datetime) -> Interval:
    """Return the time whose samples are needed; of no length where there is none yet. The last look is later
    than this one where a clock was set back."""
    start = max(counters.begin, min(counters.until, now) - LOOK_BACK, now - LONGEST)
    return Interval(min(start, now), now)


def nothing(question: Question, why: Answer[Pair], counters: Counters) -> Seen:
    """Say the same of every objective, and that nothing was counted."""
    return Seen({one.name: why for one in question.objectives}, counters)


def seen(question: Question, said: Answer[tuple[Series, ...]], observed: Interval, before: Counters) -> Seen:
    """Count what came since the last look, given all samples that were observed."""
    if not isinstance(said, Value):
        return nothing(question, said, before)
    reading = _reading(said.value, observed, before)
    found = counted(reading, question.scraping)
    read = Counters(before.of, before.begin, observed.end, before.last)  # leaves wrong samples behind
    if not isinstance(found, Value):
        return nothing(question, found, read)
    fresh = _since(found.value, before)
    series = reading.requests.value if isinstance(reading.requests, Value) else ()
    scraped = together(
        _scraped(revision, fresh.requests, series, observed, question.scraping)
        for revision in question.revisions.scraped
    )
    if not isinstance(scraped, Value):
        return nothing(question, scraped, before)
    early = warming(found.value.requests, series, question.warm_up) if fresh.durations else frozenset()
    warm = Both(_without(fresh.requests, early), fresh.durations and _without(fresh.durations, early))
    within = Spans((reading.observed,))
    measured = {
        one.name: _measured(one, warm if one.latency is not None else fresh, question.revisions, within)
        for one in question.objectives
    }
    unseen = {one for each in measured.values() if isinstance(each, Value) for one in each.value[1]}
    counts = {name: and_then(each, lambda told: Value(told[0])) for name, each in measured.items()}
    return Seen(
        {**counts, REFUSED: Value(_refused(fresh.requests, question.revisions))},
        before.after(_all(reading), observed.end),
        tuple(sorted(_found_out(unseen, series, before))),
        _requests(fresh.requests, early),
        _totals(series),
    )


def _reading(series: Iterable[Series], observed: Interval, before: Counters) -> Reading:
    """Sort the series by what they tell, each with the sample before it from the last look."""
    of: dict[str, list[Series]] = {}
    start = observed.start
    for one in series:
        base, whole = before.base(one.labels), one
        if base is not None:
            start = min(start, base.at)
            if all(sample.at != base.at for sample in one.samples):
                whole = replace(one, samples=(base, *one.samples))
        of.setdefault(label(one.labels, NAME_LABEL), []).append(whole)

    def answer(found: list[Series] | None) -> Answer[tuple[Series, ...]]:
        return Value(tuple(found)) if found else NoData("there is no such series")

    durations = answer(of.pop(names.METRIC_DURATION_BUCKETS, None))
    starts = answer(of.pop(names.METRIC_PROCESS_START, None))
    requests = answer([one for some in of.values() for one in some])
    return Reading(Interval(start, observed.end), requests, durations, starts)


def _all(reading: Reading) -> Iterable[Series]:
    for answer in (reading.requests, reading.durations, reading.starts):
        yield from answer.value if isinstance(answer, Value) else ()


def _since(found: Both, before: Counters) -> Both:
    """Leave out what was counted at the last look, which is read again for what lies around it."""

    def of(told: Counted) -> Counted:
        steps = []
        for labels, its in told.steps:
            base = before.base(labels)
            steps.append((labels, tuple(one for one in its if base is None or one.at > base.at)))
        return replace(told, steps=tuple(steps))

    return Both(of(found.requests), found.durations and of(found.durations))


def _found_out(unseen: Iterable[Unknown], series: Iterable[Series], before: Counters) -> Iterator[Unknown]:
    """Leave out what the last look has told. A sample that it did not have may tell of time before it."""
    known: dict[str, datetime] = {}
    for one in series:
        if (base := before.base(one.labels)) is not None:
            pod = label(one.labels, POD_LABEL)
            known[pod] = max(base.at, known.get(pod, base.at))
    for found in unseen:
        by_silence = found.cause in (Cause.END, Cause.SILENCE)
        since = before.until if by_silence else known.get(found.pod, before.begin)
        if found.interval.end > since:
            yield found


def _scraped(
    revision: str, fresh: Counted, series: Iterable[Series], observed: Interval, scraping: Scraping
) -> Answer[datetime]:
    """Return when a revision was scraped last, where that was since the last look."""
    times = [
        sample.at for one in series if label(one.labels, REVISION_LABEL) == revision for sample in one.samples
    ]
    if not times:
        return NoData(f"no sample of {revision} from {observed.start} to {observed.end}")
    newest = max(times)
    if observed.end - newest > scraping.longest_gap:
        return Stale(newest, f"the last sample of {revision} is of {newest}")
    if not any(its for labels, its in fresh.steps if label(labels, REVISION_LABEL) == revision):
        return NoData(f"{revision} was not scraped again since {newest}")
    return Value(newest)


def _without(told: Counted, left_out: frozenset[Scrape]) -> Counted:
    steps = (
        (labels, tuple(one for one in its if (target_of(labels), one.at) not in left_out))
        for labels, its in told.steps
    )
    return replace(told, steps=tuple(steps))


def _measured(
    objective: Objective, both: Both, revisions: Revisions, within: Spans
) -> Answer[tuple[Pair, tuple[Unknown, ...]]]:
    if objective.latency is not None and not has_boundary(both.durations, objective.latency):
        why = f"no pod has the boundary {objective.latency.threshold_milliseconds} ms yet"
        return NoData(f"{why}: nobody knows how fast the answers were")
    found = indicator(objective, both.requests, both.durations or both.requests, within)
    if not isinstance(found, Value):
        return found
    tallies = [found.value.by_revision.get(one, Tally()) for one in revisions.scraped]
    for revision, tally in zip(revisions.scraped, tallies, strict=True):
        if not tally.total and _requests(both.requests).get(revision):
            return NoData(f"nobody knows how fast {revision} answered: its pods have no such boundary yet")
    counts = [*(Counts(one.total, one.bad) for one in tallies), NOTHING]
    return Value((Pair(counts[0], counts[1]), found.value.unknown))


def _requests(told: Counted, among: frozenset[Scrape] | None = None) -> dict[str, int]:
    """Return how many requests count, by revision: all, or those that these scrapes saw."""
    found: dict[str, int] = {}
    for labels, its in told.steps:
        if label(labels, OUTCOME_LABEL) != "invalid":
            target, revision = target_of(labels), label(labels, REVISION_LABEL)
            number = sum(one.increase for one in its if among is None or (target, one.at) in among)
            found[revision] = found.get(revision, 0) + number
    return {revision: number for revision, number in found.items() if number}


def _refused(told: Counted, revisions: Revisions) -> Pair:
    """Return all requests, and which of them were refused as the caller's mistake.

    `all` is no outcome, and who left before an answer was refused by nobody.
    """
    found = dict.fromkeys(revisions.scraped, NOTHING)
    for labels, its in told.steps:
        revision = label(labels, REVISION_LABEL)
        if revision in found and label(labels, CODE_LABEL) not in (ALL_CODES, CALLER_LEFT):
            number = sum(one.increase for one in its)
            is_refused = label(labels, OUTCOME_LABEL) == "invalid"
            found[revision] += Counts(number, number if is_refused else 0)
    counts = [*(found[revision] for revision in revisions.scraped), NOTHING]
    return Pair(counts[0], counts[1])


def _totals(series: Iterable[Series]) -> dict[str, dict[str, int]]:
    """Return where the counters stand, by revision and outcome."""
    found: dict[str, dict[str, int]] = {}
    for one in series:
        of = found.setdefault(label(one.labels, REVISION_LABEL), {})
        is_all = label(one.labels, CODE_LABEL) == ALL_CODES  # of a proxy, and no outcome
        outcome = "all" if is_all else label(one.labels, OUTCOME_LABEL)
        of[outcome] = of.get(outcome, 0) + int(max(one.samples).value)
    return found
