"""The real cluster: reads by label, writes by server-side apply, deletes with the uid as a condition."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api, NotFound
from paddle_operator.cluster.kinds import Kind
from paddle_operator.cluster.observe import complaint, controller_reference, observation_of, silent
from paddle_operator.cluster.ports import Key, Observation
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import KubeObject, ObjectKey, Platform
from paddle_operator.plan.metadata import decided_on
from paddle_operator.plan.ownership import FIELD_MANAGER
from paddle_operator.reasons import Reason

STATUS_MANAGER = "paddle-operator-status"
"""Field managers: one a concern, and never renamed: the API server remembers who owns which field."""
_OF_NOTHING = "1"
"""A version that no object has: server-side apply then makes an object, and changes none."""
logger = logging.getLogger(__name__)
SERVED_SECONDS = 60.0
"""How long the list of optional kinds that are served is believed."""


class KubernetesCluster:
    """The port `Cluster` over the API server."""

    def __init__(self, api: Api, given: Platform) -> None:
        """`given` is what the operator was told; what the cluster offers is looked up."""
        self._api = api
        self._given = given
        self._known: tuple[float, frozenset[Kind]] = (float("-inf"), frozenset())

    async def observe(self, key: Key) -> Observation | None:
        """Read everything with its label, in parallel, then the resource; nothing is taken from a cache.

        In this order, since what a resource owns is deleted after it: the other way round a look in the
        middle of that finds objects missing, and makes them again.
        """
        served = await self._served()
        present = [one for one in kinds.OWNED if one in kinds.ALWAYS or one in served]
        selector = names.selector_of(key.name)
        *lists, pods = await asyncio.gather(
            *(self._api.list(kind, key.namespace, label_selector=selector) for kind in (*present, kinds.POD))
        )
        items = [item for found in lists for item in found]
        try:
            body = await self._api.get(kinds.SERVICE_RESOURCE, key.namespace, key.name)
        except NotFound:
            return None
        if "deletionTimestamp" in body["metadata"]:
            return None
        said = {uid: await self._said(key, uid, reason) for uid, reason in silent(items, pods).items()}
        return observation_of(body, items, pods, said, self._platform(served))

    async def apply(
        self, key: Key, wanted: KubeObject, *, is_new: bool, manager: str = FIELD_MANAGER
    ) -> None:
        """Write one owned object. One that is new must not take over somebody else's of the same name, nor be
        written over what was made of that name meanwhile."""
        kind = kinds.BY_KEY[wanted["apiVersion"], wanted["kind"]]
        if is_new:
            wanted = decided_on(wanted, "", await self._adoptable(key, kind, wanted["metadata"]))
        await self._api.apply(kind, wanted, manager)

    async def delete(self, key: Key, target: ObjectKey, uid: str) -> None:
        """Delete one owned object."""
        await self._api.delete(kinds.kind_of(target), key.namespace, target.name, uid)

    async def patch_status(self, key: Key, uid: str, status: Mapping[str, Any]) -> None:
        """Write the status; the uid makes the API server refuse a successor of the same name."""
        body = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": key.name, "namespace": key.namespace, "uid": uid},
            "status": dict(status),
        }
        await self._api.apply(kinds.SERVICE_RESOURCE, body, STATUS_MANAGER, subresource="status")

    async def _served(self) -> frozenset[Kind]:
        """The optional kinds that are there. A group can be served without all of its kinds."""
        now = asyncio.get_running_loop().time()
        if now - self._known[0] > SERVED_SECONDS:
            groups = await self._api.groups()
            asked = sorted({one.api_version for one in kinds.OPTIONAL} & groups)
            plurals = dict(zip(asked, await asyncio.gather(*map(self._api.resources, asked)), strict=True))
            served = (one for one in kinds.OPTIONAL if one.plural in plurals.get(one.api_version, ()))
            self._known = (now, frozenset(served))
        return self._known[1]

    def _platform(self, served: frozenset[Kind]) -> Platform:
        return replace(
            self._given,
            gateway_api=kinds.HTTP_ROUTE in served,
            envoy_gateway=kinds.BACKEND_POLICY in served,
            prometheus_rules=kinds.PROMETHEUS_RULE in served,
            pod_monitors=kinds.POD_MONITOR in served,
            keda=kinds.SCALED_OBJECT in served,
        )

    async def _said(self, key: Key, uid: str, reason: str) -> str:
        """What Events say of the object: some troubles are told nowhere else. Empty where forbidden."""
        try:
            events = await self._api.list(
                kinds.EVENT, key.namespace, field_selector=f"involvedObject.uid={uid}"
            )
        except ClusterRefused as refused:
            logger.debug("%s: %s", key, refused)
            return ""
        return complaint(events, reason)

    async def _adoptable(self, key: Key, kind: Kind, metadata: Mapping[str, Any]) -> str:
        """Return the version of what has the name and may be taken over; of nothing, one that nothing has.

        What carries all of our labels the look would have seen: it was made since, by one who knows more.
        """
        name = str(metadata["name"])
        try:
            found = await self._api.get(kind, key.namespace, name)
        except NotFound:
            return _OF_NOTHING
        labels = found["metadata"].get("labels") or {}
        controller = controller_reference(found)
        mine = controller.get("uid") == metadata["ownerReferences"][0]["uid"]
        adoptable = not controller and labels.get(names.LABEL_SERVICE) == key.name
        if not mine and not adoptable:
            owner = (
                f"{controller['kind']} {controller['name']} owns it" if controller else "it has no controller"
            )
            message = f"it exists and is not this service's ({owner}): rename or delete one of them"
            raise ClusterRefused(kind.kind, name, Reason.NAME_TAKEN, message)
        is_newer = names.service_labels(key.name).items() <= labels.items()
        return _OF_NOTHING if is_newer else str(found["metadata"]["resourceVersion"])
