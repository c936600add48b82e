"""A revision: everything that decides a pod, and nothing else.

Its name is a hash of that content, so equal wishes give the same revision and any difference makes a new
one. The promise (SLA), the number of replicas, the route and the free-text version are not in it: changing
them replaces no pod.
"""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import ConfigDict, ValidationError

from paddle_operator import names
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.source import Module, Preload, Source, Task
from paddle_operator.spec.traffic import Probes
from paddle_operator.spec.workload import Batching, Device, Pod, Queue, Resources

_FOLLOWS_FROM_DIGEST = ("size_bytes", "task", "format")
"""Recorded for later checks, and no part of the name: the digest says it already."""


class Revision(Source):
    """What decides a pod. Field names are those of the resource where they mean the same.

    The fields of Source are those of the model's bundle. Its digest and those of the modules are as found.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    size_bytes: int
    """Of all bundles together."""
    task: Task
    modules: tuple[Module, ...] = ()
    preload: Preload
    device: Device
    device_count: int
    device_resource: str
    device_memory_mib: int
    image: str
    batching: Batching | None = None
    queue: Queue
    resources: Resources
    pod: Pod
    probes: Probes

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every bundle that a pod fetches: the model's, then those of its modules."""
        return (self, *self.modules)

    def name(self, service: str) -> str:
        """Name of the revision's Deployment and Service."""
        content = self.model_dump(
            by_alias=True,
            mode="json",
            exclude_none=True,
            exclude_defaults=True,
            exclude=set(_FOLLOWS_FROM_DIGEST),
        )
        return names.revision_name(service, hashlib.sha256(canonical_json(content).encode()).hexdigest())

    def to_json(self) -> str:
        """Return the canonical text, which is the record kept on the Deployment.

        Defaults are left out, so that a field that a later release adds changes no name.
        """
        return canonical_json(
            self.model_dump(by_alias=True, mode="json", exclude_none=True, exclude_defaults=True)
        )

    @staticmethod
    def of(**parts: Any) -> Revision:
        """Put a revision together from parsed parts."""
        return Revision.model_validate(parts)

    @staticmethod
    def from_json(text: str) -> Revision | None:
        """Read a record; None when it is damaged or from a release with other fields."""
        try:
            return Revision.model_validate_json(text)
        except ValidationError:
            return None
