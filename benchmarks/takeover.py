"""Crash to takeover: one of two pods is killed with -9 again and again under steady requests.

    python -m benchmarks.takeover --kills 50        25 minutes on the embedded cluster of the end-to-end tests
    python -m benchmarks.takeover --model ocr       pages, which need two cores to themselves

Each time one that was never restarted, since kubelet makes a container that ends again and again wait longer;
afterwards it is deleted, and a fresh one takes its place. Requests come over two routes of one gateway to the
same pods: one with the operator's traffic policy, one without. What repeated kills of one container cost is
measured apart, at the end. Seconds are those of a watcher that asks the API server twice a second.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.runtime_record import summary, write
from hack.cluster.api import ClusterInfo
from hack.cluster.progress import Progress
from hack.demo.embedded import embedded_site
from hack.demo.kubectl import Kube, eventually
from hack.demo.page import INVOICE, render
from hack.e2e_site import CLUSTER
from paddle_operator import names
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, GATEWAY, Resource, digits, ocr
from tests.e2e.testbed import Testbed, ready_pods, restarts

NAMESPACE, SERVICE = "takeover", "takeover"
HOST, BARE_HOST = "takeover.example.com", "bare.example.com"
INFER = f"/v2/models/{SERVICE}/infer"
NOTICED_SECONDS, READY_SECONDS = 30.0, 120.0
BACK_OFF_SECONDS = 400.0  # kubelet's longest pause is 300 s
REPEATED = 4


@dataclass(frozen=True)
class Model:
    """What is served, and what each route is sent; a page takes half a second of a core, a digit 2 ms."""

    resource: Resource
    path: str
    body: bytes
    content_type: str
    per_second: float


def model(name: str) -> Model:
    """`ocr` or `digits`."""
    if name == "ocr":
        return Model(ocr(SERVICE), "/v1/ocr", render(INVOICE[:2]).png, "image/png", 1.0)
    return Model(digits(SERVICE), INFER, DIGITS_REQUEST.read_bytes(), "application/json", 10.0)


@dataclass(frozen=True)
class Kill:
    """Seconds of the load's clock: the kill, two pods ready again, the pod deleted, a fresh one ready."""

    at: float
    ready_again: float
    deleted: float
    fresh: float


def bare_route() -> dict[str, Any]:
    """A route to the same pods that no traffic policy is attached to."""
    backend = {"name": SERVICE, "port": names.SERVICE_PORT}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "bare"},
        "spec": {"parentRefs": [GATEWAY], "hostnames": [BARE_HOST], "rules": [{"backendRefs": [backend]}]},
    }


def prepared(site: Testbed, served: Model) -> Kube:
    """Two pods behind both routes."""
    site.site.make_namespace(NAMESPACE)
    kube = site.kube(NAMESPACE)
    kube.apply(served.resource.replicas(2).through_gateway(HOST).body)
    kube.wait_condition(SERVICE, "Ready", "True", timeout=400)
    kube.apply(bare_route())
    return kube


def load(site: Testbed, served: Model, host: str) -> Steady:
    """Steady requests over a route."""
    request = Request(f"{site.gateway_url}{served.path}", served.body, served.content_type, host)
    return Steady(request, per_second=served.per_second)


def measure(site: Testbed, kube: Kube, served: Model, kills: int) -> dict[str, Any]:
    """All kills, then those of one container."""
    with_retry, without = load(site, served, HOST), load(site, served, BARE_HOST)
    wait_for_the_bare_route(without)
    done: list[Kill] = []
    with with_retry, without:
        offset = with_retry.now() - without.now()
        time.sleep(3)
        for number in range(kills):
            done.append(one_kill(site, kube, with_retry))
            print(f"kill {number + 1} of {kills}: {done[-1]}", file=sys.stderr, flush=True)
        end = with_retry.now()
        time.sleep(3)
    repeated = repeated_kills(site, kube)
    return {
        "kills": kills,
        "replicas": 2,
        "requests_a_second_each": served.per_second,
        "ready_again_seconds": summary([kill.ready_again - kill.at for kill in done]),
        "fresh_pod_seconds": summary([kill.fresh - kill.deleted for kill in done]),
        "with_retry": of_route(with_retry, done, 0.0, end),
        "without_retry": of_route(without, done, offset, end),
        "repeated_kills_ready_again_seconds": repeated,
    }


