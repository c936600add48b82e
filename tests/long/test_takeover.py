"""Crash to takeover with two replicas, many times: who notices, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benchmarks.takeover import NAMESPACE, measure, model, prepared
from hack.cluster.api import ClusterInfo
from hack.cluster.progress import Progress
from hack.demo.embedded import embedded_site
from hack.demo.kubectl import Kube
from hack.e2e_site import CLUSTER
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
KILLS = 50
TAKEOVER_SECONDS = 30.0


@pytest.fixture(scope="module")
def site() -> Testbed:
    """The end-to-end tests' cluster; made again when a sweep before took it away."""
    return Testbed(embedded_site(CLUSTER, Progress()), ClusterInfo(CLUSTER))


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    kube = prepared(site, model("digits"))
    yield kube
    kube.delete("namespace", NAMESPACE)


def test_a_killed_pod_serves_again_in_time_and_with_retries_nobody_notices(
    site: Testbed, kube: Kube, record_property: Callable[[str, object], None]
) -> None:
    found = measure(site, kube, model("digits"), KILLS)
    for name, value in found.items():
        record_property(name, value)
    assert found["with_retry"]["failed"] == 0
    assert found["ready_again_seconds"]["median"] < TAKEOVER_SECONDS
    assert found["ready_again_seconds"]["max"] < 2 * TAKEOVER_SECONDS
