"""A service that nobody asks, on a real node: the operator asks it, and a real Prometheus counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hack.demo.kubectl import Kube, eventually
from tests.e2e.operator.local_operator import INSTALLED, SYSTEM, LocalOperator
from tests.e2e.prometheus.real_prometheus import free_port, install, running
from tests.e2e.resources import digits
from tests.e2e.testbed import Testbed, ready_pods

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(240)]
NAME = "unasked"
SLA = {
    "objectives": [{"name": "up", "availability": {"targetPercent": "80"}}],
    "minTraffic": {"requests": 5, "periodSeconds": 60},
    "synthetic": {"periodSeconds": 5},
}


@pytest.fixture(scope="module")
def admin(site: Testbed) -> Kube:
    """kubectl on the node that runs pods, whose installed operator stands down meanwhile."""
    return site.kube(SYSTEM)


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    """kubectl in a namespace with the store's credentials."""
    made = site.kube("operator-golden")
    made.delete("namespace", made.namespace)
    site.site.make_namespace(made.namespace)
    yield made
    made.delete("namespace", made.namespace)


@pytest.fixture(scope="module")
def runtime_image(admin: Kube) -> str:
    """The runtime's image on the node: the one that the installed operator gives to pods."""
    namespace, name = INSTALLED
    deployment = Kube(admin.kubectl, admin.kubeconfig, namespace).get("deployment", name)
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return str(
        {one["name"]: one.get("value") for one in container["env"]}["PADDLE_OPERATOR_RUNTIME_IMAGE_CPU"]
    )


@pytest.fixture
def operator(account: Path, folder: Path, tmp_path: Path, runtime_image: str) -> Iterator[LocalOperator]:
    """A replica whose own metrics are what its Prometheus scrapes."""
    install()
    port = free_port()
    settings = {
        "PROMETHEUS_URL": f"http://127.0.0.1:{port}",
        "SCRAPE_INTERVAL_SECONDS": "1",
        "MEASURE_INTERVAL_SECONDS": "2",
        "RUNTIME_IMAGE_CPU": runtime_image,
    }
    environment = {f"PADDLE_OPERATOR_{name}": value for name, value in settings.items()}
    one = LocalOperator(account, folder, "asking", environment)
    one.start()
    target = {"targets": [f"127.0.0.1:{one.port}"], "labels": {"namespace": "sys", "pod": one.name}}
    job = {"job_name": "operator", "scrape_interval": "1s", "static_configs": [target]}
    with running(tmp_path, tmp_path / "data", port, json.dumps({"scrape_configs": [job]})):
        yield one
    one.kill()
    assert "Traceback" not in one.log, one.log


@contextmanager
def no_room(kube: Kube) -> Iterator[None]:
    """No node takes new pods."""
    nodes = [one["metadata"]["name"] for one in kube.list("nodes", "")]
    kube.run("cordon", *nodes)
    try:
        yield
    finally:
        kube.run("uncordon", *nodes)


def counted(operator: LocalOperator) -> dict[str, int]:
    """The operator's own counts of golden requests, by outcome."""
    text = httpx.get(f"http://127.0.0.1:{operator.port}/metrics", timeout=5).text
    return {
        sample.labels["outcome"]: int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "paddle_operator_golden_requests_total"
    }


def objective(kube: Kube) -> dict[str, Any]:
    [found] = kube.get("pms", NAME)["status"]["sla"]["objectives"]
    return dict(found)


def test_a_service_without_gateway_and_traffic_is_judged_by_golden_requests_and_its_outage_is_seen(
    kube: Kube, operator: LocalOperator
) -> None:
    kube.apply(digits(NAME).sla(**SLA).body)
    kube.wait_condition(NAME, "Ready", "True", timeout=120)
    kube.wait_condition(NAME, "SLAMet", "True", timeout=60)
    found = objective(kube)
    assert (found["source"], found["attainedPercent"]) == ("Synthetic", "100.00")
    calm = counted(operator)
    assert calm["good"] >= 5
    assert (calm["bad"], calm["refused"], calm["invalid"]) == (0, 0, 0)

    with no_room(kube):
        for pod in ready_pods(kube, NAME):
            kube.run("delete", "pod", pod, "--force", "--grace-period=0")
        told = kube.wait_condition(NAME, "SLAMet", "False", timeout=90)
        assert told["reason"] == "BudgetSpent"
    assert counted(operator)["bad"] >= 1
    assert objective(kube)["source"] == "Synthetic"

    kube.wait_condition(NAME, "Ready", "True", timeout=120)
    before = counted(operator)
    eventually(lambda: counted(operator)["good"] > before["good"] + 1 or None, 30, lambda: operator.log)
    kube.delete("pms", NAME)
    eventually(lambda: counted(operator) == {} or None, 30, lambda: str(counted(operator)))
