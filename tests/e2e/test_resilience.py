"""A container is killed with -9 under steady requests: who notices, and for how long."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from hack.demo.kubectl import Kube, eventually
from hack.demo.page import INVOICE, render
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, digits, ocr
from tests.e2e.testbed import Testbed, ready_pods, restarts

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(500)]
HOST, OCR_HOST = "steady.example.com", "reading.example.com"
PER_SECOND = 20.0  # of the digits, which take 2 ms
PAGES_PER_SECOND = 1.0  # a page takes half a second of a core, and two cores have everything else to do too
SERVING_AGAIN_SECONDS = 30.0
# kubelet looks for dead containers every second and kube-proxy writes its rules at most once a second; the
# rest is for the API server and the endpoint controller between them.
ENDPOINT_LAG_SECONDS = 3.0
IN_FLIGHT = 2  # at 20 requests a second of some milliseconds


@pytest.fixture(scope="module")
def service(kube: Kube) -> str:
    """The digit classifier: two replicas behind the gateway and behind a plain Service."""
    kube.apply(digits("steady").replicas(2).through_gateway(HOST).body)
    kube.wait_condition("steady", "Ready", "True", timeout=400)
    return "steady"


@dataclass(frozen=True)
class Kill:
    """A kill: between which seconds of the load it fell, and how long until both pods were ready again."""

    began: float
    ended: float
    recovered_seconds: float


def kill_a_fresh_pod(site: Testbed, kube: Kube, service: str, load: Steady) -> Kill:
    """Kill the runtime of a pod that was never restarted with -9, and wait until both pods are ready again.

    A fresh one, because kubelet makes a container that ends again and again wait longer each time.
    """
    victim = next(name for name in ready_pods(kube, service) if restarts(kube, name) == 0)
    began = load.now()
    site.kill_container(kube.namespace, victim, "runtime")
    ended = load.now()

    def back() -> float | None:
        if restarts(kube, victim) > 0 and len(ready_pods(kube, service)) == 2:
            return load.now() - ended
        return None

    return Kill(began, ended, eventually(back, 2 * SERVING_AGAIN_SECONDS, "both pods ready again"))


def under_load(site: Testbed, kube: Kube, service: str, load: Steady) -> Kill:
    """One kill with three seconds of requests before it and after the recovery."""
    with load:
        time.sleep(3)
        kill = kill_a_fresh_pod(site, kube, service, load)
        time.sleep(3)
        took = load.now()
    sent, lost = len(load.outcomes.results), load.outcomes.failed
    print(f"{load.request.url}: {sent} requests in {took:.0f} s, {len(lost)} lost, "
          f"both pods ready {kill.recovered_seconds:.1f} s after the kill")  # fmt: skip
    assert sent >= 0.9 * took / load.interval, "the load was not steady"
    return kill


def test_through_the_gateway_no_request_fails(site: Testbed, kube: Kube, service: str) -> None:
    url = f"{site.gateway_url}/v2/models/{service}/infer"
    load = Steady(Request(url, DIGITS_REQUEST.read_bytes(), "application/json", HOST), per_second=PER_SECOND)
    under_load(site, kube, service, load)
    assert load.outcomes.failed == []


def test_through_a_plain_service_only_requests_in_flight_and_of_the_endpoint_lag_are_lost(
    site: Testbed, kube: Kube, service: str
) -> None:
    url = f"http://{kube.get('service', service)['spec']['clusterIP']}/v2/models/{service}/infer"
    load = Steady(Request(url, DIGITS_REQUEST.read_bytes(), "application/json"), per_second=PER_SECOND)
    kill = under_load(site, kube, service, load)
    lost = [at for at, _ in load.outcomes.failed]
    in_flight = [at for at in lost if at < kill.ended]
    late = [at - kill.ended for at in lost if at >= kill.ended]
    print(f"in flight: {len(in_flight)}; sent until {max(late, default=0):.1f} s after the kill: {len(late)}")
    assert len(in_flight) <= IN_FLIGHT + PER_SECOND * (kill.ended - kill.began)
    assert len(late) <= PER_SECOND * ENDPOINT_LAG_SECONDS
    assert max(late, default=0.0) <= ENDPOINT_LAG_SECONDS


def test_a_killed_reader_of_pages_serves_again_in_time_and_nobody_notices(site: Testbed, kube: Kube) -> None:
    kube.apply(ocr("reading").replicas(2).through_gateway(OCR_HOST).body)
    kube.wait_condition("reading", "Ready", "True", timeout=400)
    page = Request(f"{site.gateway_url}/v1/ocr", render(INVOICE[:2]).png, "image/png", OCR_HOST)
    load = Steady(page, per_second=PAGES_PER_SECOND)
    kill = under_load(site, kube, "reading", load)
    assert load.outcomes.failed == []
    assert kill.recovered_seconds < SERVING_AGAIN_SECONDS
