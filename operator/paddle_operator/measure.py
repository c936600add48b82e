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
from paddle_operator.metrics.sources import Source, sources_of
from paddle_operator.plan.memory import Stored
from paddle_operator.plan.record import PROMISES, kept_promises, key_of, sla_record, stored_record
from paddle_operator.sla.answer import Failed
from paddle_operator.sla.cells import FINE, Cell, floor
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.exclusions import Exclusion
from paddle_operator.sla.measured import FIGURES_STAY, Measured, borders_of, measured, window_of
from paddle_operator.sla.measuring import LONGEST_STRETCH, Step, Terms, advance, observed_for, stretch_after
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.sla.promises import History, in_force, with_present
from paddle_operator.sla.promises import text_of as promises_text
from paddle_operator.sla.record import Record, fitted, record_from, text_of
from paddle_operator.spec import Service
from paddle_operator.spec.report import CountedAt

AGAIN_SECONDS = 1.0
"""Who has more to count is looked at again so soon."""
WRITTEN_EVERY = timedelta(minutes=1)
"""While much is counted at once the record is written this often: what is lost is counted again."""
LONGEST_UNWRITTEN = timedelta(days=1)
"""Time without requests is written this often; all else as soon as it is counted for good."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Progress:
    """How far a source is counted, beyond its stored record."""

    text: str
    """Its record as it would be stored."""
    open: Mapping[str, Cell]
    """What was counted after it and may still change."""
    longest: timedelta
    """How much time the next step may count: less after one that took too long."""


@dataclass(frozen=True)
class _Held:
    """What this process knows beyond the stored records."""

    uid: str
    sla_hash: str
    stored: Mapping[str, str]
    """The stored texts that `progress` goes on from: others were written by somebody else."""
    progress: Mapping[CountedAt, _Progress]
    at: datetime
    measured: Measured
    shown_at: datetime
    """When its figures were counted: they stay for a while."""
    tried_at: datetime | None
    """When the records were last written, or were to be."""
    failed: bool
    """The last look got no answer, or a wrong one."""


@dataclass(frozen=True)
class _Counted:
    """What one look made of one source."""

    step: Step
    progress: _Progress
    is_news: bool
    """What is to be stored of it is not stored yet."""
    begun: bool
    """Something is stored of it."""


@dataclass(frozen=True)
class _Look:
    """What one look goes by."""

    key: Key
    service: Service
    begin: datetime
    """When counting begins where nothing is counted yet."""
    stored: Mapping[str, str]
    exclusions: tuple[Exclusion, ...]
    now: datetime


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
        self._refused: dict[Key, ClusterRefused] = {}

    async def __call__(self, key: Key, service: Service, seen: Observation, now: datetime) -> Measured:
        """Measure a service, at most once an interval unless more is to be counted at once."""
        promise, held = sla_hash(service.spec.sla), self._held.get(key)
        there = stored_record(seen.objects)
        stored = there.texts if there else {}
        if held is not None and (held.uid, held.stored) != (seen.uid, stored):
            held = None
        if held is not None and held.sla_hash == promise and self._is_fresh(held, now):
            return held.measured
        sources, known = sources_of(service), held.progress if held else {}
        promised = promises_text(history := _history(service, seen, there, now))
        look = _Look(key, service, _begin(service, seen, now), stored, in_force(history), now)
        made = await asyncio.gather(*(self._go_on(look, one, known.get(one.at)) for one in sources))
        counted = {source.at: one for source, one in zip(sources, made, strict=True)}
        found = measured(service.spec.sla, {at: one.step for at, one in counted.items()}, now)
        failed = isinstance(found.metrics, Failed)
        first_failure = failed and not found.behind and not (held is not None and held.failed)
        begun = counted[CountedAt.RUNTIME].begun
        found = replace(found, holds=first_failure or (found.behind and begun))
        shown_at = now
        if held is not None and held.sla_hash == promise and _may_stay(held, found, now):
            found, shown_at = replace(found, figures=held.measured.figures), held.shown_at
        tried_at = held.tried_at if held else None
        soon = found.behind and tried_at is not None and now - tried_at < WRITTEN_EVERY
        texts = dict(stored)
        if any(one.is_news for one in counted.values()) and not soon:
            tried_at = now
            texts = {key_of(at): one.progress.text for at, one in counted.items()}
        texts[PROMISES] = promised
        if texts == stored:
            self._refused.pop(key, None)
        else:
            stored = texts if await self._write(key, service, texts, there) else stored
        progress = {at: one.progress for at, one in counted.items()}
        self._held[key] = _Held(seen.uid, promise, stored, progress, now, found, shown_at, tried_at, failed)
        return found

    def pause_seconds(self, found: Measured) -> float:
        """Return when the next look is due."""
        return AGAIN_SECONDS if found.behind else self._interval_seconds

    def refused(self, key: Key) -> tuple[ClusterRefused, ...]:
        """Return what could not be written lately, where that waits for a person; all else mends itself."""
        why = self._refused.get(key)
        return (why,) if why is not None and why.reason.stalls else ()

    def forget(self, key: Key) -> None:
        """Forget a service that is gone."""
        self._held.pop(key, None)
        self._refused.pop(key, None)

    def _is_fresh(self, held: _Held, now: datetime) -> bool:
        age = (now - held.at).total_seconds()
        return not held.measured.behind and 0 <= age < self._interval_seconds

    async def _go_on(self, look: _Look, source: Source, before: _Progress | None) -> _Counted:
        """Count on at one source, from where it was left."""
        sla, now = look.service.spec.sla, look.now
        known = _record(look.key, look.stored.get(key_of(source.at), ""))
        record = _record(look.key, before.text) if before else known
        record = record or Record(look.begin, {})
        terms = Terms(source.objectives, look.exclusions, self._scraping, borders_of(sla, now))
        step, longest = await self._count(source, terms, record, now, before.longest if before else None)
        if before is not None and not step.open and step.record.until == record.until:
            step = replace(step, open=before.open)  # nobody answered: what was known is still known
        kept = await asyncio.to_thread(fitted, step.record, now, window_of(sla, now).start, terms.borders)
        progress = _Progress(text_of(kept), step.open, longest)
        return _Counted(step, progress, _is_news(kept, known, source.at), begun=known is not None)

    async def _count(
        self, source: Source, terms: Terms, record: Record, now: datetime, longest: timedelta | None
    ) -> tuple[Step, timedelta]:
        """Go on stretch by stretch until now, or until it took long enough; says how long the next may be."""
        clock = asyncio.get_running_loop().time
        enough = clock() + self._limit_seconds / 2
        longest = longest or LONGEST_STRETCH
        step: Step | None = None
        try:
            async with asyncio.timeout(self._limit_seconds):
                while True:
                    stretch = stretch_after(record, now, longest)
                    reading = await source.read(
                        self._metrics.series, observed_for(stretch, self._scraping, now)
                    )
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

    async def _write(
        self, key: Key, service: Service, texts: Mapping[str, str], there: Stored | None
    ) -> bool:
        wanted = sla_record(service.identity, texts, there)
        try:
            await self._cluster.apply(key, wanted, is_new=there is None)
        except ClusterRefused as refused:  # it stays in memory, and is written with what is counted next
            logger.warning("%s: what was counted could not be written: %s", key, refused)
            self._refused[key] = refused
            return False
        self._refused.pop(key, None)
        return True


def _may_stay(held: _Held, found: Measured, now: datetime) -> bool:
    """Whether the figures that were shown last need not be replaced yet."""
    counting = held.measured.behind or found.behind
    return not counting and now - held.shown_at < FIGURES_STAY and found.means_what(held.measured)


def _next_stretch(counted: timedelta) -> timedelta:
    """Return how much time to read next: where samples are wrong little of it can be counted at once."""
    return min(LONGEST_STRETCH, 2 * max(counted, FINE))


def _record(key: Key, text: str) -> Record | None:
    if not text:
        return None
    try:
        return record_from(text)
    except ValueError as unreadable:
        logger.warning("%s: the stored record is made anew from Prometheus: %s", key, unreadable)
        return None


def _history(service: Service, seen: Observation, there: Stored | None, now: datetime) -> History:
    return with_present(kept_promises(there), service.spec.sla, _created(seen) or now, now)


def _created(seen: Observation) -> datetime | None:
    created = seen.body["metadata"].get("creationTimestamp")
    return datetime.fromisoformat(created) if created else None


def _begin(service: Service, seen: Observation, now: datetime) -> datetime:
    """Begin with the window, or with the resource where it is younger."""
    start = floor(window_of(service.spec.sla, now).start, FINE)
    if created := _created(seen):
        start = max(start, min(created, now))
    return start


def _is_news(record: Record, stored: Record | None, at: CountedAt) -> bool:
    """Whether it is to be written. Golden requests that were answered come all the time, and are no news."""
    if stored is None:
        return any(cell.requests for cells in record.accounts.values() for cell in cells)
    found = record.since(stored.until)
    news = found.bad if at is CountedAt.SYNTHETIC else found.total
    return news > 0 or record.until - stored.until >= LONGEST_UNWRITTEN
