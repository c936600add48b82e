"""A Prometheus in memory: pods that are scraped, and what befalls a metrics server."""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from paddle_operator import names
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Sample, Series

EVERY = timedelta(seconds=15)
CODES = {"good": "200", "bad": "500", "refused": "503", "invalid": "400"}


@dataclass
class ScrapedPod:
    """One process: its counters, and every scrape of them."""

    revision: str
    started: datetime
    scrapes: list[tuple[datetime, dict[str, int], int]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CODES, 0))
    fast: int = 0


@dataclass
class ScrapedGateway:
    """A proxy of the gateway: its answers by class, as every scrape saw them."""

    started: datetime
    scrapes: list[tuple[datetime, dict[str, int]]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def series(self, observed: Interval) -> list[Series]:
        """What is asked of it: classes only from their first request on."""
        columns: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
        for at, counts in self.scrapes:
            if at in observed:
                told = {"membership_total": 1, "upstream_rq_completed": sum(counts.values())}
                for name, value in told.items():
                    columns.setdefault((("__name__", f"envoy_cluster_{name}"),), []).append(Sample(at, value))
                for digit, value in counts.items():
                    of = (("__name__", "envoy_cluster_upstream_rq_xx"), ("envoy_response_code_class", digit))
                    columns.setdefault(of, []).append(Sample(at, value))
        target = {"pod": "envoy-a", "envoy_cluster_name": "httproute/prod/calm/rule/0/backend/0"}
        return [
            Series(frozenset({**target, **dict(own)}.items()), tuple(samples))
            for own, samples in columns.items()
        ]


@dataclass
class FakeMetrics:
    """The port `Metrics`."""

    pods: dict[str, ScrapedPod] = field(default_factory=dict)
    failure: Failed | None = None
    delay_seconds: float = 0.0
    threshold: str = "0.2"
    interval: timedelta = EVERY
    """Between two scrapes."""
    asked: list[tuple[str, Interval]] = field(default_factory=list)
    gateway: ScrapedGateway | None = None
    gateway_interval: timedelta = EVERY
    askers: dict[str, ScrapedPod] = field(default_factory=dict)
    """Operators that send golden requests."""

    def start(self, pod: str, revision: str, at: datetime) -> None:
        """A process begins, with all counters at 0."""
        self.pods[pod] = ScrapedPod(revision, at)

    def serve(self, pod: str, until: datetime, *, fast: int = 0, **each: int) -> None:
        """Scrape a pod until then; between two scrapes it gets so many requests of each outcome."""
        of = self.pods.get(pod) or self.askers[pod]
        at = (of.scrapes[-1][0] if of.scrapes else of.started) + self.interval
        while at < until:
            for outcome, count in each.items():
                of.counts[outcome] += count
            of.fast += fast
            of.scrapes.append((at, dict(of.counts), of.fast))
            at += self.interval

    def answer(self, until: datetime, **classes: int) -> None:
        """Scrape the gateway until then; between two scrapes it gives so many answers of each class: _2=7."""
        assert self.gateway is not None
        of = self.gateway
        at = (of.scrapes[-1][0] if of.scrapes else of.started) + self.gateway_interval
        while at < until:
            for name, count in classes.items():
                of.counts[name[1:]] = of.counts.get(name[1:], 0) + count
            of.scrapes.append((at, dict(of.counts)))
            at += self.gateway_interval

    def begin_asking(self, operator: str, at: datetime) -> None:
        """An operator's golden counters begin at 0; `serve` scrapes them, too."""
        self.askers[operator] = ScrapedPod("", at)

    # The port.

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        self.asked.append((selector, observed))
        await asyncio.sleep(self.delay_seconds)
        if self.failure is not None:
            return self.failure
        if "envoy_cluster_name" in selector:
            said = tuple(self.gateway.series(observed)) if self.gateway else ()
            return Value(said) if said else NoData(f"no sample of {selector}")
        if (chosen := re.search(r'revision=~"([^"]*)"', selector)) is not None:
            found = tuple(self._of_revisions(chosen[1].replace("\\\\", "\\"), observed))
        else:
            found = tuple(self.every(selector.partition("{")[0], observed))
        return Value(found) if found else NoData(f"no sample of {selector}")

    def _of_revisions(self, pattern: str, observed: Interval) -> Iterator[Series]:
        """What a look at two revisions asks for, in one answer."""
        for metric in (names.METRIC_REQUESTS, names.METRIC_DURATION_BUCKETS, names.METRIC_PROCESS_START):
            for one in self.every(metric, observed):
                if re.fullmatch(pattern, dict(one.labels)["revision"]):
                    yield one

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        """The load of all pods, over the last minute: nothing else is asked in this way."""
        await asyncio.sleep(self.delay_seconds)
        if self.failure is not None:
            return self.failure
        rates = []
        for pod in self.pods.values():
            lately = [one for one in pod.scrapes if at - timedelta(minutes=1) <= one[0] < at]
            if len(lately) > 1:
                (began, first, _), (ended, last, _) = lately[0], lately[-1]
                came = sum(last[one] - first[one] for one in CODES if one != "invalid")
                rates.append(came / (ended - began).total_seconds())
        if not rates:
            return NoData(f"no sample of {query}")
        return Value((Series(frozenset(), (Sample(at, sum(rates)),)),))

    def every(self, metric: str, observed: Interval | None = None) -> list[Series]:
        """All series of a metric, with all their samples or those that are observed."""
        made = []
        for name, pod in (self.askers if metric == names.METRIC_OPERATOR_GOLDEN else self.pods).items():
            scrapes = pod.scrapes
            if observed is not None:
                first, last = (
                    bisect_left(scrapes, at, key=lambda one: one[0]) for at in (observed.start, observed.end)
                )
                scrapes = scrapes[first:last]
            if not scrapes:
                continue
            times = [at for at, _, _ in scrapes]
            for labels, values in self._columns(metric, pod, scrapes).items():
                samples = tuple(Sample(at, value) for at, value in zip(times, values, strict=True))
                whole = {"__name__": metric, **_target(metric, name, pod), **dict(labels)}
                made.append(Series(frozenset(whole.items()), samples))
        return made

    def _columns(
        self, metric: str, pod: ScrapedPod, scrapes: list[tuple[datetime, dict[str, int], int]]
    ) -> dict[tuple[tuple[str, str], ...], list[float]]:
        """The values of each series of a metric, by the labels that tell it from the target's others."""

        def of(outcome: str) -> list[float]:
            return [float(counts[outcome]) for _, counts, _ in scrapes]

        match metric:
            case names.METRIC_REQUESTS:
                return {(("outcome", one), ("code", code)): of(one) for one, code in CODES.items()}
            case names.METRIC_OPERATOR_GOLDEN:
                return {(("outcome", one),): of(one) for one in CODES}
            case names.METRIC_DURATION_BUCKETS:
                fast = [float(fast) for _, _, fast in scrapes]
                return {(("le", self.threshold),): fast, (("le", "+Inf"),): of("good")}
            case names.METRIC_PROCESS_START:
                return {(): [pod.started.timestamp()] * len(scrapes)}
            case _:
                return {}


def _target(metric: str, name: str, pod: ScrapedPod) -> dict[str, str]:
    """The labels that a scrape gives, and those of the operator's own that say whom it asks."""
    if metric == names.METRIC_OPERATOR_GOLDEN:
        return {"pod": name, "namespace": "sys", "service_namespace": "prod", "service_name": "calm"}
    return {"pod": name, "revision": pod.revision, "namespace": "prod", "service": "calm"}
