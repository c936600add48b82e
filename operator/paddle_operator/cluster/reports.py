"""The ports `Shelves` and `Orders` over the API server."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api, NotFound
from paddle_operator.cluster.client import STATUS_MANAGER
from paddle_operator.cluster.kinds import Kind
from paddle_operator.cluster.ports import Key, Order, Shelf, created, service_of
from paddle_operator.errors import Conflict
from paddle_operator.plan import KubeObject
from paddle_operator.plan.ownership import FIELD_MANAGER
from paddle_operator.sla.intervals import utc

logger = logging.getLogger(__name__)


class KubernetesReports:
    """Reads reports and services, creates and deletes reports, writes their status. Nothing is cached."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def shelf(self, key: Key) -> Shelf | None:
        """Read a service and the reports that its schedule has made; None when it is gone or going."""
        service = await self._service(key.namespace, key.name)
        if service is None or "deletionTimestamp" in service["metadata"]:
            return None
        if (service.get("spec") or {}).get("reporting") is None:
            return Shelf(service, created(service), {})
        found = await self._api.list(kinds.REPORT, key.namespace, label_selector=names.selector_of(key.name))
        ends = {str(one["metadata"]["name"]): _end(one) for one in found}
        return Shelf(service, created(service), ends)

    async def create(self, report: KubeObject) -> None:
        """Create a report; one of that name that is there already is the same."""
        try:
            await self._api.create(kinds.REPORT, report, FIELD_MANAGER)
        except Conflict:
            logger.debug("report %s is there already", report["metadata"]["name"])

    async def delete(self, key: Key, name: str) -> None:
        """Delete a report of the schedule of this service, and no other."""
        found = await self._report(key.namespace, name)
        if found is not None and (found["metadata"].get("labels") or {}).get(names.LABEL_SERVICE) == key.name:
            await self._api.delete(kinds.REPORT, key.namespace, name, str(found["metadata"]["uid"]))

    async def order(self, key: Key) -> Order | None:
        """Read a report and the service that it is about; None when the report is gone or going."""
        body = await self._report(key.namespace, key.name)
        if body is None or "deletionTimestamp" in body["metadata"]:
            return None
        about = service_of(body)
        if not about:
            return Order(body, None)
        record = await self._found(kinds.CONFIG_MAP, key.namespace, names.sla_record_name(about))
        return Order(body, await self._service(key.namespace, about), record)

    async def tell(self, order: Order, status: Mapping[str, Any]) -> None:
        """Write a report's status."""
        metadata = order.body["metadata"]
        body = {
            "apiVersion": names.API_VERSION,
            "kind": names.REPORT_KIND,
            "metadata": {name: metadata[name] for name in ("name", "namespace", "uid")},
            "status": dict(status),
        }
        await self._api.apply(kinds.REPORT, body, STATUS_MANAGER, subresource="status")

    async def _report(self, namespace: str, name: str) -> KubeObject | None:
        return await self._found(kinds.REPORT, namespace, name)

    async def _service(self, namespace: str, name: str) -> KubeObject | None:
        return await self._found(kinds.SERVICE_RESOURCE, namespace, name)

    async def _found(self, kind: Kind, namespace: str, name: str) -> KubeObject | None:
        try:
            return await self._api.get(kind, namespace, name)
        except NotFound:
            return None


def _end(report: KubeObject) -> datetime:
    end = ((report.get("spec") or {}).get("period") or {}).get("end")
    return utc(datetime.fromisoformat(end)) if end else created(report)
