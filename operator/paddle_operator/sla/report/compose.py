"""The report on a period: from pages of counts, and the promise, to the document that people are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from paddle_operator.sla.book import Book, Told, book_of, time_by_cause
from paddle_operator.sla.burn import MinTraffic, least_traffic
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.exclusions import Exclusion, counted_time
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.ledger import Page, Question
from paddle_operator.sla.objectives import promise, sla_hash
from paddle_operator.sla.outcomes import Outcomes
from paddle_operator.sla.promises import History, changes_after
from paddle_operator.sla.report.objective import objective_report
from paddle_operator.sla.report.size import LIMIT_BYTES, fitted, longest
from paddle_operator.sla.report.written import moment_text, whole_seconds
from paddle_operator.sla.steps import Steps
from paddle_operator.sla.unknown import time_of
from paddle_operator.spec.base import FrozenJson
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.sla_report import (
    DIGEST_FORM,
    MAX_CHANGES,
    MAX_REVISIONS,
    MAX_STRETCHES,
    CauseSum,
    ExcludedTime,
    ObjectiveReport,
    OutcomeCounts,
    PromiseChange,
    QueryRecord,
    ReportedService,
    ReportStatus,
    RevisionRecord,
    Span,
    UnknownTime,
)

Elsewhere: TypeAlias = Mapping[CountedAt, Iterable[Page]]
"""What other sources than the pods tell of availability."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is reported on: the service and its promise as they are now, and what was excluded when."""

    service: ReportedService
    sla: Sla
    exclusions: tuple[Exclusion, ...]
    promises: History = ()
    """What was promised since when; empty: nobody kept it."""


@dataclass(frozen=True, slots=True)
class Made:
    """When and by whom a report is made."""

    at: datetime
    by: str


def question_of(subject: Subject, observed: Interval, scraping: Scraping, steps: Steps) -> Question:
    """Return what to ask of the counters for a report on the time in which the service was there."""
    counted = counted_time(observed, subject.exclusions)
    return Question(subject.sla.objectives, observed, counted, scraping, steps.fine)


def report_of(
    subject: Subject,
    question: Question,
    pages: Iterable[Page],
    *,
    period: Interval,
    steps: Steps,
    queries: tuple[QueryRecord, ...],
    digests: Mapping[str, str],
    made: Made,
    elsewhere: Elsewhere = MappingProxyType({}),
) -> ReportStatus:
    """Add the pages up and write the report, small enough to be stored. `digests`: of models, by revision.

    `elsewhere`: the sources besides the pods that have any sample, which availability may be judged by.
    """
    least = least_traffic(subject.sla)
    book = _judged(book_of(pages, question), elsewhere, question, least)
    unknown = tuple(_unknown(one) for one in book.unknown)
    listed = longest(unknown, MAX_STRETCHES)
    revisions = _revisions(book, question, digests)
    excluded = _excluded(subject.exclusions, question.observed)
    over = period.length
    objectives = tuple(
        objective_report(one, question, steps, book, least, over=over) for one in subject.sla.objectives
    )
    changes = tuple(
        PromiseChange(at=moment_text(at), before=before)
        for at, before in changes_after(subject.promises, question.observed.start)
    )
    sla = subject.sla.model_dump(by_alias=True, mode="json", exclude_none=True)
    written = ReportStatus(
        made_at=moment_text(made.at),
        made_by=made.by,
        period=_span(period, question),
        service=subject.service,
        summary=", ".join((*(_summary(one) for one in objectives), *_changed(changes))),
        promise=promise(subject.sla),
        sla_hash=sla_hash(subject.sla),
        promise_known_from=_known_from(subject.promises, question.observed.start),
        promise_changes=changes[-MAX_CHANGES:],
        promise_changes_left_out=len(changes[:-MAX_CHANGES]),
        requests=OutcomeCounts(**asdict(sum(book.outcomes.values(), Outcomes()))),
        objectives=objectives,
        revisions=revisions[0],
        revisions_left_out=revisions[1],
        excluded_seconds=whole_seconds(question.observed.length - question.counted.total),
        exclusions=excluded[:MAX_STRETCHES],
        exclusions_left_out=len(excluded[MAX_STRETCHES:]),
        unknown_seconds=whole_seconds(time_of(one for _, one in book.unknown).total),
        unknown_by_cause=_causes(book),
        unknown=listed,
        unknown_left_out=len(unknown) - len(listed),
        queries=queries,
    )
    return fitted(written.model_copy(update={"sla": FrozenJson.of(sla)}), LIMIT_BYTES)


