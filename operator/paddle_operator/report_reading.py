"""From the metrics to a report: page after page, few samples in memory, with a record of what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from paddle_operator.metrics import queries
from paddle_operator.metrics.ports import Metrics
from paddle_operator.sla.answer import Answer, Failed, NoData, Stale, Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.ledger import Page, read_page
from paddle_operator.sla.objectives import latency_thresholds_milliseconds
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.report import Made, Subject, question_of, report_of
from paddle_operator.sla.series import Labels, Series
from paddle_operator.sla.steps import steps_of
from paddle_operator.sla.written import moment_text
from paddle_operator.spec import Service
from paddle_operator.spec.sla_report import QueryRecord, ReportedService, ReportStatus

PAGE = timedelta(hours=1)
"""Length of a page: of ten pods it holds some thirty thousand samples."""


@dataclass
class _Asked:
    """What one selector has answered so far."""

    series: set[Labels] = field(default_factory=set)
    samples: int = 0


class ReportReader:
    """Makes one report from raw samples."""

    def __init__(self, metrics: Metrics, scraping: Scraping, service: Service) -> None:
        self._metrics = metrics
        self._scraping = scraping
        identity, sla = service.identity, service.spec.sla
        about = ReportedService(name=identity.name, uid=identity.uid, generation=identity.generation)
        self._subject = Subject(about, sla, ())
        of = (identity.namespace, identity.name)
        thresholds = latency_thresholds_milliseconds(sla)
        self._requests = queries.requests(*of)
        self._durations = queries.durations(*of, thresholds) if thresholds else ""
        self._starts = queries.starts(*of)
        self._asked = {one: _Asked() for one in (self._requests, self._durations, self._starts) if one}

    async def report(
        self, period: Interval, observed: Interval, made: Made
    ) -> ReportStatus | Failed | Stale | NoData:
        """Read every page and write the report, or say why a page could not be read."""
        steps = steps_of(observed.length, self._scraping)
        question = question_of(self._subject, observed, self._scraping, steps)
        pages: list[Page] = []
        last: Page | None = None
        for part in _parts(observed):
            said = await self._read(Interval(part.start if last else question.since, part.end))
            found = await asyncio.to_thread(read_page, question, part, said, last)
            if not isinstance(found, Value):
                return found
            last = found.value
            pages.append(replace(last, requests={}, durations={}))  # what the next page needs, and no other
        return await asyncio.to_thread(
            report_of,
            self._subject,
            question,
            pages,
            period=period,
            steps=steps,
            queries=self._records(observed),
            made=made,
        )

    async def _read(self, observed: Interval) -> Reading:
        requests = await self._ask(self._requests, observed)
        if not isinstance(requests, Value):
            return Reading(observed, requests, NoData("not asked"), NoData("not asked"))
        durations = await self._ask(self._durations, observed) if self._durations else NoData("not asked")
        return Reading(observed, requests, durations, await self._ask(self._starts, observed))

    async def _ask(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        found = await self._metrics.series(selector, observed)
        if isinstance(found, Value):
            asked = self._asked[selector]
            asked.series.update(one.labels for one in found.value)
            asked.samples += sum(len(one.samples) for one in found.value)
        return found

    def _records(self, observed: Interval) -> tuple[QueryRecord, ...]:
        parts = list(_parts(observed))
        return tuple(
            QueryRecord(
                query=queries.over(selector, PAGE),
                first=moment_text(parts[0].end),
                last=moment_text(parts[-1].end),
                times=len(parts),
                series=len(asked.series),
                samples=asked.samples,
            )
            for selector, asked in self._asked.items()
        )


def _parts(observed: Interval) -> Iterator[Interval]:
    start = observed.start
    while start < observed.end:
        end = min(start + PAGE, observed.end)
        yield Interval(start, end)
        start = end
