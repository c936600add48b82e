"""The two Leases in the API server: the election's record, and the heartbeat that goes away with its pod."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api, NotFound
from paddle_operator.cluster.lease import Record
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import KubeObject
from paddle_operator.plan.ownership import FIELD_MANAGER

HEARTBEAT_LABEL = f"{names.GROUP}/heartbeat"
HEARTBEAT_TOKEN = f"{names.GROUP}/token"


class ApiLeaseStore:
    """The port `LeaseStore` over a Lease object."""

    def __init__(self, api: Api, namespace: str, name: str, lease_seconds: int) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._seconds = lease_seconds

    async def read(self) -> Record | None:
        """Read the Lease."""
        try:
            return _record(await self._api.get(kinds.LEASE, self._namespace, self._name))
        except NotFound:
            return None

    async def write(self, record: Record) -> Record:
        """Create the Lease, or replace the one of the record's resourceVersion."""
        metadata = {"name": self._name, "namespace": self._namespace}
        body: KubeObject = {
            "apiVersion": kinds.LEASE.api_version,
            "kind": kinds.LEASE.kind,
            "metadata": metadata,
            "spec": {
                "holderIdentity": record.holder,
                "leaseDurationSeconds": self._seconds if record.holder else 1,
                "acquireTime": record.acquired,
                "renewTime": record.renewed,
                "leaseTransitions": record.transitions,
            },
        }
        if not record.version:
            return _record(await self._api.create(kinds.LEASE, body, FIELD_MANAGER))
        metadata["resourceVersion"] = record.version
        return _record(await self._api.replace(kinds.LEASE, body, FIELD_MANAGER))


class HeartbeatLease:
    """The object that this replica touches."""

    def __init__(
        self, api: Api, namespace: str, identity: str, pod_uid: str, now: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._namespace = namespace
        self.name = f"paddle-operator-heartbeat-{identity}"[:253]
        self._identity = identity
        self._pod_uid = pod_uid
        self._now = now

    async def touch(self, token: str) -> None:
        """Write the token; the watch must bring it back."""
        metadata: KubeObject = {
            "name": self.name,
            "namespace": self._namespace,
            "labels": {names.LABEL_MANAGED_BY: names.MANAGER, HEARTBEAT_LABEL: "true"},
            "annotations": {HEARTBEAT_TOKEN: token},
        }
        if self._pod_uid:
            pod = {"apiVersion": "v1", "kind": "Pod", "name": self._identity, "uid": self._pod_uid}
            metadata["ownerReferences"] = [pod]
        renewed = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        body = {
            "apiVersion": kinds.LEASE.api_version,
            "kind": kinds.LEASE.kind,
            "metadata": metadata,
            "spec": {"holderIdentity": self._identity, "renewTime": renewed},
        }
        await self._api.apply(kinds.LEASE, body, FIELD_MANAGER)

    async def remove(self) -> None:
        """Delete it at the end; a pod that is killed takes it along as its owner."""
        with suppress(ClusterRefused):  # on the way out: what stays is one small object
            found = await self._api.get(kinds.LEASE, self._namespace, self.name)
            await self._api.delete(kinds.LEASE, self._namespace, self.name, found["metadata"]["uid"])


def _record(body: KubeObject) -> Record:
    spec = body.get("spec") or {}
    return Record(
        holder=spec.get("holderIdentity") or "",
        transitions=spec.get("leaseTransitions") or 0,
        acquired=spec.get("acquireTime") or "",
        renewed=spec.get("renewTime") or "",
        version=body["metadata"]["resourceVersion"],
    )