def _judged(book: Book, elsewhere: Elsewhere, question: Question, least: MinTraffic) -> Book:
    """Take availability from where it is judged: at the gateway where that tells of it, and by golden
    requests where callers asked too little to tell."""
    gateway = CountedAt.GATEWAY if CountedAt.GATEWAY in elsewhere else None
    callers = book if gateway is None else book_of(elsewhere[gateway], question)
    requests = sum(one.tally.total for one in callers.outcomes.values())
    availability = [one.name for one in question.objectives if one.availability is not None]
    if CountedAt.SYNTHETIC in elsewhere and not least.reached(requests, question.counted.total):
        golden = book_of(elsewhere[CountedAt.SYNTHETIC], question)
        return book.judged_by(golden, CountedAt.SYNTHETIC, availability)
    return book if gateway is None else book.judged_by(callers, gateway, availability)


def _span(period: Interval, question: Question) -> Span:
    return Span(
        start=moment_text(period.start),
        end=moment_text(period.end),
        observed_from=moment_text(question.observed.start),
    )


def _summary(one: ObjectiveReport) -> str:
    attained = "" if one.attained_percent is None else f" {one.attained_percent} %"
    return f"{one.name} {one.verdict.value}{attained}"


def _changed(changes: Sequence[PromiseChange]) -> Iterable[str]:
    return (f"promise changed at {one.at}" for one in changes[-1:])


def _known_from(promises: History, start: datetime) -> str | None:
    return moment_text(promises[0].since) if promises and promises[0].since > start else None


def _unknown(told: Told) -> UnknownTime:
    objective, one = told
    return UnknownTime(
        start=moment_text(one.interval.start),
        end=moment_text(one.interval.end),
        cause=one.cause.value,
        pod=one.pod,
        objective=objective,
    )


def _excluded(exclusions: Iterable[Exclusion], observed: Interval) -> tuple[ExcludedTime, ...]:
    found = sorted((part, one.name) for one in exclusions for part in one.spans(observed).parts)
    return tuple(
        ExcludedTime(name=name, start=moment_text(part.start), end=moment_text(part.end))
        for part, name in found
    )


def _revisions(
    book: Book, question: Question, digests: Mapping[str, str]
) -> tuple[tuple[RevisionRecord, ...], int]:
    """Record the largest revisions in order of time, and how many are left out."""
    found = []
    for name, told in book.outcomes.items():
        steps = book.steps_of(name)
        if steps is not None:
            start = question.observed.start + steps[0] * question.step
            end = min(question.observed.start + (steps[1] + 1) * question.step, question.observed.end)
            found.append((told.tally.total, name, start, end))
    kept = sorted(found, reverse=True)[:MAX_REVISIONS]
    records = tuple(
        RevisionRecord(
            revision=name,
            model_digest=_digest(digests.get(name, "")),
            first=moment_text(start),
            last=moment_text(end),
            requests=requests,
        )
        for requests, name, start, end in sorted(kept, key=lambda one: (one[2], one[1]))
    )
    return records, len(found) - len(kept)


def _digest(told: str) -> str:
    """A digest as a metric tells it; whoever may write metrics could have put anything there."""
    return told if re.fullmatch(DIGEST_FORM, told) else ""


def _causes(book: Book) -> tuple[CauseSum, ...]:
    return tuple(
        CauseSum(cause=cause.value, seconds=whole_seconds(length), stretches=stretches)
        for cause, (length, stretches) in time_by_cause(book.unknown).items()
    )
