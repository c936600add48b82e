"""Measuring: read what is counted, ask the metrics what happened since, count it, and keep it.

A look never waits long: one that has much to count goes on with it at the next look. What was counted since
the record was last written is kept in memory, and only so that it need not be read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from paddle_operator.cluster.ports import Cluster, Key, Observation
from paddle_operator.errors import ClusterRefused
from paddle_operator.metrics.ports import Metrics
from paddle_operator.metrics.queries import questions_of
from paddle_operator.metrics.reading import read
from paddle_operator.plan.memory import Stored
from paddle_operator.plan.record import sla_record, stored_record
from paddle_operator.sla.answer import Failed
from paddle_operator.sla.cells import FINE, Cell, floor
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.exclusions import exclusions_of
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.measured import FIGURES_STAY, Measured, borders_of, measured, window_of
from paddle_operator.sla.measuring import LONGEST_STRETCH, Step, Terms, advance, observed_for, stretch_after
from paddle_operator.sla.objectives import latency_thresholds_milliseconds, sla_hash
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.record import Record, fitted, record_from, text_of
from paddle_operator.spec import Service
from paddle_operator.spec.promise import Sla

AGAIN_SECONDS = 1.0
"""Who has more to count is looked at again so soon."""
WRITTEN_EVERY = timedelta(minutes=1)
"""While much is counted at once the record is written this often: what is lost is counted again."""
LONGEST_UNWRITTEN = timedelta(days=1)
"""Time without requests is written this often; all else as soon as it is counted for good."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Held:
    """What this process knows beyond the stored record."""

    uid: str
    sla_hash: str
    stored: str
    """The stored text that `text` goes on from: another one was written by somebody else."""
    text: str
    open: Mapping[str, Cell]
    """What was counted after it and may still change."""
    at: datetime
    measured: Measured
    shown_at: datetime
    """When its figures were counted: they stay for a while."""
    tried_at: datetime | None
    """When the record was last written, or was to be."""
    failed: bool
    """The last look got no answer, or a wrong one."""
    longest: timedelta
    """How much time the next step may count: less after one that took too long."""


