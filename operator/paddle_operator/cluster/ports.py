"""What the flow needs of a cluster. Tests have a fake of it in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from paddle_operator import names
from paddle_operator.plan import KubeObject, LiveRevision, ObjectKey, Platform, Resolution
from paddle_operator.plan.ownership import FIELD_MANAGER
from paddle_operator.sla.intervals import utc
from paddle_operator.status import Facts
from paddle_operator.status.news import Change
from paddle_operator.status.sla_report import is_complete


class Key(NamedTuple):
    """One service: what the queue holds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ReportKey(NamedTuple):
    """What the queue of reports holds: a service, whose schedule is looked at, or one report."""

    is_service: bool
    key: Key

    def __str__(self) -> str:
        return f"{'schedule of' if self.is_service else 'report'} {self.key}"


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

    @property
    def asked(self) -> str:
        """What a person asks of the rollout by an annotation; empty: nothing."""
        return str((self.body["metadata"].get("annotations") or {}).get(names.ANNOTATION_REQUEST, ""))


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


@dataclass(frozen=True)
class Ground:
    """Where pods run: all nodes, and the pods of all namespaces that are not through."""

    nodes: tuple[KubeObject, ...]
    pods: tuple[KubeObject, ...]


class Room(Protocol):
    """The room on nodes; each verb raises ClusterRefused."""

    async def ground(self) -> Ground | None:
        """Read nodes and pods; None where the operator may not."""

    async def gives_up_first(self, key: Key, pod: str) -> None:
        """Mark a pod of a service as the one to end when its set has one too many; gone already is fine."""


class Events(Protocol):
    """Where people read what happened."""

    async def post(self, service: KubeObject, changes: Iterable[Change], now: datetime) -> None:
        """Post one Event for each change."""


@dataclass(frozen=True)
class Shelf:
    """A service and the reports that its schedule has made."""

    service: KubeObject
    created: datetime
    ends: Mapping[str, datetime]
    """End of the period of each report, by the report's name."""


class Shelves(Protocol):
    """Services and the reports of their schedules; each verb raises ClusterRefused."""

    async def shelf(self, key: Key) -> Shelf | None:
        """Look at a service's reports; None when the service is gone or going."""

    async def create(self, report: KubeObject) -> None:
        """Create a report; one of that name that is there already is the same."""

    async def delete(self, key: Key, name: str) -> None:
        """Delete a report of this service's schedule."""


@dataclass(frozen=True)
class Order:
    """A report that somebody asked for, and the service that it is about; None: there is none."""

    body: KubeObject
    service: KubeObject | None
    record: KubeObject | None = None
    """The ConfigMap of what is kept of the service."""

    @property
    def about(self) -> str:
        """The name of the service that it is about; "" where it names none."""
        return service_of(self.body)

    @property
    def complete(self) -> bool:
        """Whether it is made."""
        return is_complete(self.body)

    @property
    def created(self) -> datetime:
        """When it was asked for."""
        return created(self.body)


class Orders(Protocol):
    """Reports to be made; each verb raises ClusterRefused."""

    async def order(self, key: Key) -> Order | None:
        """Look at one report; None when it is gone or going."""

    async def tell(self, order: Order, status: Mapping[str, Any]) -> None:
        """Write a report's status."""


def service_of(report: KubeObject) -> str:
    """Return the name of the service that a report is about; "" where it names none."""
    return str(((report.get("spec") or {}).get("serviceRef") or {}).get("name", ""))


def created(body: KubeObject) -> datetime:
    """Return when an object was created."""
    return utc(datetime.fromisoformat(body["metadata"]["creationTimestamp"]))
