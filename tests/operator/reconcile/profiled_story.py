"""A Prometheus in memory that knows replicas at work, and a flow that learns from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from paddle_operator.metrics.ports import Metrics
from paddle_operator.plan.work_profile import KEY, stored_profile
from paddle_operator.profiling import Profiling
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Sample, Series
from tests.operator.reconcile.story import Story

EVERY = timedelta(seconds=15)
PREFIX = "paddle_runtime_"
SERVICE = {"namespace": "prod", "service": "calm"}
QUEUE = "stage_duration_seconds_bucket"


@dataclass
class WorkingMetrics:
    """The port `Metrics`: pods that have served so many requests a second since they began."""

    began: datetime
    pods: dict[str, str] = field(default_factory=dict)
    rate: float = 10.0
    seconds_each: float = 0.05
    share_fast: float = 1.0
    waited: float = 0.0
    failure: Failed | None = None
    asked: int = 0

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        self.asked += 1
        if self.failure is not None:
            return self.failure
        found = tuple(self.every(observed))
        return Value(found) if found else NoData("nothing")

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        raise NotImplementedError("nothing that is tested with this asks for it")

    def every(self, observed: Interval) -> list[Series]:
        """All series of that time."""
        times = [observed.start + place * EVERY for place in range(int(observed.length / EVERY))]
        made = []
        for pod, revision in self.pods.items():
            for labels, value in self._counters():
                named = {
                    **labels,
                    **SERVICE,
                    "__name__": PREFIX + labels["__name__"],
                    "pod": pod,
                    "revision": revision,
                }
                samples = tuple(Sample(at, value((at - self.began).total_seconds())) for at in times)
                made.append(Series(frozenset(named.items()), samples))
        return made

    def _counters(self) -> list[tuple[dict[str, str], Any]]:
        duration = "request_duration_seconds_bucket"
        served = lambda share: lambda seconds: int(seconds * self.rate * share)  # noqa: E731
        return [
            ({"__name__": "requests_total", "outcome": "good", "code": "200"}, served(1)),
            ({"__name__": "requests_total", "outcome": "bad", "code": "500"}, served(0)),
            ({"__name__": "busy_seconds_total"}, lambda seconds: seconds * self.rate * self.seconds_each),
            ({"__name__": "workers"}, lambda _: 2.0),
            ({"__name__": "warm_workers"}, lambda _: 2.0),
            ({"__name__": "model_load_seconds", "phase": "load"}, lambda _: 2.5),
            ({"__name__": duration, "le": "0.2"}, served(self.share_fast)),
            ({"__name__": duration, "le": "0.5"}, served(1)),
            ({"__name__": duration, "le": "+Inf"}, served(1)),
            (
                {"__name__": "stage_duration_seconds_bucket", "stage": "queue", "le": "0.0025"},
                served(1 - self.waited),
            ),
        ]


@dataclass
class ProfiledStory(Story):
    """A story whose flow learns from what its pods do; `restart` forgets what the process knew."""

    metrics: WorkingMetrics = field(init=False)

    def __post_init__(self) -> None:
        self.metrics = WorkingMetrics(self.now - timedelta(hours=1))
        fast = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
        self.cluster.edit(sla={"objectives": [fast]})
        self.restart()

    def restart(self, metrics: Metrics | None = None) -> None:
        self.profiling = Profiling(
            metrics or self.metrics, self.cluster, Scraping(EVERY), interval_seconds=60
        )

    def with_pods(self, count: int = 1) -> None:
        revision = self.serving()
        self.metrics.pods = {f"p{place}": revision for place in range(count)}

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self.now += timedelta(seconds=59)
            self.look()

    @property
    def stored(self) -> str:
        found = stored_profile(self.cluster.objects.values())
        return found.texts[KEY] if found else ""
