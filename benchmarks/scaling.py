"""Pods follow the load on a real node: a hand-over, a burst, the way down, a Prometheus that is stopped.

Run by tests/long/test_scaling.py, 15 minutes, on the embedded cluster of the end-to-end tests with KEDA. The
small Tensor model, a fifth of a CPU for each pod, is behind the gateway; KEDA scales it by requests a second.
The load is an open loop: each request is sent when it is due, whatever became of those before. Every number
of replicas that the API server stored is recorded by a watch.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from benchmarks.runtime_record import write
from benchmarks.scaling_watch import Replicas
from hack.cluster import constants, programs
from hack.demo.kubectl import Kube, eventually
from tests.e2e.load import Outcomes, Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits
from tests.e2e.testbed import Testbed

NAMESPACE, SERVICE, HOST = "scaling", "surge", "surge.example.com"
SELECTOR = f"serving.paddle-sla.io/service={SERVICE}"
CPU = "200m"
STEADY = 12.0
"""Requests a second that one pod with 200m of a CPU answers at ease; the burst is three times as many. A
quiet machine's pod answers 72, so whether any is refused until more come is not for a test to say."""
BURST = 3 * STEADY
TARGET = 15
"""A quarter above that: at the very target a second pod would stay for a thousandth of a request."""
DOWN_AFTER_SECONDS = 60
SCALER = {
    "backend": "KEDA",
    "minReplicas": 1,
    "maxReplicas": 4,
    "metrics": [{"name": "qps", "type": "RequestsPerReplica", "target": {"value": str(TARGET)}}],
    "behavior": {"scaleDownStabilizationSeconds": DOWN_AFTER_SECONDS},
}
FOLLOWING_SECONDS, DOWN_SECONDS, LOST_SECONDS = 150.0, 300.0, 150.0
SETTLING_SECONDS = 15.0
"""From when the pods are ready until what waited before them is done."""
STEP_SECONDS = 5
PARTS = ("hand_over", "burst", "outage")


def surge(**scaling: Any) -> Resource:
    """The small Tensor model with a fifth of a CPU for each pod."""
    limits = {"cpu": CPU, "memory": "1Gi"}
    made = digits(SERVICE).through_gateway(HOST).runtime(resources={"requests": limits, "limits": limits})
    made.body["spec"]["scaling"] = scaling
    return made


def prepared(site: Testbed) -> Kube:
    """One pod behind the gateway, its number fixed."""
    site.site.make_namespace(NAMESPACE)
    kube = site.kube(NAMESPACE)
    kube.apply(surge(replicas=1).body)
    kube.wait_condition(SERVICE, "Ready", "True", timeout=300)
    return kube


def request_of(site: Testbed) -> Request:
    """What callers send."""
    url = f"{site.gateway_url}/v2/models/{SERVICE}/infer"
    return Request(url, DIGITS_REQUEST.read_bytes(), "application/json", HOST)


def handed_over(kube: Kube) -> dict[str, Any]:
    """Three pods: from a fixed number to a scaler and back to none."""
    kube.apply(surge(replicas=3).body)
    eventually(lambda: True if ready(kube) == 3 else None, 120, "three ready")
    with Replicas(kube, SELECTOR) as seen:
        began = time.monotonic()
        kube.apply(surge(**{**SCALER, "minReplicas": 3}).body)
        kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=180)
        scaled = time.monotonic()
        kube.apply(surge(backend="Auto").body)
        kube.wait_condition(SERVICE, "ScalingActive", "False", reason="ScalingOff", timeout=60)
        eventually(lambda: None if kube.list("hpa") else True, 60, "the scaler gone")
        time.sleep(10)
        ended = time.monotonic()
    kube.apply(surge(replicas=1).body)
    eventually(lambda: True if replicas(kube) == 1 else None, 60, "one again")
    return {"stored": seen.stored(began), "scaler_seconds": scaled - began, "seconds": ended - began}


class Course:
    """One load that changes its pace, the replicas beside it, and the moments at which something was done."""

    def __init__(self, kube: Kube, request: Request) -> None:
        self.load = Steady(request, per_second=STEADY)
        self.seen = Replicas(kube, SELECTOR)
        self.marks: dict[str, float] = {}

    def mark(self, what: str) -> float:
        """Note that this is done now."""
        self.marks[what] = round(self.load.now(), 1)
        return self.marks[what]

    def figures(self) -> dict[str, Any]:
        """All of it, in seconds since the first request."""
        began = time.monotonic() - self.load.now()
        outcomes = self.load.outcomes
        return {
            "marks": self.marks,
            "stored": self.seen.stored(began),
            "ready": self.seen.ready(began),
            **of_outcomes(outcomes, self.marks["end"]),
            "refused_or_failed": {
                name: dict(Counter(result for _, result in failed(outcomes, since, until)))
                for name, (since, until) in self.stretches().items()
            },
        }

    def stretches(self) -> dict[str, tuple[float, float]]:
        """Before, while the pods follow, with them, on the way down."""
        burst, followed, calm, end = (self.marks[one] for one in ("burst", "followed", "calm", "end"))
        settled = followed + SETTLING_SECONDS
        return {
            "before": (0.0, burst),
            "following": (burst, settled),
            "followed": (settled, calm),
            "down": (calm, end + 1),
        }


