"""Where requests are counted: each source's questions, how its answers are read, and what it tells about.

Every source is counted by itself, by the same steps, and has a record of its own: none waits for another, and
no figure is put together from two. Which of them an objective is judged by, `sla.measured` decides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from paddle_operator.metrics.queries import Questions, questions_of
from paddle_operator.sla import gateway, golden
from paddle_operator.sla.answer import Answer, NoData, Value, and_then
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.objectives import latency_thresholds_milliseconds
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.series import Series
from paddle_operator.spec import Service
from paddle_operator.spec.promise import Objective, Sla
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.traffic import RoutingType

Ask: TypeAlias = Callable[[str, Interval], Awaitable[Answer[tuple[Series, ...]]]]
"""Asks for the samples of a selector, as Metrics.series does."""


def _as_they_are(series: tuple[Series, ...]) -> tuple[Series, ...]:
    return series


@dataclass(frozen=True, slots=True)
class Source:
    """One place where requests are counted."""

    at: CountedAt
    objectives: tuple[Objective, ...]
    """Those that it can tell about."""
    questions: Questions
    counters: Callable[[tuple[Series, ...]], tuple[Series, ...]] = _as_they_are
    """Makes of its series counters of requests with the labels pod, revision and outcome."""

    async def read(self, ask: Ask, observed: Interval) -> Reading:
        """Ask one question after the other; where the first has no answer, the others are not asked."""
        nothing = NoData("not asked")
        requests = and_then(await ask(self.questions.requests, observed), self._counted)
        if not isinstance(requests, Value):
            return Reading(observed, requests, nothing, nothing)
        durations, starts = self.questions.durations, self.questions.starts
        return Reading(
            observed,
            requests,
            await ask(durations, observed) if durations else nothing,
            await ask(starts, observed) if starts else nothing,
        )

    def _counted(self, series: tuple[Series, ...]) -> Answer[tuple[Series, ...]]:
        made = self.counters(series)
        return Value(made) if made else NoData("none of the series is a counter of requests")


def sources_of(service: Service) -> tuple[Source, ...]:
    """Return where a service's requests are counted, the runtime first: it tells about every objective."""
    return (_runtime(service), *_gateway(service), *_synthetic(service))


def _runtime(service: Service) -> Source:
    of, sla = service.identity, service.spec.sla
    questions = questions_of(of.namespace, of.name, latency_thresholds_milliseconds(sla))
    return Source(CountedAt.RUNTIME, sla.objectives, questions)


def _gateway(service: Service) -> Iterator[Source]:
    """Availability at the gateway, where the service has one."""
    of, spec = service.identity, service.spec
    promised = _availability(spec.sla)
    if promised and spec.routing.type is RoutingType.GATEWAY_API:
        selected = gateway.gateway_requests(of.namespace, of.name)
        yield Source(CountedAt.GATEWAY, promised, Questions(selected), gateway.counters)


def _synthetic(service: Service) -> Iterator[Source]:
    """Availability by the operator's own requests, where it sends them."""
    of, spec = service.identity, service.spec
    if golden.is_asked(spec):
        selected = golden.golden_requests(of.namespace, of.name)
        yield Source(CountedAt.SYNTHETIC, _availability(spec.sla), Questions(selected), golden.counters)


def _availability(sla: Sla) -> tuple[Objective, ...]:
    return tuple(one for one in sla.objectives if one.availability is not None)
