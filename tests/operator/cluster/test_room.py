"""The room on nodes, asked of an API server that says yes and one that says no."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import NotFound
from paddle_operator.cluster.kinds import Kind
from paddle_operator.cluster.ports import Ground, Key
from paddle_operator.cluster.room import KubernetesRoom
from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason

KEY = Key("prod", "calm")


class FakeApi:
    """Answers lists and remembers annotations."""

    def __init__(self, refuses: dict[Kind, ClusterRefused] | None = None) -> None:
        self.refuses = refuses or {}
        self.annotated: list[tuple[str, str, dict[str, str]]] = []

    async def list(self, kind: Kind, namespace: str | None, **selectors: str) -> list[dict[str, Any]]:
        assert namespace is None
        if kind in self.refuses:
            raise self.refuses[kind]
        return [{"kind": kind.kind, **selectors}]

    async def annotate(
        self, kind: Kind, namespace: str, name: str, annotations: dict[str, str], manager: str
    ) -> None:
        if kind in self.refuses:
            raise self.refuses[kind]
        self.annotated.append((namespace, name, annotations))


def ground_of(api: FakeApi) -> Ground | None:
    return asyncio.run(KubernetesRoom(api).ground())  # type: ignore[arg-type]


def refused(kind: Kind, reason: Reason) -> dict[Kind, ClusterRefused]:
    return {kind: ClusterRefused(kind.kind, "", reason, "no")}


def test_nodes_and_the_pods_that_are_not_through_are_read() -> None:
    found = ground_of(FakeApi())
    assert found is not None
    assert [one["kind"] for one in found.nodes] == ["Node"]
    assert found.pods[0]["field_selector"] == "status.phase!=Succeeded,status.phase!=Failed"


@pytest.mark.parametrize("kind", [kinds.NODE, kinds.POD], ids=lambda kind: kind.kind)
def test_without_the_right_nothing_is_known_and_any_other_refusal_is_told(kind: Kind) -> None:
    assert ground_of(FakeApi(refused(kind, Reason.FORBIDDEN))) is None
    with pytest.raises(ClusterRefused):
        ground_of(FakeApi(refused(kind, Reason.API_UNAVAILABLE)))


def test_a_pod_that_is_to_go_first_has_the_least_cost_and_one_that_is_gone_is_no_trouble() -> None:
    api = FakeApi()
    asyncio.run(KubernetesRoom(api).gives_up_first(KEY, "calm-1-x"))  # type: ignore[arg-type]
    cost = {"controller.kubernetes.io/pod-deletion-cost": "-2147483648"}
    assert api.annotated == [("prod", "calm-1-x", cost)]
    gone = FakeApi({kinds.POD: NotFound("Pod", "calm-1-x", Reason.OBJECT_REFUSED, "gone")})
    asyncio.run(KubernetesRoom(gone).gives_up_first(KEY, "calm-1-x"))  # type: ignore[arg-type]
