"""What the flow needs of a cluster. Tests have a fake of it in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from paddle_operator.plan import KubeObject, LiveRevision, ObjectKey, Platform, Resolution
from paddle_operator.plan.ownership import FIELD_MANAGER
from paddle_operator.status import Facts
from paddle_operator.status.news import Change


class Key(NamedTuple):
    """One service: what the queue holds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Observation:
    """Everything that one look at a service sees, read in one go."""

    body: KubeObject
    """The resource as stored."""
    objects: tuple[KubeObject, ...]
    """What it owns, whole, for the comparison with the plan. Pods are not among them."""
    revisions: tuple[LiveRevision, ...]
    resolution: Resolution | None
    """What the resolve Job found, while the Job is there."""
    platform: Platform
    facts: Facts

    @property
    def status(self) -> dict[str, Any]:
        """The stored status."""
        found: dict[str, Any] = self.body.get("status") or {}
        return found

    @property
    def uid(self) -> str:
        """The resource's uid: another one under the same name is another service."""
        return str(self.body["metadata"]["uid"])


class Cluster(Protocol):
    """Four verbs; each raises ClusterRefused."""

    async def observe(self, key: Key) -> Observation | None:
        """Look at a service; None when it is gone or going."""

    async def apply(
        self, key: Key, wanted: KubeObject, *, is_new: bool, manager: str = FIELD_MANAGER
    ) -> None:
        """Write one object, or the part of it that is a manager's, by server-side apply."""

    async def delete(self, key: Key, target: ObjectKey, uid: str) -> None:
        """Delete one object, if it still is the one with that uid."""

    async def patch_status(self, key: Key, uid: str, status: Mapping[str, Any]) -> None:
        """Write the status of the resource, if it still is the one with that uid."""


class Events(Protocol):
    """Where people read what happened."""

    async def post(self, service: KubeObject, changes: Iterable[Change], now: datetime) -> None:
        """Post one Event for each change."""
