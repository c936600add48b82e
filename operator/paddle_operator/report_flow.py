"""THE FLOW OF REPORTS: what a schedule has made due is asked for, and what was asked for is made.

As level-triggered as the flow of services: whatever happened, what is due follows from the schedule and the
reports that are there, and what is to be made from reports without a result. A report that was begun and not
finished is begun again; its name is that of its period, so there is never a second one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from paddle_operator.cluster.ports import Key, Order, Orders, ReportKey, Shelves, created
from paddle_operator.errors import ClusterRefused, SpecRejected
from paddle_operator.metrics.ports import Metrics
from paddle_operator.plan.record import kept_promises, stored_record
from paddle_operator.reasons import Reason
from paddle_operator.report_reading import ReportReader
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.promises import History, with_present
from paddle_operator.sla.report.compose import Made
from paddle_operator.sla.report.order import LATE, asked_period
from paddle_operator.sla.report.period import last_planned, next_planned, outlived
from paddle_operator.sla.report.written import moment_text
from paddle_operator.sla.schedule import parse_schedule
from paddle_operator.spec import Service, parse
from paddle_operator.spec.sla_report import ReportStatus
from paddle_operator.spec.sla_report_parse import parse_report
from paddle_operator.status.sla_report import Waiting, made, scheduled_report, waiting

AGAIN_SECONDS = 120.0
"""A report that cannot be made yet is looked at again after this."""
LONGEST_SECONDS = 6 * 3600.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReportFlow:
    """The flow with what it needs of the world."""

    shelves: Shelves
    orders: Orders
    metrics: Metrics | None
    scraping: Scraping
    program: str
    now: Callable[[], datetime]
    look_at: Callable[[Key], None] = lambda key: None
    """Asks for a look at a service, whose status tells what was refused."""
    _refused: dict[ReportKey, tuple[Key, ClusterRefused]] = field(default_factory=dict)

    async def __call__(self, key: ReportKey) -> float | None:
        """Look at a service's schedule, or at one report; returns the seconds to the next look.

        ClusterRefused where something could not be read or written: it is tried again after a growing pause.
        """
        pause = await (self._schedule(key.key) if key.is_service else self._report(key.key))
        if (mended := self._refused.pop(key, None)) is not None:
            self.look_at(mended[0])
        return pause

    def refused(self, service: Key) -> tuple[ClusterRefused, ...]:
        """Return what could not be written lately for a service's reports."""
        return tuple(why for whose, why in self._refused.values() if whose == service)

    @contextmanager
    def _writing(self, key: ReportKey, service: Key) -> Iterator[None]:
        """Remember a refusal until the same look comes through: nothing that is stored would tell of it."""
        try:
            yield
        except ClusterRefused as why:
            self._refused[key] = service, why
            self.look_at(service)
            raise

    async def _schedule(self, key: Key) -> float | None:
        """Ask for the report that is due, and delete those that are outlived."""
        shelf = await self.shelves.shelf(key)
        if shelf is None:
            return None
        try:
            reporting = parse(shelf.service).spec.reporting
        except SpecRejected:  # its own status says so
            return None
        if reporting is None:
            return None
        now = self.now()
        schedule = parse_schedule(reporting.schedule, ZoneInfo(reporting.time_zone))
        due = last_planned(key.name, schedule, shelf.created, now)
        ends = dict(shelf.ends)
        if due is not None and due.name not in ends:
            logger.info("%s: report %s is due", key, due.name)
            with self._writing(ReportKey(True, key), key):
                await self.shelves.create(scheduled_report(key.namespace, key.name, due))
            ends[due.name] = due.period.end
        for name in outlived(ends.items(), reporting.retain):
            logger.info("%s: report %s is older than the newest %d", key, name, reporting.retain)
            with self._writing(ReportKey(True, key), key):
                await self.shelves.delete(key, name)
        later = next_planned(schedule, now)
        return None if later is None else min((later - now).total_seconds(), LONGEST_SECONDS)

    async def _report(self, key: Key) -> float | None:
        """Make one report, or say why that is not possible yet."""
        order = await self.orders.order(key)
        if order is None or order.complete:
            return None
        now = self.now()
        try:
            found = await self._make(order, now)
        except SpecRejected as rejected:
            found = Waiting(Reason.INVALID_SPEC, str(rejected), None)
        if isinstance(found, Waiting):
            await self._tell(key, order, waiting(order.body, found, now))
            return found.seconds
        logger.info("%s: report made: %s", key, found.summary)
        await self._tell(key, order, made(order.body, found, now))
        return None

    async def _tell(self, key: Key, order: Order, status: Mapping[str, Any]) -> None:
        """Write a report's status, if that says something new."""
        if status != order.body.get("status"):
            with self._writing(ReportKey(False, key), Key(key.namespace, order.about)):
                await self.orders.tell(order, status)

    async def _make(self, order: Order, now: datetime) -> ReportStatus | Waiting:
        job = _job(order, now)
        if isinstance(job, Waiting):
            return job
        if self.metrics is None:
            why = "the operator was given no Prometheus to ask: set PADDLE_OPERATOR_PROMETHEUS_URL"
            return Waiting(Reason.METRICS_NOT_CONFIGURED, why, LONGEST_SECONDS)
        reader = ReportReader(self.metrics, self.scraping, job.service, job.promises)
        found = await reader.report(job.period, job.observed, Made(now, self.program))
        if isinstance(found, ReportStatus):
            return found
        return Waiting(Reason.METRICS_FAILED, found.why, AGAIN_SECONDS)


@dataclass(frozen=True)
class _Job:
    """A report that can be made."""

    service: Service
    period: Interval
    observed: Interval
    """What of the period the service was there for."""
    promises: History


def _job(order: Order, now: datetime) -> _Job | Waiting:
    """Read what was asked for; raise SpecRejected where that makes no sense."""
    asked = parse_report(order.body)
    name = asked.service_ref.name
    if order.service is None:
        return Waiting(Reason.SERVICE_MISSING, f"there is no PaddleModelService {name}", AGAIN_SECONDS)
    try:
        service = parse(order.service)
    except SpecRejected as rejected:
        return Waiting(Reason.INVALID_SPEC, f"PaddleModelService {name}: {rejected}", AGAIN_SECONDS)
    period = asked_period(asked.period, service.spec.sla, order.created)
    ends = moment_text(period.end)
    wait = (period.end + LATE - now).total_seconds()
    if wait > 0:
        return Waiting(Reason.PERIOD_NOT_OVER, f"the period ends at {ends}", min(wait, LONGEST_SECONDS))
    born = created(order.service)
    since = max(period.start, born)
    if since >= period.end:
        why = f"{name} was created at {moment_text(since)}, after the period's end at {ends}"
        return Waiting(Reason.SERVICE_TOO_YOUNG, why, None)
    kept = kept_promises(stored_record([order.record] if order.record else []))
    promises = with_present(kept, service.spec.sla, born, now)
    return _Job(service, period, Interval(since, period.end), promises)