def failed(outcomes: Outcomes, since: float, until: float) -> list[tuple[float, str]]:
    """What was not a 200 among what was sent meanwhile."""
    return [one for one in outcomes.failed if since <= one[0] < until]


def of_outcomes(outcomes: Outcomes, seconds: float) -> dict[str, Any]:
    """How many there were of each kind, and by steps of time."""
    steps = range(int(seconds // STEP_SECONDS))  # whole ones
    sent = Counter(int(at // STEP_SECONDS) for at, _ in outcomes.results)
    bad = Counter(int(at // STEP_SECONDS) for at, _ in outcomes.failed)
    return {
        "requests": len(outcomes.results),
        "results": dict(outcomes.counts),
        "slowest_seconds": max(outcomes.seconds),
        "step_seconds": STEP_SECONDS,
        "sent_a_second": [sent[step] / STEP_SECONDS for step in steps],
        "failed_a_second": [bad[step] / STEP_SECONDS for step in steps],
    }


def burst(kube: Kube, request: Request) -> dict[str, Any]:
    """Steady load, three times as much, steady load again."""
    course = Course(kube, request)
    with course.seen, course.load:
        up(kube, course)
        course.load.pace(STEADY)
        course.mark("calm")
        down(kube, course)
    return {**course.figures(), "counted_as_refused": refused(kube, course.marks["end"])}


def outage(kube: Kube, site: Testbed, request: Request) -> dict[str, Any]:
    """The same; Prometheus is stopped in the middle of the burst, and comes back long after it."""
    course = Course(kube, request)
    monitoring = site.kube(constants.MONITORING_NAMESPACE)
    with course.seen, course.load:
        up(kube, course)
        monitoring.run("scale", "deployment/prometheus", "--replicas=0")
        course.mark("stopped")
        try:
            lost = kube.wait_condition(
                SERVICE, "ScalingActive", "False", reason="MetricsLost", timeout=LOST_SECONDS
            )
            course.mark("reported")
            course.load.pace(STEADY)
            course.mark("calm")
            time.sleep(DOWN_AFTER_SECONDS + 45)  # with metrics, pods would go meanwhile
        finally:
            course.mark("back")
            monitoring.run("scale", "deployment/prometheus", "--replicas=1")
        kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=180)
        course.mark("active")
        down(kube, course)
    return {**course.figures(), "said": lost["message"]}


def up(kube: Kube, course: Course) -> None:
    """From a scaler that works with one pod to three pods, and part of the burst with them."""
    kube.apply(surge(**SCALER).body)
    kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=180)
    time.sleep(20)
    course.load.pace(BURST)
    course.mark("burst")
    eventually(lambda: True if ready(kube) >= 3 else None, FOLLOWING_SECONDS, "three ready")
    course.mark("followed")
    time.sleep(SETTLING_SECONDS + 30)


def down(kube: Kube, course: Course) -> None:
    """Until one pod is left and those that went had their time to finish."""
    eventually(lambda: True if replicas(kube) == 1 else None, DOWN_SECONDS, "one again")
    time.sleep(40)
    course.mark("end")


def replicas(kube: Kube) -> int:
    """Pods asked for, by the service's status."""
    return int(kube.get("pms", SERVICE)["status"]["stable"]["replicas"])


def ready(kube: Kube) -> int:
    """Pods that are ready, by the service's status."""
    return int(kube.get("pms", SERVICE)["status"]["stable"]["readyReplicas"])


def refused(kube: Kube, seconds: float) -> int:
    """What Prometheus counted just now, since refusals are load and part of the record.

    Each pod counts from 0, and none had refused anything before: what `increase` would lose of a new one,
    the time before its first scrape, is among it.
    """
    chosen = f'paddle_runtime_requests_total{{service="{SERVICE}",outcome="refused"}}'
    query = quote(f"sum(max_over_time({chosen}[{seconds:.0f}s]))")
    place = f"/api/v1/namespaces/{constants.MONITORING_NAMESPACE}/services/prometheus:9090/proxy"
    answer = json.loads(kube.run("get", "--raw", f"{place}/api/v1/query?query={query}"))
    ((_, count),) = (one["value"] for one in answer["data"]["result"])
    return int(count)


def store(kube: Kube, parts: Mapping[str, Any]) -> None:
    """Write the result file."""
    setting = {"steady_a_second": STEADY, "burst_a_second": BURST, "target": TARGET, "scaling": SCALER}
    write("scaling", {**setting, "cpu_a_pod": CPU, **parts}, versions(kube))


def versions(kube: Kube) -> Mapping[str, str]:
    """Of what else took part."""
    server = json.loads(kube.run("version", "-o", "json"))["serverVersion"]["gitVersion"]
    keda = (programs.source_of("keda") / "go.mod").read_text(encoding="utf-8")
    found = re.search(r"kedacore/keda/v2 (v\S+)", keda)
    return {"kubernetes": server, "keda": found[1] if found else "unknown"}
