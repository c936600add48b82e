"""Pods follow the load on a real node: a burst, a way down, a lost Prometheus, every number ever stored."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import pytest

from hack.cluster import addons, constants, programs
from hack.cluster.api import ClusterInfo
from hack.cluster.progress import Progress
from hack.demo.embedded import embedded_site
from hack.demo.kubectl import Kube, eventually
from hack.e2e_site import CLUSTER
from tests.e2e.load import Outcomes, Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
NAMESPACE, SERVICE, HOST = "scaling", "surge", "surge.example.com"
STEADY = 8.0
"""Requests a second that one pod with 200m of a CPU answers at ease; the burst is three times as many."""
TARGET = "10"
"""A quarter above that: at the very target a second pod would stay for a thousandth of a request."""
SCALER = {
    "backend": "KEDA",
    "minReplicas": 1,
    "maxReplicas": 4,
    "metrics": [{"name": "qps", "type": "RequestsPerReplica", "target": {"value": TARGET}}],
    "behavior": {"scaleDownStabilizationSeconds": 60},
}
FOLLOWING_SECONDS = 150.0
DOWN_SECONDS = 300.0
OUTAGE_SECONDS = 150.0


def surge(**scaling: Any) -> Resource:
    """The small Tensor model with a fifth of a CPU for each pod."""
    limits = {"cpu": "200m", "memory": "1Gi"}
    made = digits(SERVICE).through_gateway(HOST).runtime(resources={"requests": limits, "limits": limits})
    made.body["spec"]["scaling"] = scaling
    return made


@dataclass
class Numbers:
    """`with Numbers(kube) as numbers:` records every spec.replicas that the API server stores."""

    kube: Kube
    stored: list[tuple[float, str, int]] = field(default_factory=list)

    def __enter__(self) -> Self:
        shape = 'jsonpath={.metadata.name} {.spec.replicas}{"\\n"}'
        selector = f"serving.paddle-sla.io/service={SERVICE}"
        where = ["--kubeconfig", str(self.kube.kubeconfig), "-n", self.kube.namespace]
        command = [str(self.kube.kubectl), *where, "get", "deployments", "-l", selector, "-w", "-o", shape]
        self._watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        return self

    def _follow(self) -> None:
        assert self._watch.stdout is not None
        for line in self._watch.stdout:
            name, _, number = line.strip().partition(" ")
            if number.isdigit():  # a watch that is ended may break off in the middle of a line
                self.stored.append((time.monotonic(), name, int(number)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.terminate()
        self._thread.join()
        self._watch.communicate()

    def changes(self, since: float = 0.0) -> list[int]:
        """The numbers from a moment on, each as often as it came anew."""
        found: list[int] = []
        for at, _, number in list(self.stored):
            if at >= since and found[-1:] != [number]:
                found.append(number)
        return found


@pytest.fixture(scope="module")
def site() -> Testbed:
    """The end-to-end tests' cluster with KEDA, which takes a quarter of an hour to build the first time."""
    progress = Progress()
    programs.ensure(progress, programs.WHEN_ASKED)
    site = embedded_site(CLUSTER, progress)
    addons.install(ClusterInfo(CLUSTER), progress, programs.WHEN_ASKED)
    return Testbed(site, ClusterInfo(CLUSTER))


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    """One pod of the small model behind the gateway, its number fixed."""
    site.site.make_namespace(NAMESPACE)
    kube = site.kube(NAMESPACE)
    kube.apply(surge(replicas=1).body)
    kube.wait_condition(SERVICE, "Ready", "True", timeout=300)
    yield kube
    kube.delete("namespace", NAMESPACE)


@pytest.fixture
def request_of(site: Testbed) -> Request:
    url = f"{site.gateway_url}/v2/models/{SERVICE}/infer"
    return Request(url, DIGITS_REQUEST.read_bytes(), "application/json", HOST)


def replicas(kube: Kube) -> int:
    return int(kube.get("pms", SERVICE)["status"]["stable"]["replicas"])


def ready(kube: Kube) -> int:
    return int(kube.get("pms", SERVICE)["status"]["stable"]["readyReplicas"])