def wait_for_the_bare_route(load: Steady) -> None:
    """Until the gateway knows it."""

    def answered() -> bool | None:
        with load:
            time.sleep(1.5)
        last = load.outcomes.results[-1:]
        return True if [result for _, result in last] == ["200"] else None

    eventually(answered, 60, "the bare route answers")
    load.outcomes.clear()


def one_kill(site: Testbed, kube: Kube, load: Steady) -> Kill:
    """Kill a fresh pod's runtime, wait until both are ready, then have another pod in its place."""
    victim = next(pod for pod in ready_pods(kube, SERVICE) if restarts(kube, pod) == 0)
    at = load.now()
    site.kill_container(NAMESPACE, victim, "runtime")
    eventually(lambda: True if restarted_and_ready(kube, victim) else None, READY_SECONDS, "ready again")
    ready_again = load.now()
    time.sleep(2)  # what the gateway does not know yet is still of this kill
    deleted = load.now()
    kube.run("delete", "pod", victim, "--wait=false")
    eventually(lambda: True if two_others(kube, victim) else None, READY_SECONDS, "a fresh pod")
    fresh = load.now()
    eventually(lambda: None if victim in pods(kube) else True, READY_SECONDS, "the end of the killed pod")
    return Kill(at, ready_again, deleted, fresh)


def pods(kube: Kube) -> list[str]:
    """All of the service's pods, those that end among them."""
    return [pod["metadata"]["name"] for pod in kube.list("pods", f"{names.LABEL_SERVICE}={SERVICE}")]


def restarted_and_ready(kube: Kube, victim: str) -> bool:
    """Whether the killed pod is ready with another container."""
    return restarts(kube, victim) > 0 and victim in ready_pods(kube, SERVICE)


def two_others(kube: Kube, victim: str) -> bool:
    """Whether two pods are ready without it."""
    return len(set(ready_pods(kube, SERVICE)) - {victim}) == 2


def of_route(load: Steady, kills: Sequence[Kill], offset: float, end: float) -> dict[str, Any]:
    """What callers over one route met. offset: what its clock is behind that of the kills."""
    failed = [at + offset for at, _ in load.outcomes.failed]
    whole = []
    for number, kill in enumerate(kills):
        until = kills[number + 1].at if number + 1 < len(kills) else end
        whole.append(max((at - kill.at for at in failed if kill.at - 1 <= at < until), default=0.0))
    return {
        "requests": len(load.outcomes.results),
        "failed": len(failed),
        "results": dict(load.outcomes.counts),
        "failed_a_kill": len(failed) / len(kills),
        "whole_again_seconds": summary([max(0.0, each) for each in whole]),
        "slowest_seconds": max(load.outcomes.seconds),
        "median_seconds": statistics.median(load.outcomes.seconds),
    }


def repeated_kills(site: Testbed, kube: Kube) -> list[float]:
    """One container, killed as soon as it is ready: seconds to ready, since kubelet's pauses grow."""
    victim = ready_pods(kube, SERVICE)[0]
    seconds = []
    for count in range(1, REPEATED + 1):
        before, began = restarts(kube, victim), time.monotonic()
        site.kill_container(NAMESPACE, victim, "runtime")
        eventually(
            lambda before=before: (  # type: ignore[misc]
                True if restarts(kube, victim) > before and victim in ready_pods(kube, SERVICE) else None
            ),
            BACK_OFF_SECONDS,
            f"ready after kill {count} of the same container",
        )
        seconds.append(time.monotonic() - began)
        print(f"kill {count} of one container: {seconds[-1]:.1f} s", file=sys.stderr, flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--model", choices=("digits", "ocr"), default="digits")
    asked = parser.parse_args()
    site = Testbed(embedded_site(CLUSTER, Progress()), ClusterInfo(CLUSTER))
    served = model(asked.model)
    kube = prepared(site, served)
    try:
        write("takeover", {"model": asked.model, **measure(site, kube, served, asked.kills)})
    finally:
        kube.delete("namespace", NAMESPACE)


if __name__ == "__main__":
    main()
