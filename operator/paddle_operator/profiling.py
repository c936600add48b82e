"""Profiling: what replicas do at work, read from the minutes just past, learned, and kept.

A promise is counted without a hole; this is not. Minutes that nobody looked at teach nothing, and whoever
takes over goes on from what was stored last.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from paddle_operator.cluster.ports import Cluster, Key, Observation
from paddle_operator.errors import ClusterRefused
from paddle_operator.metrics import queries
from paddle_operator.metrics.ports import Metrics
from paddle_operator.plan.means import terms_of
from paddle_operator.plan.work_profile import kept_profile, stored_profile, work_profile
from paddle_operator.sla.answer import Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.means import Known
from paddle_operator.sla.profile import Profile, Terms, known_of, seen_at_work, text_of
from paddle_operator.sla.working import Worked, worked
from paddle_operator.spec import Identity, Service

WRITTEN_EVERY = timedelta(minutes=15)
"""What is learned changes slowly, and losing this much of it costs little."""
LEAST_SCRAPES = 4
"""A look at fewer scrapes of a replica says too little."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Held:
    """What this process knows of a service."""

    uid: str
    profile: Profile
    at: datetime
    written_at: datetime
    is_new: bool
    """Something was learned that is not stored."""


class Profiling:
    """Learns from one Prometheus."""

    def __init__(
        self, metrics: Metrics, cluster: Cluster, scraping: Scraping, *, interval_seconds: float
    ) -> None:
        self._metrics = metrics
        self._cluster = cluster
        self._every = max(timedelta(seconds=interval_seconds), LEAST_SCRAPES * scraping.interval)
        self._held: dict[Key, _Held] = {}
        self._refused: dict[Key, ClusterRefused] = {}

    async def __call__(
        self,
        key: Key,
        service: Service,
        revision: str | None,
        seen: Observation,
        now: datetime,
        *,
        ask: bool = True,
    ) -> Known:
        """Return what is known of the revision that serves; look at its replicas once an interval.

        Whoever has just waited for Prometheus in vain says not to ask it again in the same look.
        """
        terms = terms_of(service, envoy_gateway=seen.platform.envoy_gateway)
        held = self._held.get(key)
        if held is None or held.uid != seen.uid:
            held = _Held(seen.uid, kept_profile(seen.objects), now - self._every, now, is_new=False)
        if ask and now - held.at >= self._every:
            held = await self._learn(key, service, terms, held, now)
            if held.is_new and now - held.written_at >= WRITTEN_EVERY:
                held = await self._write(key, service.identity, seen, held, now)
        self._held[key] = held
        return known_of(held.profile, revision, terms)

    def refused(self, key: Key) -> tuple[ClusterRefused, ...]:
        """Return what could not be written lately, where that waits for a person; all else mends itself."""
        why = self._refused.get(key)
        return (why,) if why is not None and why.reason.stalls else ()

    def forget(self, key: Key) -> None:
        """Forget a service that is gone."""
        self._held.pop(key, None)
        self._refused.pop(key, None)

    async def _learn(self, key: Key, service: Service, terms: Terms, held: _Held, now: datetime) -> _Held:
        found = await self._worked(service, terms, Interval(now - self._every, now))
        profile = seen_at_work(held.profile, found, terms, now)
        is_new = held.is_new or any(one.seen.offered for one in found)
        return _Held(held.uid, profile, now, held.written_at, is_new)

    async def _worked(self, service: Service, terms: Terms, observed: Interval) -> tuple[Worked, ...]:
        """Without an answer nothing is learned: MetricsAvailable says why there was none."""
        selector = queries.at_work(service.identity.namespace, service.identity.name)
        answer = await self._metrics.series(selector, observed)
        return worked(answer.value, terms.demands) if isinstance(answer, Value) else ()

    async def _write(
        self, key: Key, identity: Identity, seen: Observation, held: _Held, now: datetime
    ) -> _Held:
        stored = stored_profile(seen.objects)
        wanted = work_profile(identity, text_of(held.profile), stored)
        try:
            await self._cluster.apply(key, wanted, is_new=stored is None)
        except ClusterRefused as refused:  # it stays in memory, and is tried again
            logger.warning("%s: what was learned could not be written: %s", key, refused)
            self._refused[key] = refused
            return _Held(held.uid, held.profile, held.at, now, is_new=True)
        self._refused.pop(key, None)
        return _Held(held.uid, held.profile, held.at, now, is_new=False)
