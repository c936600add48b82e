"""The record and the figures in a real API server: written with a version, kept whole, gone in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from hack.demo.kubectl import Kube, eventually
from paddle_operator.cluster.api import Api
from paddle_operator.cluster.client import KubernetesCluster
from paddle_operator.cluster.ports import Key, Observation
from paddle_operator.measure import Measuring
from paddle_operator.plan import Platform, plan
from paddle_operator.plan.record import stored_record
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.record import record_from
from paddle_operator.spec import parse
from paddle_operator.status import status_of
from tests.e2e.operator.resources import paper
from tests.operator.fake_metrics import EVERY, FakeMetrics

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
LATENCY = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
UP = {"name": "up", "availability": {"targetPercent": "99.9"}}


@pytest_asyncio.fixture
async def cluster(account: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KubernetesCluster]:
    """The operator's own way to the API server, with the rights of its chart."""
    monkeypatch.setenv("KUBECONFIG", str(account))
    api = await Api.connect(20, lambda *_: None)
    yield KubernetesCluster(api, Platform({}))
    await api.close()
    await asyncio.sleep(0.25)  # aiohttp ends TLS connections a moment after it closed them


def measuring(metrics: FakeMetrics, cluster: KubernetesCluster) -> Measuring:
    """A process that has just begun."""
    return Measuring(metrics, cluster, Scraping(EVERY), interval_seconds=60, limit_seconds=20)


async def seen(cluster: KubernetesCluster, key: Key) -> Observation:
    found = await cluster.observe(key)
    assert found is not None
    return found


def counted(observation: Observation) -> tuple[str, int]:
    """The version that is stored, and the requests in it."""
    stored = stored_record(observation.objects)
    assert stored is not None
    return stored.version, sum(
        cell.requests for cell in record_from(stored.texts["record.json"]).accounts["requests"]
    )


async def test_a_record_is_made_kept_up_and_never_written_over_a_newer_one(
    kube: Kube, cluster: KubernetesCluster
) -> None:
    kube.apply(paper("counted", sla={"objectives": [UP, LATENCY]}))
    key = Key(kube.namespace, "counted")
    first = await seen(cluster, key)
    service = parse(first.body)
    created = datetime.fromisoformat(first.body["metadata"]["creationTimestamp"])
    metrics = FakeMetrics()
    metrics.start("a", "counted-1", created)

    async def measure(process: Measuring, at_minutes: int, observation: Observation) -> Observation:
        now = created + timedelta(minutes=at_minutes)
        metrics.serve("a", now, good=9, bad=1, fast=9)
        found = await process(key, service, observation, now)
        status = status_of(
            service, plan(service, first.platform, None, (), now), first.facts, {}, now, measured=found
        )
        await cluster.patch_status(key, first.uid, status)
        kept = kube.get("pms", "counted")["status"]
        assert kept["sla"] == status["sla"], "the schema keeps every figure"
        assert kept["sla"]["objectives"][0]["budgetRemainingPercent"].startswith("-99")
        return await seen(cluster, key)

    process, other = measuring(metrics, cluster), measuring(metrics, cluster)
    second = await measure(process, 20, first)
    third = await measure(process, 40, second)
    assert counted(third)[1] > counted(second)[1] > 0
    assert counted(third)[0] != counted(second)[0]
    await measure(other, 60, second)
    assert counted(await seen(cluster, key)) == counted(third), "its version was no longer the stored one"
    fourth = await measure(other, 80, third)
    assert counted(fourth)[1] > counted(third)[1]

    kube.delete("pms", "counted")
    listed = "serving.paddle-sla.io/service=counted"
    eventually(lambda: None if kube.list("configmaps", listed) else True, 60, "its end")
