"""What a cluster offers is looked up kind by kind: a group can be served without all of its kinds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, cast

from paddle_operator.cluster.api import Api
from paddle_operator.cluster.client import KubernetesCluster
from paddle_operator.cluster.kinds import Kind
from paddle_operator.cluster.ports import Key
from paddle_operator.plan import Platform
from paddle_operator.spec.workload import Device
from tests.operator.fake_cluster import resource

GIVEN = Platform({Device.CPU: "runtime:1"}, monitoring_labels={"release": "prom"}, runbooks="https://x")
GATEWAY, MONITORING = "gateway.networking.k8s.io/v1", "monitoring.coreos.com/v1"


@dataclass
class FakeApi:
    """An API server that serves these kinds and is empty but for one resource."""

    served: dict[str, set[str]]
    asked: list[str] = field(default_factory=list)

    async def groups(self) -> set[str]:
        self.asked.append("groups")
        return {"apps/v1", *self.served}

    async def resources(self, group_version: str) -> set[str]:
        return self.served[group_version]

    async def get(self, _kind: Kind, _namespace: str, _name: str) -> dict[str, Any]:
        return resource()

    async def list(self, kind: Kind, _namespace: str, **_: str) -> list[dict[str, Any]]:
        self.asked.append(kind.plural)
        return []


def looks(api: FakeApi, times: int = 1) -> Platform:
    """The platform of the last of so many looks."""

    async def look() -> Platform:
        cluster = KubernetesCluster(cast("Api", api), GIVEN)
        for _ in range(times):
            seen = await cluster.observe(Key("prod", "calm"))
        assert seen is not None
        return seen.platform

    return asyncio.run(look())


def test_what_is_served_is_used_and_listed() -> None:
    api = FakeApi({GATEWAY: {"httproutes", "gateways"}, MONITORING: {"prometheusrules", "podmonitors"}})
    assert looks(api) == replace(GIVEN, gateway_api=True, prometheus_rules=True, pod_monitors=True)
    assert {"httproutes", "prometheusrules", "podmonitors", "deployments"} <= set(api.asked)
    assert "backendtrafficpolicies" not in api.asked


def test_a_kind_that_is_missing_in_its_group_is_not_asked_for() -> None:
    api = FakeApi({MONITORING: {"podmonitors", "servicemonitors"}})
    assert looks(api) == replace(GIVEN, pod_monitors=True)
    assert "prometheusrules" not in api.asked


def test_a_plain_cluster_offers_none_of_it() -> None:
    assert looks(FakeApi({})) == GIVEN


def test_what_is_served_is_believed_for_a_while() -> None:
    api = FakeApi({MONITORING: {"podmonitors"}})
    looks(api, times=3)
    assert api.asked.count("groups") == 1
