"""Kubernetes Events about a service: one for each change of a condition's reason, and none at rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api
from paddle_operator.plan import KubeObject
from paddle_operator.plan.ownership import FIELD_MANAGER
from paddle_operator.status.news import Change

COMPONENT = "paddle-operator"


class ApiEvents:
    """The port `Events` over the API server."""

    def __init__(self, api: Api, instance: str) -> None:
        self._api = api
        self._instance = instance

    async def post(self, service: KubeObject, changes: Iterable[Change], now: datetime) -> None:
        """Post one Event for each changed condition."""
        for change in changes:
            await self._api.create(kinds.EVENT, self._event(service, change, now), FIELD_MANAGER)

    def _event(self, service: KubeObject, change: Change, now: datetime) -> KubeObject:
        metadata = service["metadata"]
        stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name']}-", "namespace": metadata["namespace"]},
            "involvedObject": {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
                "resourceVersion": metadata.get("resourceVersion", ""),
            },
            "type": "Warning" if change.warning else "Normal",
            "reason": change.reason,
            "message": f"{change.condition}={change.status}: {change.message}"[:1024],
            "source": {"component": COMPONENT, "host": self._instance},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._instance,
            "action": "Reconcile",
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
