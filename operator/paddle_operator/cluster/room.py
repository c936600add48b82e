"""The room on nodes, read from the API server and never cached; and which pod is to make room."""

from __future__ import annotations

from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api, NotFound
from paddle_operator.cluster.ports import Ground, Key
from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
"""Of the pods of a set that has one too many, the one with the least goes first (of those as ready)."""
LEAST_COST = "-2147483648"
MANAGER = "paddle-operator-room"


class KubernetesRoom:
    """The port `Room` over the API server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def ground(self) -> Ground | None:
        """Read nodes first: a pod that is bound in between is counted, and none twice."""
        through = "status.phase!=Succeeded,status.phase!=Failed"
        try:
            nodes = await self._api.list(kinds.NODE, None)
            pods = await self._api.list(kinds.POD, None, field_selector=through)
        except ClusterRefused as refused:
            if refused.reason is Reason.FORBIDDEN:
                return None
            raise
        return Ground(tuple(nodes), tuple(pods))

    async def gives_up_first(self, key: Key, pod: str) -> None:
        """Write the annotation that ReplicaSets go by."""
        try:
            await self._api.annotate(kinds.POD, key.namespace, pod, {DELETION_COST: LEAST_COST}, MANAGER)
        except NotFound:
            return