class Measuring:
    """Measures services by one Prometheus."""

    def __init__(
        self,
        metrics: Metrics,
        cluster: Cluster,
        scraping: Scraping,
        *,
        interval_seconds: float,
        limit_seconds: float,
    ) -> None:
        self._metrics = metrics
        self._cluster = cluster
        self._scraping = scraping
        self._interval_seconds = interval_seconds
        self._limit_seconds = limit_seconds
        self._held: dict[Key, _Held] = {}

    async def __call__(self, key: Key, service: Service, seen: Observation, now: datetime) -> Measured:
        """Measure a service, at most once an interval unless more is to be counted at once."""
        promise, held = sla_hash(service.spec.sla), self._held.get(key)
        there = stored_record(seen.objects)
        stored = there.text if there else ""
        if held is not None and (held.uid, held.stored) != (seen.uid, stored):
            held = None
        if held is not None and held.sla_hash == promise and self._is_fresh(held, now):
            return held.measured
        record = _record(key, held.text if held else stored) or _new_record(service, seen, now)
        longest = held.longest if held else LONGEST_STRETCH
        step, longest = await self._count(service, record, now, longest)
        if held is not None and not step.open and step.record.until == record.until:
            step = replace(step, open=held.open)  # nobody answered: what was known is still known
        first, borders = window_of(service.spec.sla, now).start, borders_of(service.spec.sla, now)
        kept = await asyncio.to_thread(fitted, step.record, now, first, borders)
        found = measured(service.spec.sla, step, now)
        known = _record(key, stored)
        failed = isinstance(step.metrics, Failed)
        first_failure = failed and not step.behind and not (held is not None and held.failed)
        found = replace(found, holds=first_failure or (step.behind and known is not None))
        shown_at = now
        if held is not None and held.sla_hash == promise and _may_stay(held, found, now):
            found, shown_at = replace(found, figures=held.measured.figures), held.shown_at
        text, tried_at = text_of(kept), held.tried_at if held else None
        soon = step.behind and tried_at is not None and now - tried_at < WRITTEN_EVERY
        if _is_news(kept, known) and not soon:
            tried_at = now
            stored = text if await self._write(key, service, text, there) else stored
        self._held[key] = _Held(
            seen.uid, promise, stored, text, step.open, now, found, shown_at, tried_at, failed, longest
        )
        return found

    def pause_seconds(self, found: Measured) -> float:
        """Return when the next look is due."""
        return AGAIN_SECONDS if found.behind else self._interval_seconds

    def forget(self, key: Key) -> None:
        """Forget a service that is gone."""
        self._held.pop(key, None)

    def _is_fresh(self, held: _Held, now: datetime) -> bool:
        age = (now - held.at).total_seconds()
        return not held.measured.behind and 0 <= age < self._interval_seconds

    async def _count(
        self, service: Service, record: Record, now: datetime, longest: timedelta
    ) -> tuple[Step, timedelta]:
        """Go on stretch by stretch until now, or until it took long enough; says how long the next may be."""
        terms = _terms(service.spec.sla, self._scraping, now)
        clock = asyncio.get_running_loop().time
        enough = clock() + self._limit_seconds / 2
        step: Step | None = None
        try:
            async with asyncio.timeout(self._limit_seconds):
                while True:
                    stretch = stretch_after(record, now, longest)
                    reading = await self._read(service, observed_for(stretch, self._scraping, now))
                    step = await asyncio.to_thread(advance, record, stretch, reading, terms, now)
                    if not step.behind:
                        return step, LONGEST_STRETCH
                    longest = _next_stretch(step.record.until - record.until)
                    if clock() > enough:
                        return step, longest
                    record = step.record
        except TimeoutError:
            shorter = max(longest / 2, FINE)
            if step is not None:
                return step, shorter
            why = f"Prometheus takes longer than {self._limit_seconds:g} s to tell what happened"
            return Step(record, {}, Failed(why), behind=False), shorter

    async def _read(self, service: Service, observed: Interval) -> Reading:
        of, thresholds = service.identity, latency_thresholds_milliseconds(service.spec.sla)
        return await read(self._metrics.series, questions_of(of.namespace, of.name, thresholds), observed)

    async def _write(self, key: Key, service: Service, text: str, there: Stored | None) -> bool:
        wanted = sla_record(service.identity, text, there.version if there else "")
        try:
            await self._cluster.apply(key, wanted, is_new=there is None)
        except ClusterRefused as refused:  # it stays in memory, and is written with what is counted next
            logger.warning("%s: what was counted could not be written: %s", key, refused)
            return False
        return True


def _may_stay(held: _Held, found: Measured, now: datetime) -> bool:
    """Whether the figures that were shown last need not be replaced yet."""
    counting = held.measured.behind or found.behind
    return not counting and now - held.shown_at < FIGURES_STAY and found.means_what(held.measured)


def _next_stretch(counted: timedelta) -> timedelta:
    """Return how much time to read next: where samples are wrong little of it can be counted at once."""
    return min(LONGEST_STRETCH, 2 * max(counted, FINE))


def _terms(sla: Sla, scraping: Scraping, now: datetime) -> Terms:
    return Terms(sla.objectives, exclusions_of(sla), scraping, borders_of(sla, now))


def _record(key: Key, text: str) -> Record | None:
    if not text:
        return None
    try:
        return record_from(text)
    except ValueError as unreadable:
        logger.warning("%s: the stored record is made anew from Prometheus: %s", key, unreadable)
        return None


def _new_record(service: Service, seen: Observation, now: datetime) -> Record:
    """Begin with the window, or with the resource where it is younger."""
    created = seen.body["metadata"].get("creationTimestamp")
    start = floor(window_of(service.spec.sla, now).start, FINE)
    if created:
        start = max(start, min(datetime.fromisoformat(created), now))
    return Record(start, {})


def _is_news(record: Record, stored: Record | None) -> bool:
    if stored is None:
        return any(cell.requests for cells in record.accounts.values() for cell in cells)
    return record.requests_since(stored.until) or record.until - stored.until >= LONGEST_UNWRITTEN
