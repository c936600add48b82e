"""From the metrics to a report: page after page, few samples in memory, with a record of what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from paddle_operator.metrics import queries
from paddle_operator.metrics.ports import Metrics
from paddle_operator.metrics.sources import sources_of
from paddle_operator.sla.answer import Answer, Failed, NoData, Stale, Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.ledger import Page, read_page
from paddle_operator.sla.promises import History, in_force
from paddle_operator.sla.report.compose import Made, Subject, question_of, report_of
from paddle_operator.sla.report.written import moment_text
from paddle_operator.sla.series import DIGEST_LABEL, REVISION_LABEL, Labels, Series, label
from paddle_operator.sla.steps import steps_of
from paddle_operator.spec import Service
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.sla_report import QueryRecord, ReportedService, ReportStatus

PAGE = timedelta(hours=1)
"""Length of a page: of ten pods it holds some thirty thousand samples."""


@dataclass
class _Asked:
    """What one question has answered so far."""

    query: str
    moments: list[datetime] = field(default_factory=list)
    series: set[Labels] = field(default_factory=set)
    samples: int = 0

    def add(self, at: datetime, answer: Answer[tuple[Series, ...]]) -> None:
        """Remember an answer, the empty ones, too."""
        self.moments.append(at)
        if isinstance(answer, Value):
            self.series.update(one.labels for one in answer.value)
            self.samples += sum(len(one.samples) for one in answer.value)


class ReportReader:
    """Makes one report from raw samples."""

    def __init__(self, metrics: Metrics, scraping: Scraping, service: Service, promises: History) -> None:
        self._metrics = metrics
        self._scraping = scraping
        identity, sla = service.identity, service.spec.sla
        about = ReportedService(name=identity.name, uid=identity.uid, generation=identity.generation)
        self._subject = Subject(about, sla, in_force(promises), promises)
        of = (identity.namespace, identity.name)
        self._sources = sources_of(service)
        self._models = queries.digests(*of)
        self._asked: dict[str, _Asked] = {}
        self._digests: dict[str, str] = {}

    async def report(
        self, period: Interval, observed: Interval, made: Made
    ) -> ReportStatus | Failed | Stale | NoData:
        """Read every page and write the report, or say why a page could not be read."""
        steps = steps_of(observed.length, self._scraping)
        question = question_of(self._subject, observed, self._scraping, steps)
        pages: dict[CountedAt, list[Page]] = {one.at: [] for one in self._sources}
        last: dict[CountedAt, Page] = {}
        seen: set[CountedAt] = set()
        for part in _parts(observed):
            for source in self._sources:
                before = last.get(source.at)
                said = await source.read(
                    self._ask, Interval(part.start if before else question.since, part.end)
                )
                about = replace(question, objectives=source.objectives)
                found = await asyncio.to_thread(read_page, about, part, said, before)
                if not isinstance(found, Value):
                    return found
                last[source.at] = found.value
                seen |= {source.at} if found.value.requests else set()
                # what the next page needs, and no other
                pages[source.at].append(replace(found.value, requests={}, durations={}))
            await self._learn_digests(last[CountedAt.RUNTIME])
        return await asyncio.to_thread(
            report_of,
            self._subject,
            question,
            pages[CountedAt.RUNTIME],
            period=period,
            steps=steps,
            queries=self._records(),
            digests=self._digests,
            made=made,
            elsewhere={at: pages[at] for at in seen - {CountedAt.RUNTIME}},
        )

    async def _ask(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        found = await self._metrics.series(selector, observed)
        self._record(queries.raw(selector, PAGE)).add(observed.end, found)
        return found

    async def _learn_digests(self, page: Page) -> None:
        """Ask which model a revision serves when it is seen for the first time, at its newest sample."""
        for revision in page.outcomes.keys() - self._digests.keys():
            its = (
                one.samples[0].at
                for labels, one in page.requests.items()
                if (REVISION_LABEL, revision) in labels
            )
            seen = max(its, default=None)
            if seen is not None:
                found = await self._metrics.instant(self._models, seen)
                self._record(self._models).add(seen, found)
                for one in found.value if isinstance(found, Value) else ():
                    self._digests.setdefault(
                        label(one.labels, REVISION_LABEL), label(one.labels, DIGEST_LABEL)
                    )

    def _record(self, query: str) -> _Asked:
        return self._asked.setdefault(query, _Asked(query))

    def _records(self) -> tuple[QueryRecord, ...]:
        return tuple(
            QueryRecord(
                query=one.query,
                first=moment_text(min(one.moments)),
                last=moment_text(max(one.moments)),
                times=len(one.moments),
                series=len(one.series),
                samples=one.samples,
            )
            for one in self._asked.values()
        )


def _parts(observed: Interval) -> Iterator[Interval]:
    start = observed.start
    while start < observed.end:
        end = min(start + PAGE, observed.end)
        yield Interval(start, end)
        start = end
