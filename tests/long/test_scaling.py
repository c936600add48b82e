"""Pods follow the load on a real node: a burst, a way down, a lost Prometheus, every number ever stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import scaling
from hack.cluster.addons_extras import KEDA
from hack.demo.kubectl import Kube
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def site() -> Testbed:
    return Testbed.with_extra(KEDA)


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    kube = scaling.prepared(site)
    yield kube
    kube.delete("namespace", scaling.NAMESPACE)


@pytest.fixture(scope="module")
def parts(kube: Kube) -> Iterator[dict[str, Any]]:
    """What was found; all parts together, once they passed, become benchmarks/results/scaling.json."""
    found: dict[str, Any] = {}
    yield found
    if set(found) == set(scaling.PARTS):
        scaling.store(kube, found)


def test_the_number_is_handed_over_and_back_without_a_dip(kube: Kube, parts: dict[str, Any]) -> None:
    found = scaling.handed_over(kube)
    print(json.dumps(found))
    assert [number for _, number in found["stored"]] == [3]
    parts["hand_over"] = found


def test_pods_follow_a_burst_and_nothing_is_dropped_on_the_way_down(
    kube: Kube, site: Testbed, parts: dict[str, Any]
) -> None:
    found = scaling.burst(kube, scaling.request_of(site))
    print(json.dumps(found))
    bad = found["refused_or_failed"]
    assert bad["before"] == bad["followed"] == bad["down"] == {}
    assert set(bad["following"]) <= {"503"}, "refused, and nothing worse"
    assert found["counted_as_refused"] >= sum(bad["following"].values()), "and counted where the load is"
    numbers = [number for _, number in found["stored"]]
    assert max(numbers) >= 3
    assert numbers[0] == numbers[-1] == min(numbers) == 1
    parts["burst"] = found


def test_a_lost_prometheus_removes_no_pod(kube: Kube, site: Testbed, parts: dict[str, Any]) -> None:
    found = scaling.outage(kube, site, scaling.request_of(site))
    print(json.dumps(found))
    stopped, back = found["marks"]["stopped"], found["marks"]["back"]
    meanwhile = [number for at, number in found["stored"] if stopped <= at < back]
    before = [number for at, number in found["stored"] if at < stopped]
    assert before[-1:] + meanwhile == sorted(before[-1:] + meanwhile)
    assert before[-1] >= 3
    assert "No pod is removed meanwhile" in found["said"]
    bad = found["refused_or_failed"]
    assert bad["before"] == bad["followed"] == bad["down"] == {}
    assert found["stored"][-1][1] == 1, "the way down is found again"
    parts["outage"] = found
