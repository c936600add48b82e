"""Builders: the report on pods and proxies, read in pages; what it says of an objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from paddle_operator.sla import golden
from paddle_operator.sla.answer import NoData, Value
from paddle_operator.sla.exclusions import Exclusion
from paddle_operator.sla.gateway import counters
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.ledger import Page, Question, read_page
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.report.compose import Made, Subject, question_of, report_of
from paddle_operator.sla.series import Series
from paddle_operator.sla.steps import Steps
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.sla_report import (
    ObjectiveReport,
    ReportedService,
    ReportStatus,
)
from tests.operator.sla.counters import SCRAPING, at, known
from tests.operator.sla.proxies import Proxy
from tests.operator.sla.traffic import Pod, every, reading, scrapes

HOUR = 3600
STEPS = Steps(timedelta(minutes=5), timedelta(minutes=15))
SLA = Sla.model_validate_json(
    """{"objectives": [
        {"name": "up", "availability": {"targetPercent": "99"}},
        {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}]}"""
)


def reported(
    pods: Sequence[Pod],
    period: Interval,
    *,
    exclusions: tuple[Exclusion, ...] = (),
    cuts: Sequence[float] = (),
    sla: Sla = SLA,
    digests: Mapping[str, str] | None = None,
    gateway: Sequence[Proxy] = (),
    asked: Sequence[Pod] = (),
) -> ReportStatus:
    """The report on a period that is read in pages with these borders. `asked`: operators, each by the golden
    requests that it sent."""
    subject = Subject(ReportedService(name="calm", uid="u", generation=7), sla, exclusions)
    question = question_of(subject, period, SCRAPING, STEPS)
    borders = [period.start, *(at(cut) for cut in cuts), period.end]

    def read(said: Callable[[Interval], Reading], of: Question) -> list[Page]:
        pages: list[Page] = []
        for start, end in pairwise(borders):
            observed = Interval(start if pages else question.since, end)
            before = pages[-1] if pages else None
            pages.append(known(read_page(of, Interval(start, end), said(observed), before)))
        return pages

    up = replace(question, objectives=sla.objectives[:1])
    elsewhere = {}
    if gateway:
        elsewhere[CountedAt.GATEWAY] = read(lambda observed: answered(gateway, observed), up)
    if asked:
        elsewhere[CountedAt.SYNTHETIC] = read(lambda observed: sent(asked, observed), up)
    return report_of(
        subject,
        question,
        read(lambda observed: reading(pods, observed), question),
        period=period,
        steps=STEPS,
        queries=(),
        digests=digests or {},
        made=Made(at(2 * HOUR), "test 1"),
        elsewhere=elsewhere,
    )


def answered(gateway: Sequence[Proxy], observed: Interval) -> Reading:
    """What a reading of these proxies tells of a time."""
    series = (one for place, proxy in enumerate(gateway) for one in proxy.series(f"envoy-{place}"))
    parts = (Series(one.labels, tuple(s for s in one.samples if s.at in observed)) for one in series)
    said = counters(one for one in parts if one.samples)
    return Reading(observed, Value(said) if said else NoData("none"), NoData("none"), NoData("none"))


def sent(asked: Sequence[Pod], observed: Interval) -> Reading:
    """What a reading of the operators' counters tells of a time."""
    found = reading(asked, observed).requests
    series = found.value if isinstance(found, Value) else ()
    theirs = [Series(one.labels - {("revision", ""), ("service", "calm")}, one.samples) for one in series]
    said = golden.counters(theirs)
    return Reading(observed, Value(said) if said else NoData("none"), NoData("none"), NoData("none"))


def the(report: ReportStatus, name: str) -> ObjectiveReport:
    return next(one for one in report.objectives if one.name == name)


def shares(one: ObjectiveReport) -> dict[str, Tally]:
    return {its.revision: Tally(its.good, its.total - its.good) for its in one.revisions}


def steady(name: str = "a", revision: str = "r1", **event: object) -> Pod:
    """An hour of one request every ten seconds."""
    return Pod(name, revision, (-30,), scrapes(-15, HOUR + 60), every(10, 1, HOUR, **event))