def failed(outcomes: Outcomes, after: float = 0.0) -> list[tuple[float, str]]:
    return [one for one in outcomes.failed if one[0] >= after]


def test_the_number_is_handed_over_and_back_without_a_dip(kube: Kube) -> None:
    kube.apply(surge(replicas=3).body)
    eventually(lambda: True if ready(kube) == 3 else None, 120, "three ready")
    with Numbers(kube) as numbers:
        kube.apply(surge(**{**SCALER, "minReplicas": 3}).body)
        kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=180)
        kube.apply(surge(backend="Auto").body)
        kube.wait_condition(SERVICE, "ScalingActive", "False", reason="ScalingOff", timeout=60)
        eventually(lambda: None if kube.list("hpa") else True, 60, "the scaler gone")
        time.sleep(10)
    assert numbers.changes() == [3]
    kube.apply(surge(replicas=1).body)
    eventually(lambda: True if replicas(kube) == 1 else None, 60, "one again")


def test_pods_follow_a_burst_and_nothing_is_dropped_on_the_way_down(
    kube: Kube, request_of: Request, record_property: Callable[[str, object], None]
) -> None:
    kube.apply(surge(**SCALER).body)
    with Steady(request_of, per_second=STEADY) as before:
        kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=180)
        time.sleep(30)
    assert failed(before.outcomes) == []
    with Numbers(kube) as numbers:
        began = time.monotonic()
        with Steady(request_of, per_second=3 * STEADY) as burst:
            eventually(lambda: True if ready(kube) >= 3 else None, FOLLOWING_SECONDS, "three ready")
            followed = time.monotonic() - began
            time.sleep(60)
        with Steady(request_of, per_second=STEADY) as after:
            eventually(lambda: True if replicas(kube) == 1 else None, DOWN_SECONDS, "one again")
            time.sleep(40)  # the last pod that goes has its time to finish
    record_property("replicas", numbers.changes(began))
    record_property("seconds_to_three_ready", round(followed, 1))
    record_property("requests_in_the_burst", len(burst.outcomes.results))
    record_property("refused_while_scaling", len(failed(burst.outcomes)))
    record_property("counted_as_refused", refused(kube))
    assert failed(burst.outcomes, after=followed + 15) == [], "none once the pods are there"
    assert failed(after.outcomes) == [], "none on the way down"
    assert all(one >= 1 for one in numbers.changes())


def refused(kube: Kube) -> str:
    """What Prometheus counted, since refusals are load and part of the record."""
    query = f'sum(increase(paddle_runtime_requests_total{{service="{SERVICE}",outcome="refused"}}[10m]))'
    there = kube.run(
        "-n", constants.MONITORING_NAMESPACE, "exec", "deploy/prometheus", "-c", "prometheus", "--",
        "promtool", "query", "instant", "http://localhost:9090", query,
    )  # fmt: skip
    return there.strip()


def test_a_lost_prometheus_removes_no_pod(
    kube: Kube, site: Testbed, request_of: Request, record_property: Callable[[str, object], None]
) -> None:
    kube.apply(surge(**SCALER).body)
    monitoring = site.kube(constants.MONITORING_NAMESPACE)
    with Steady(request_of, per_second=3 * STEADY):
        eventually(lambda: True if ready(kube) >= 3 else None, FOLLOWING_SECONDS, "three ready")
        time.sleep(20)
    with Numbers(kube) as numbers:
        monitoring.run("scale", "deployment/prometheus", "--replicas=0")
        try:
            lost = kube.wait_condition(
                SERVICE, "ScalingActive", "False", reason="MetricsLost", timeout=OUTAGE_SECONDS
            )
            time.sleep(90)  # longer than the stabilisation after which pods would go
        finally:
            monitoring.run("scale", "deployment/prometheus", "--replicas=1")
    stored = numbers.changes()
    record_property("replicas_during_the_outage", stored)
    assert stored == sorted(stored)
    assert stored[0] >= 3
    assert "No pod is removed meanwhile" in lost["message"]
    kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=180)
