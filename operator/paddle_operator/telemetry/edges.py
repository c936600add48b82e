"""Wrappers that measure: around the ports to the cluster and to Prometheus, and around a whole look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from paddle_operator import names
from paddle_operator.cluster.ports import Cluster, Key, Observation, Order, Orders, Shelf, Shelves
from paddle_operator.errors import ClusterRefused, OperatorError
from paddle_operator.metrics.ports import Metrics
from paddle_operator.plan import KubeObject, ObjectKey
from paddle_operator.plan.ownership import FIELD_MANAGER
from paddle_operator.sla.answer import Answer, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Series
from paddle_operator.telemetry.series import STATUS_ACTION, Telemetry

Look = Callable[[Key], Awaitable[float | None]]


class ReportPorts(Shelves, Orders, Protocol):
    """Both ports of reports, which one object is."""


class MeasuredCluster:
    """The port `Cluster`, counting what is done through it."""

    def __init__(self, cluster: Cluster, telemetry: Telemetry) -> None:
        self._cluster = cluster
        self._telemetry = telemetry

    async def observe(self, key: Key) -> Observation | None:
        """Look, and note what the service's status says."""
        seen = await self._cluster.observe(key)
        if seen is None:
            self._telemetry.gone(*key)
        else:
            self._telemetry.conditions(*key, seen.status)
        return seen

    async def apply(
        self, key: Key, wanted: KubeObject, *, is_new: bool, manager: str = FIELD_MANAGER
    ) -> None:
        """Write, and count it."""
        with counted(self._telemetry, "create" if is_new else "patch", wanted["kind"]):
            await self._cluster.apply(key, wanted, is_new=is_new, manager=manager)

    async def delete(self, key: Key, target: ObjectKey, uid: str) -> None:
        """Delete, and count it."""
        with counted(self._telemetry, "delete", target.kind):
            await self._cluster.delete(key, target, uid)

    async def patch_status(self, key: Key, uid: str, status: Mapping[str, Any]) -> None:
        """Write the status, and note what it says."""
        with counted(self._telemetry, STATUS_ACTION, names.KIND):
            await self._cluster.patch_status(key, uid, status)
        self._telemetry.conditions(*key, status)


class MeasuredReports:
    """The ports `Shelves` and `Orders`, counting what is written through them."""

    def __init__(self, reports: ReportPorts, telemetry: Telemetry) -> None:
        self._reports = reports
        self._telemetry = telemetry

    async def shelf(self, key: Key) -> Shelf | None:
        """Look at a service's reports."""
        return await self._reports.shelf(key)

    async def create(self, report: KubeObject) -> None:
        """Create a report, and count it."""
        with counted(self._telemetry, "create", names.REPORT_KIND):
            await self._reports.create(report)

    async def delete(self, key: Key, name: str) -> None:
        """Delete a report, and count it."""
        with counted(self._telemetry, "delete", names.REPORT_KIND):
            await self._reports.delete(key, name)

    async def order(self, key: Key) -> Order | None:
        """Look at one report."""
        return await self._reports.order(key)

    async def tell(self, order: Order, status: Mapping[str, Any]) -> None:
        """Write a report's status, and count it."""
        with counted(self._telemetry, STATUS_ACTION, names.REPORT_KIND):
            await self._reports.tell(order, status)


class MeasuredMetrics:
    """The port `Metrics`, counting what is asked through it, and timing it."""

    def __init__(self, metrics: Metrics, telemetry: Telemetry) -> None:
        self._metrics = metrics
        self._telemetry = telemetry

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        """Ask for raw samples."""
        return await self._timed("series", self._metrics.series(selector, observed))

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        """Ask what an expression comes to."""
        return await self._timed("instant", self._metrics.instant(query, at))

    async def _timed(
        self, question: str, asking: Awaitable[Answer[tuple[Series, ...]]]
    ) -> Answer[tuple[Series, ...]]:
        clock = asyncio.get_running_loop().time
        started = clock()
        answer = await asking
        self._telemetry.asked(question, _word(answer), clock() - started)
        return answer


def _word(answer: Answer[tuple[Series, ...]]) -> str:
    match answer:
        case Value():
            return "value"
        case NoData():
            return "no_data"
        case _:
            return "failed"


@contextmanager
def counted(telemetry: Telemetry, action: str, kind: str) -> Iterator[None]:
    """Count what is written, or refused."""
    try:
        yield
    except ClusterRefused as refused:
        telemetry.refused(kind, refused.reason)
        raise
    telemetry.acted(action, kind)


def measured(look: Look, telemetry: Telemetry) -> Look:
    """Return the same look, timed. One that is cut off, because the Lease was lost, is not counted."""

    async def timed(key: Key) -> float | None:
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            pause = await look(key)
        except OperatorError:
            telemetry.looked("refused", clock() - started)
            raise
        except Exception:
            telemetry.looked("failed", clock() - started)
            raise
        telemetry.looked("gone" if pause is None else "done", clock() - started)
        return pause

    return timed
