"""A cluster of one service and its reports in memory, metrics that tell what really happened, and a clock."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from paddle_operator import names
from paddle_operator.cluster.ports import Key, Order, ReportKey, Shelf
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import KubeObject
from paddle_operator.plan.record import PROMISES, sla_record
from paddle_operator.reasons import Reason
from paddle_operator.report_flow import ReportFlow
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.promises import History, text_of, with_present
from paddle_operator.sla.series import Sample, Series
from paddle_operator.spec import parse
from paddle_operator.spec.model import Identity
from paddle_operator.spec.sla_report import ReportStatus
from tests.operator.fake_cluster import KEY, resource
from tests.operator.sla.counters import NOON, SCRAPING
from tests.operator.sla.traffic import BUCKET, MODEL, REQUESTS, Pod, digest_of, every, reading, scrapes

HOUR = {"type": "Between", "start": "2026-06-01T12:00:00Z", "end": "2026-06-01T14:00:00Z"}


@dataclass
class FakeMetrics:
    """The port `Metrics` over pods of which everything is known."""

    pods: tuple[Pod, ...] = ()
    down: str = ""
    asked: list[tuple[str, Interval]] = field(default_factory=list)

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        self.asked.append((selector, observed))
        if self.down:
            return Failed(self.down)
        if selector.startswith(names.METRIC_OPERATOR_GOLDEN):
            return NoData("nobody asks")
        said = reading(self.pods, observed)
        if selector.startswith(REQUESTS):
            return said.requests
        return said.durations if selector.startswith(BUCKET) else said.starts

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        assert query.startswith(f"group by (revision, digest) ({MODEL}")
        live = {pod.revision for pod in self.pods if NOON + timedelta(seconds=pod.scrapes[-1]) >= at}
        found = ({"revision": name, "digest": digest_of(name)} for name in sorted(live))
        return Value(tuple(Series(frozenset(one.items()), (Sample(at, 1.0),)) for one in found))


@dataclass
class Bookcase:
    """The ports `Shelves` and `Orders`, and the flow between them and the metrics."""

    now: datetime
    service: KubeObject | None
    metrics: FakeMetrics | None = field(default_factory=FakeMetrics)
    reports: dict[str, KubeObject] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    refuses: str = ""
    looks: list[Key] = field(default_factory=list)
    """Services that are to be looked at."""
    promises: History = ()
    """What the operator kept of the promises."""

    def __post_init__(self) -> None:
        program, clock = "paddle-operator 1", lambda: self.now
        self.flow = ReportFlow(self, self, self.metrics, SCRAPING, program, clock, self.looks.append)

    async def shelf(self, key: Key) -> Shelf | None:
        if self.service is None:
            return None
        ends = {
            name: datetime.fromisoformat(one["spec"]["period"]["end"])
            for name, one in self.reports.items()
            if "app.kubernetes.io/managed-by" in one["metadata"]["labels"]
        }
        made = datetime.fromisoformat(self.service["metadata"]["creationTimestamp"])
        return Shelf(copy.deepcopy(self.service), made, ends)

    async def create(self, report: KubeObject) -> None:
        self._may("create")
        name = report["metadata"]["name"]
        assert name not in self.reports, "asked for twice"
        self.writes.append(f"create {name}")
        self.reports[name] = self.stored(report)

    async def delete(self, key: Key, name: str) -> None:
        self._may("delete")
        self.writes.append(f"delete {name}")
        del self.reports[name]

    async def order(self, key: Key) -> Order | None:
        body = self.reports.get(key.name)
        if body is None:
            return None
        texts = {PROMISES: text_of(self.promises)}
        record = sla_record(Identity(KEY.name, KEY.namespace, "u", 1), texts, None) if self.promises else None
        return Order(copy.deepcopy(body), copy.deepcopy(self.service), record)

    async def tell(self, order: Order, status: Mapping[str, Any]) -> None:
        self._may("status")
        name = order.body["metadata"]["name"]
        self.writes.append(f"status {name}")
        self.reports[name]["status"] = copy.deepcopy(dict(status))

    def _may(self, verb: str) -> None:
        if self.refuses == verb:
            raise ClusterRefused("ModelSLAReport", "", Reason.API_UNAVAILABLE, "the connection was lost")

    def stored(self, report: KubeObject) -> KubeObject:
        """As the API server keeps it."""
        kept = copy.deepcopy(report)
        stamp = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        kept["metadata"] |= {"uid": "uid-report", "generation": 1, "creationTimestamp": stamp}
        return kept

    def promise(self, since: datetime, **sla: Any) -> None:
        """A person changes the promise, and the operator sees it then."""
        assert self.service is not None
        self.service["spec"]["sla"] |= sla
        self.promises = with_present(self.promises, parse(self.service).spec.sla, since, since)

    def look(self, *, report: str = "") -> float | None:
        """Let the flow look at the service's schedule, or at a report."""
        key = Key(KEY.namespace, report) if report else KEY
        flow = replace(self.flow, metrics=self.metrics)
        return asyncio.run(flow(ReportKey(not report, key)))

    def ask(self, name: str, **period: str) -> None:
        """A person asks for a report."""
        spec = {"serviceRef": {"name": KEY.name}, **({"period": period} if period else {})}
        metadata = {"name": name, "namespace": KEY.namespace, "labels": {}}
        self.reports[name] = self.stored({"kind": "ModelSLAReport", "metadata": metadata, "spec": spec})

    def condition(self, name: str) -> tuple[str, str, str]:
        """Status, reason and message of Complete."""
        (found,) = self.reports[name]["status"]["conditions"]
        return found["status"], found["reason"], found["message"]

    def result(self, name: str) -> ReportStatus:
        """The report as it is stored."""
        return ReportStatus.model_validate_json(json.dumps(self.reports[name]["status"]))


def a_bookcase(now: datetime, *, created: datetime | None = None, **reporting: Any) -> Bookcase:
    """A service, created long ago where nothing else is said, with such a block `spec.reporting`."""
    body = resource(**({"reporting": reporting} if reporting else {}))
    made = created or now - timedelta(days=400)
    body["metadata"]["creationTimestamp"] = f"{made:%Y-%m-%dT%H:%M:%SZ}"
    return Bookcase(now, body)


def an_afternoon() -> Bookcase:
    """Two hours of requests, and a report that is asked for the next day."""
    made = a_bookcase(NOON + timedelta(days=1))
    pod = Pod("a", "r1", (-30,), scrapes(-15, 7300), every(10, 1, 7290))
    made.metrics = FakeMetrics((pod,))
    made.ask("mine", **HOUR)
    return made
