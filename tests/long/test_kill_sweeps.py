"""kill -9 at many moments: of the demo while it works, and of a container again and again under requests."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from hack.cluster import leftovers
from hack.cluster.api import ClusterInfo
from hack.cluster.progress import Progress
from hack.demo.embedded import embedded_site
from hack.demo.kubectl import Kube, eventually
from hack.demo.page import INVOICE, render
from hack.demo.site import ROOT
from hack.e2e_site import CLUSTER
from tests.e2e.load import Request, Steady
from tests.e2e.resources import ocr
from tests.e2e.testbed import Testbed, ready_pods

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]
DEMO = (sys.executable, "-m", "hack.demo")
HOST = "sweep.example.com"
NAMESPACE, SERVICE = "kill-sweep", "sweep"
KILLS = 8
READY_AGAIN_SECONDS = 60.0


@pytest.mark.parametrize("after_seconds", [1, 4, 9, 15, 25, 40])
def test_a_demo_killed_at_any_moment_is_cleaned_up(after_seconds: int) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "KUBECONFIG"}
    demo = subprocess.Popen(
        [*DEMO, "up"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(after_seconds)
    demo.send_signal(signal.SIGKILL)
    demo.wait()
    cleaned = subprocess.run(
        [*DEMO, "clean"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert cleaned.returncode == 0, cleaned.stderr
    assert leftovers.find("demo") == []


@pytest.fixture(scope="module")
def site() -> Testbed:
    """The end-to-end tests' cluster; made again when a sweep above took it away."""
    return Testbed(embedded_site(CLUSTER, Progress()), ClusterInfo(CLUSTER))


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    """Two OCR replicas behind the gateway."""
    site.site.make_namespace(NAMESPACE)
    kube = site.kube(NAMESPACE)
    kube.apply(ocr(SERVICE).replicas(2).through_gateway(HOST).body)
    kube.wait_condition(SERVICE, "Ready", "True", timeout=400)
    yield kube
    kube.delete("namespace", NAMESPACE)


def test_no_request_fails_while_containers_die_one_after_another(
    site: Testbed, kube: Kube, record_property: Callable[[str, object], None]
) -> None:
    request = Request(f"{site.gateway_url}/v1/ocr", render(INVOICE[:2]).png, "image/png", HOST)

    def ready() -> list[str]:
        return ready_pods(kube, SERVICE)

    seconds: list[float] = []
    with Steady(request, per_second=1.5) as load:
        for _ in range(KILLS):
            victim = ready()[0]
            # A fresh pod each time: the kubelet's back-off after repeated kills is another subject.
            began = time.monotonic()
            site.kill_container(NAMESPACE, victim, "runtime")
            eventually(lambda v=victim: None if v in ready() else True, 30, "the kill noticed")
            eventually(lambda: True if len(ready()) == 2 else None, READY_AGAIN_SECONDS, "two ready")
            seconds.append(time.monotonic() - began)
            kube.run("delete", "pod", victim, "--wait=false")
            eventually(
                lambda v=victim: True if len(ready()) == 2 and v not in ready() else None,
                READY_AGAIN_SECONDS * 2,
                "a fresh pod",
            )
    record_property("kills", KILLS)
    record_property("requests", len(load.outcomes.results))
    record_property("failed", len(load.outcomes.failed))
    record_property("crash_to_ready_seconds_median", round(statistics.median(seconds), 1))
    record_property("crash_to_ready_seconds_worst", round(max(seconds), 1))
    assert load.outcomes.failed == []
