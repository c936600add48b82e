"""A service under a Prometheus: a story whose flow measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from paddle_operator.measure import Measuring
from paddle_operator.plan.record import key_of, stored_record
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.record import Record, record_from
from paddle_operator.spec.report import CountedAt
from tests.operator.fake_metrics import EVERY, FakeMetrics
from tests.operator.reconcile.story import Story

INTERVAL = 60.0
UP = {"name": "up", "availability": {"targetPercent": "99"}}
FAST = {"name": "fast", "latency": {"percentile": "90", "thresholdMilliseconds": 200}}


@dataclass
class MeasuredStory(Story):
    """A story whose flow has a Prometheus; `restart` forgets what the process knew."""

    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    limit_seconds: float = 5.0

    def __post_init__(self) -> None:
        assert self.cluster.body is not None
        self.cluster.body["metadata"]["creationTimestamp"] = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        self.cluster.edit(sla={"objectives": [UP, FAST]})
        self.restart()

    def restart(self) -> None:
        self.measuring = Measuring(
            self.metrics,
            self.cluster,
            Scraping(EVERY),
            interval_seconds=INTERVAL,
            limit_seconds=self.limit_seconds,
        )

    def with_a_pod(self) -> str:
        revision = self.serving()
        self.metrics.start("a", revision, self.now)
        return revision

    def minutes(self, count: int, *, fast: int = 0, **each: int) -> float | None:
        """Let so many minutes pass, with these requests between two scrapes and a look each minute."""
        pause = None
        for _ in range(count):
            self.now += timedelta(seconds=59)
            for pod in self.metrics.pods:
                self.metrics.serve(pod, self.now, fast=fast, **each)
            pause = self.look()
        return pause

    @property
    def objectives(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.status["sla"]["objectives"]}

    @property
    def record(self) -> Record | None:
        stored = stored_record(self.cluster.objects.values())
        text = stored.texts.get(key_of(CountedAt.RUNTIME)) if stored else None
        return record_from(text) if text else None


def counted(record: Record | None, account: str = "requests") -> int:
    return sum(cell.requests for cell in record.accounts[account]) if record else 0
