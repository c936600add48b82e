"""A look in the middle of a deletion sees that the service is gone, not that its objects are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from paddle_operator.cluster.api import Api, NotFound
from paddle_operator.cluster.client import KubernetesCluster
from paddle_operator.cluster.kinds import Kind
from paddle_operator.cluster.ports import Key
from paddle_operator.plan import Platform
from paddle_operator.reasons import Reason
from tests.operator.fake_cluster import resource


@dataclass
class Deletion:
    """A resource that is deleted, with all that it owns, as soon as anything has been read."""

    gone: bool = False

    async def groups(self) -> set[str]:
        return set()

    async def resources(self, _group_version: str) -> set[str]:
        return set()

    async def get(self, kind: Kind, _namespace: str, name: str) -> dict[str, Any]:
        if self.gone:
            raise NotFound(kind.kind, name, Reason.OBJECT_REFUSED, "not found")
        self.gone = True
        return resource()

    async def list(self, _kind: Kind, _namespace: str, **_: str) -> list[dict[str, Any]]:
        self.gone = True
        return []


async def test_a_service_that_goes_during_a_look_is_gone() -> None:
    cluster = KubernetesCluster(cast("Api", Deletion()), Platform({}))
    assert await cluster.observe(Key("prod", "calm")) is None
