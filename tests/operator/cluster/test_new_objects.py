"""What is to be new is written over nothing but what was found under its name, and may be taken over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from paddle_operator import names
from paddle_operator.cluster.api import Api, NotFound
from paddle_operator.cluster.client import KubernetesCluster
from paddle_operator.cluster.kinds import Kind
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import Platform
from paddle_operator.plan.metadata import kube_object
from paddle_operator.reasons import Reason
from paddle_operator.spec import Identity
from tests.operator.fake_cluster import KEY

WANTED = kube_object(Identity(KEY.name, KEY.namespace, "uid-cr", 1), "v1", "Service", "calm", {"spec": {}})


@dataclass
class OneObject:
    """An API server that has this object, or none, and keeps what is applied."""

    found: dict[str, Any] | None
    applied: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, kind: Kind, _namespace: str, name: str) -> dict[str, Any]:
        if self.found is None:
            raise NotFound(kind.kind, name, Reason.OBJECT_REFUSED, "not found")
        return self.found

    async def apply(self, _kind: Kind, wanted: dict[str, Any], _manager: str) -> None:
        self.applied.append(wanted)


def version_of_new(found: dict[str, Any] | None) -> str:
    """The version that the object carries when it is made where this is found."""
    api = OneObject(found)
    asyncio.run(KubernetesCluster(cast("Api", api), Platform({})).apply(KEY, WANTED, is_new=True))
    (applied,) = api.applied
    assert {**applied, "metadata": WANTED["metadata"]} == WANTED
    return str(applied["metadata"]["resourceVersion"])


def test_where_nothing_is_the_version_is_one_that_no_object_has() -> None:
    assert version_of_new(None) == "1"


def test_what_a_look_overlooks_may_be_taken_over_as_it_was_found() -> None:
    assert version_of_new({"metadata": {**WANTED["metadata"], "labels": {}, "resourceVersion": "77"}}) == "77"
    orphan = {"name": "calm", "labels": {names.LABEL_SERVICE: KEY.name}, "resourceVersion": "78"}
    assert version_of_new({"metadata": orphan}) == "78"


def test_what_a_look_would_have_seen_was_made_since_and_is_not_written_over() -> None:
    assert version_of_new({"metadata": {**WANTED["metadata"], "resourceVersion": "77"}}) == "1"


def test_what_is_somebody_elses_is_not_written() -> None:
    with pytest.raises(ClusterRefused, match="it exists and is not this service's"):
        version_of_new({"metadata": {"name": "calm", "resourceVersion": "79"}})
