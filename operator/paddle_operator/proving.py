"""Proving: ask the metrics what both revisions did since the last look, and hand it to the gate.

Nothing is kept here. What a look goes on from is in the memory of the rollout, which its caller stores with
what it decides: whoever takes over goes on from there, and a look that was not stored was not made.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import chain
from typing import TypeAlias

from paddle_operator.metrics import queries
from paddle_operator.metrics.ports import Metrics
from paddle_operator.rollout.gate.judge import Pair
from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.looks.looked import Asked, Looked, why
from paddle_operator.rollout.looks.looking import Question, Revisions, Seen, nothing, observed_since, seen
from paddle_operator.rollout.looks.places import SETTLING
from paddle_operator.rollout.looks.remembered import Counters, Remembered
from paddle_operator.sla.answer import Answer, Failed, NoData, Value, and_then
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.gateway import attempts, gateway_attempts
from paddle_operator.sla.load_queries import present_load
from paddle_operator.sla.objectives import latency_thresholds_milliseconds
from paddle_operator.sla.series import Series
from paddle_operator.spec import Service
from paddle_operator.spec.report import CountedAt

Places: TypeAlias = Answer[Mapping[int, str]]
"""The revision behind each backend of the route."""
UNKNOWN = "?"
"""What counters are of that were begun when nobody could tell."""


@dataclass(frozen=True)
class _Source:
    """One place that is asked."""

    at: CountedAt
    question: Question
    selector: str
    of: str
    """What its counters are of, as PLACE=REVISION in words apart; empty where nobody can tell."""
    lost: Answer[Pair] | None = None
    """Why they tell nothing of one of the revisions."""
    begins_after: timedelta = timedelta()
    """So long after it is first known what they are of."""
    counters: Callable[[tuple[Series, ...]], tuple[Series, ...]] = lambda series: series


class Proving:
    """Looks at canaries by one Prometheus."""

    def __init__(self, metrics: Metrics, scraping: Scraping, *, limit_seconds: float) -> None:
        self._metrics = metrics
        self._scraping = scraping
        self._limit_seconds = limit_seconds

    async def __call__(
        self,
        service: Service,
        revisions: Revisions,
        places: Places | None,
        before: Remembered | None,
        now: datetime,
        *,
        every: timedelta,
        begins: Mapping[CountedAt, datetime] | None = None,
    ) -> Looked | None:
        """Look at a canary; None where the last look is not long enough ago.

        `places`: of the live route where availability is counted at the gateway; None: it is in the pods. A
        look more often than samples are taken would find nothing new. `begins`: what was sampled before
        counts nowhere, where nothing was counted before and that is known.
        """
        pause = max(every, self._scraping.interval)
        if before is not None and timedelta() <= now - before.at < pause:
            return None
        sources = self._sources(service, revisions, places)
        begun = {at: Counters("", begin, begin) for at, begin in (begins or {}).items()}
        known = before.sources if before is not None else begun
        told = await asyncio.gather(*(self._look(one, known.get(one.at), now) for one in sources))
        counts = {name: count for found, _ in told for name, count in found.counts.items()}
        one_place = told[0][0].counts  # asked of two, each request would count twice
        refused = {REFUSED: one_place[REFUSED]} if REFUSED in one_place else {}
        return Looked(
            now,
            revisions,
            {one.name: counts[one.name] for one in service.spec.sla.objectives} | refused,
            tuple(asked for _, asked in told),
            tuple(sorted(set(chain.from_iterable(found.unseen for found, _ in told)))),
            next((found.early for found, _ in told if found.early), {}),
            Remembered(now, {one.at: found.counters for one, (found, _) in zip(sources, told, strict=True)}),
        )

    async def load(self, service: Service, now: datetime) -> Answer[Fraction]:
        """Return how many requests a second callers send to the service now."""
        of, seconds = service.identity, round(self._scraping.interval.total_seconds())
        try:
            async with asyncio.timeout(self._limit_seconds):
                said = await self._metrics.instant(present_load(of.namespace, of.name, seconds), now)
        except TimeoutError:
            return Failed(f"Prometheus takes longer than {self._limit_seconds:g} s to tell the load")
        return and_then(said, _only_number)

    def _sources(self, service: Service, revisions: Revisions, places: Places | None) -> tuple[_Source, ...]:
        """Return who is asked about which objectives: attempts upstream where a gateway counts them."""
        of, sla = service.identity, service.spec.sla
        at_gateway = tuple(one for one in sla.objectives if one.availability and places is not None)
        in_pods = tuple(one for one in sla.objectives if one not in at_gateway)
        found = []
        if in_pods:
            thresholds = latency_thresholds_milliseconds(sla)
            selected = queries.outcomes(of.namespace, of.name, revisions.scraped, thresholds)
            question = Question(revisions, in_pods, self._scraping)
            pods = f"pods={','.join(revisions.scraped)}"
            found.append(_Source(CountedAt.RUNTIME, question, selected, pods))
        if at_gateway and places is not None:
            behind = places.value if isinstance(places, Value) else {}
            found.append(
                _Source(
                    CountedAt.GATEWAY,
                    Question(revisions, at_gateway, self._scraping),
                    gateway_attempts(of.namespace, of.name),
                    " ".join(f"{place}={revision}" for place, revision in sorted(behind.items())),
                    _lost(places, revisions),
                    SETTLING,
                    lambda series: attempts(series, behind),
                )
            )
        return tuple(found)

    async def _look(self, source: _Source, before: Counters | None, now: datetime) -> tuple[Seen, Asked]:
        counters = _going_on(source, before, now)
        observed = observed_since(counters, now)
        query = queries.at_moment(source.selector, observed.length, observed.end)
        unasked = source.lost
        if unasked is None and not observed.length:
            unasked = NoData(f"counted from {counters.begin} on")
        if unasked is not None:
            asked = Asked(source.at, source.selector, "", why(unasked))
            return nothing(source.question, unasked, counters), asked
        try:
            async with asyncio.timeout(self._limit_seconds):
                said = await self._metrics.series(source.selector, observed)
        except TimeoutError:
            said = Failed(f"Prometheus takes longer than {self._limit_seconds:g} s to tell what happened")
        made = and_then(said, lambda series: _some(source.counters(series)))
        found = await asyncio.to_thread(seen, source.question, made, observed, counters)
        answer = _totals(found) or why(next(iter(found.counts.values())))
        return found, Asked(source.at, source.selector, query, answer)


def _lost(places: Places, revisions: Revisions) -> Answer[Pair] | None:
    """Say why the proxies tell nothing of one of the revisions; None: they tell of both."""
    if not isinstance(places, Value):
        return places
    lost = [one for one in revisions.scraped if one not in places.value.values()]
    return NoData(f"the route has no backend {' and no '.join(lost)}") if lost else None


def _going_on(source: _Source, before: Counters | None, now: datetime) -> Counters:
    """Go on where it was left, unless its counters are no longer of the same.

    While one of the revisions has no place there is nothing to be counted, and it begins with the last look
    at which that was so. What would begin later than now was begun by a clock that was set back since.
    """
    latest = now + source.begins_after
    if before is not None and before.begin > latest:
        before = replace(before, begin=latest)
    if before is not None and not source.of:
        return before
    if before is None or before.of == UNKNOWN or not _leads_on(before.of, source.of):
        return Counters(source.of or UNKNOWN, latest, latest)
    if source.lost is not None:
        begin = max(before.begin, now)
        return Counters(source.of, begin, begin)
    return replace(before, of=source.of)


def _leads_on(before: str, after: str) -> bool:
    """Tell whether no place is another revision's now. Of one that was empty, or is, all counts are right."""
    now_there = dict(one.partition("=")[::2] for one in after.split())
    was_there = (one.partition("=")[::2] for one in before.split())
    return all(now_there.get(place, revision) == revision for place, revision in was_there)


def _only_number(series: tuple[Series, ...]) -> Answer[Fraction]:
    """Read the load to a thousandth of a request a second."""
    if len(series) != 1 or not math.isfinite(series[0].samples[0].value):
        return NoData("nobody knows the load")
    return Value(Fraction(max(0, round(1000 * series[0].samples[0].value)), 1000))


def _some(series: tuple[Series, ...]) -> Answer[tuple[Series, ...]]:
    return Value(series) if series else NoData("none of the series is a counter of one of the revisions")


def _totals(found: Seen) -> str:
    """Say where the counters stand: `calm-1 good 412 bad 3; calm-2 good 20`."""
    return "; ".join(
        f"{revision} {' '.join(f'{outcome} {number}' for outcome, number in sorted(of.items()))}"
        for revision, of in sorted(found.totals.items())
    )
