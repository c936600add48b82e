"""Where golden requests are sent, and from when on."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator.plan.golden import golden_target, has_served
from tests.operator.given import a_resource, a_service, a_world

LATENCY = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 30_000}}
UP = {"name": "up", "availability": {"targetPercent": "99"}}


def plain(address: str) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": "ocr"}, "spec": {"clusterIP": address}}


@pytest.mark.parametrize(
    ("address", "url"),
    [("10.0.0.7", "http://10.0.0.7:80/golden"), ("fd00::7", "http://[fd00::7]:80/golden")],
)
def test_it_is_asked_where_callers_inside_the_cluster_ask(address: str, url: str) -> None:
    target = golden_target(a_service(a_resource().promising(UP)), [plain(address)])
    assert target is not None
    assert target.address == url


@pytest.mark.parametrize("address", ["", "None", "somewhere.example.com"])
def test_without_an_address_nobody_is_asked(address: str) -> None:
    assert golden_target(a_service(a_resource().promising(UP)), [plain(address)]) is None


def test_another_service_of_the_resource_is_not_asked() -> None:
    revisions = {**plain("10.0.0.7"), "metadata": {"name": "ocr-0123456789"}}
    assert golden_target(a_service(a_resource().promising(UP)), [revisions]) is None


def test_an_answer_is_waited_for_as_long_as_the_slowest_promise_allows() -> None:
    slow = golden_target(a_service(a_resource().promising(UP, LATENCY)), [plain("10.0.0.7")])
    quick = golden_target(a_service(a_resource().promising(UP)), [plain("10.0.0.7")])
    assert slow is not None
    assert quick is not None
    assert (slow.timeout_seconds, quick.timeout_seconds) == (30.0, 5.0)


def test_it_has_served_when_a_pod_of_what_serves_is_ready_or_the_status_tells_of_golden_requests() -> None:
    world = a_world()
    plan = world.reconcile()
    assert not has_served(plan, world.live, {})
    told = {"sla": {"objectives": [{"name": "up", "source": "Synthetic"}]}}
    assert has_served(plan, world.live, told)
    assert not has_served(plan, world.live, {"sla": {"objectives": [{"name": "up", "source": "Runtime"}]}})
    world.becomes_ready(plan.stable)
    assert has_served(plan, world.live, {})
