"""A cluster in memory, a clock, and the flow between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from paddle_operator.cluster.ports import Room
from paddle_operator.errors import ClusterRefused
from paddle_operator.golden.asking import Golden
from paddle_operator.measure import Measuring
from paddle_operator.profiling import Profiling
from paddle_operator.proving import Proving
from paddle_operator.reconcile import Reconciler
from tests.operator.fake_cluster import KEY, FakeCluster
from tests.operator.virtual_time import in_virtual_time

REST = 300.0


@dataclass
class Story:
    """A cluster, a clock and the flow between them."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    now: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    measuring: Measuring | None = None
    profiling: Profiling | None = None
    refused_reports: tuple[ClusterRefused, ...] = ()
    golden: Golden | None = None
    proving: Proving | None = None
    room: Room | None = None

    def look(self, times: int = 1) -> float | None:
        """Let the flow look at the service; returns the seconds to the next look."""
        flow = Reconciler(
            self.cluster,
            self.cluster,
            lambda: self.now,
            lambda: REST,
            self.measuring,
            self.profiling,
            lambda key: self.refused_reports,
            self.golden,
            self.proving,
            self.room,
        )
        pause: float | None = None
        for _ in range(times):
            self.now += timedelta(seconds=1)
            pause = in_virtual_time(flow(KEY))
        return pause

    def condition(self, type_: str) -> tuple[str, str, str]:
        """Status, reason and message of a condition."""
        assert self.cluster.body is not None
        conditions = self.cluster.body["status"]["conditions"]
        found = next(one for one in conditions if one["type"] == type_)
        return found["status"], found["reason"], found["message"]

    @property
    def status(self) -> dict[str, Any]:
        assert self.cluster.body is not None
        return dict(self.cluster.body["status"])

    def serving(self) -> str:
        """Bring the service up; returns the stable revision's name."""
        self.look()
        self.cluster.resolve()
        self.look()
        name = self.cluster.ready(1)
        self.look(3)
        assert self.condition("Ready")[:2] == ("True", "Serving")
        self.cluster.writes.clear()
        self.cluster.statuses.clear()
        self.cluster.posted.clear()
        return name
