"""The operator's HPA scales for real: on CPU through metrics-server, and on an external metric."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.scaling_watch import Replicas
from hack.cluster.addons_extras import METRICS_SERVER
from hack.demo.kubectl import Kube, eventually
from tests.e2e.load import Steady
from tests.e2e.resources import Resource
from tests.e2e.rollouts import request_to
from tests.e2e.testbed import Testbed
from tests.long.external_metrics import Provider, provided
from tests.long.scaled_service import by_requests, replicas, scaled, serving_in

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
NAMESPACE, SERVICE = "autoscaling", "steered"
SELECTOR = f"serving.paddle-sla.io/service={SERVICE}"
CPU = {"name": "cpu", "type": "CPUUtilization", "target": {"value": "20"}}
LOAD = by_requests(value="10")
UP_SECONDS, DOWN_SECONDS = 150.0, 240.0


def steered(metric: dict[str, Any]) -> Resource:
    return scaled(SERVICE, "HPA", metric, behavior={"scaleDownStabilizationSeconds": 60})


@pytest.fixture(scope="module")
def site() -> Testbed:
    return Testbed.with_extra(METRICS_SERVER)


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    with serving_in(site.site, NAMESPACE, steered(CPU)) as kube:
        yield kube


@pytest.fixture(scope="module")
def provider(site: Testbed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with provided(site.site, tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture
def load(site: Testbed) -> Steady:
    return Steady(request_to(site, SERVICE), per_second=24)


def becomes(kube: Kube, least: int, most: int, seconds: float) -> None:
    eventually(
        lambda: least <= replicas(kube, SERVICE) <= most or None, seconds, f"{least} to {most} replicas"
    )


def scales(kube: Kube) -> None:
    kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=180)


def test_cpu_through_metrics_server(kube: Kube, load: Steady) -> None:
    kube.apply(steered(CPU).body)
    scales(kube)
    with Replicas(kube, SELECTOR) as seen:
        began = time.monotonic()
        with load:
            becomes(kube, 2, 3, UP_SECONDS)
        becomes(kube, 1, 1, DOWN_SECONDS)
    numbers = [number for _, number in seen.stored(began)]
    assert numbers[0] == numbers[-1] == min(numbers) == 1


def test_a_number_that_is_set_for_all_pods_of_the_revision(kube: Kube, provider: Provider) -> None:
    provider.says("5")
    kube.apply(steered(LOAD).body)
    scales(kube)
    provider.says("25")
    becomes(kube, 3, 3, UP_SECONDS)
    assert "between 1 and 3" in scales_message(kube)
    provider.says("99")
    kube.wait_condition(SERVICE, "ScalingActive", "True", reason="ScalingLimited", timeout=90)
    provider.says("5")
    becomes(kube, 1, 1, DOWN_SECONDS)


def test_what_prometheus_says_of_the_revision(kube: Kube, provider: Provider, load: Steady) -> None:
    provider.says("")
    kube.apply(steered(LOAD).body)
    with load:
        becomes(kube, 2, 3, UP_SECONDS)
    becomes(kube, 1, 1, DOWN_SECONDS)


def test_a_lost_provider_removes_no_pod(kube: Kube, provider: Provider) -> None:
    provider.says("25")
    kube.apply(steered(LOAD).body)
    becomes(kube, 3, 3, UP_SECONDS)
    with Replicas(kube, SELECTOR) as seen:
        began = time.monotonic()
        provider.scaled_to(0)
        lost = kube.wait_condition(SERVICE, "ScalingActive", "False", reason="MetricsLost", timeout=150)
        time.sleep(90)  # longer than the stabilisation after which pods would go
    provider.scaled_to(1)
    assert [number for _, number in seen.stored(began)] == [3]
    assert "external.metrics.k8s.io" in lost["message"]
    scales(kube)


def scales_message(kube: Kube) -> str:
    return str(kube.conditions(SERVICE)["ScalingActive"]["message"])
