"""Every pod goes while requests go on: the availability in the status is what the callers saw, one by one."""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from hack.cluster import constants
from hack.cluster.errors import ClusterError
from hack.demo.kubectl import Kube, eventually
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits
from tests.e2e.testbed import Testbed, ready_pods

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
HOST = "counted.example.com"
PER_SECOND = 20.0
OUTAGE_SECONDS = 10.0
SETTLED_SECONDS = 20.0  # a scrape every 5 s; what is younger than two and a half of them is not counted yet
BESIDE = 5  # requests of each kind that count nowhere
MAY_BREAK = (
    3  # connections that end without a whole answer; the proxy may have counted each once, as anything
)


def promising(percent: str) -> Resource:
    """Two pods behind the gateway; the more digits the target has, the more has what was attained."""
    objectives = [
        {"name": "up", "availability": {"targetPercent": percent}},
        {"name": "errors", "errorRate": {"maxPercent": "1"}},
    ]
    made = digits("counted").replicas(2).through_gateway(HOST)
    return made.sla(objectives=objectives, minTraffic={"requests": 1, "periodSeconds": 300})


class Metrics:
    """The cluster's Prometheus."""

    def __init__(self, site: Testbed) -> None:
        self._url = (
            f"http://{site.cluster.service_address(constants.MONITORING_NAMESPACE, name='prometheus')}:9090"
        )

    def value(self, query: str) -> float | None:
        """What a query comes to now; None where that is nothing."""
        answer = httpx.get(f"{self._url}/api/v1/query", params={"query": query}).json()
        found = answer["data"]["result"]
        return float(found[0]["value"][1]) if found else None


def clusters(kube: Kube, rule: int) -> str:
    return f'envoy_cluster_name=~"httproute/{kube.namespace}/counted/rule/{rule}/.*"'


def test_each_answer_that_callers_got_counts_once(site: Testbed, kube: Kube) -> None:
    metrics = Metrics(site)
    kube.apply(promising("99").body)
    kube.wait_condition("counted", "Ready", "True", timeout=120)
    there = f"envoy_cluster_membership_total{{{clusters(kube, 0)}}}"
    eventually(lambda: metrics.value(there), 40, "the gateway's cluster is scraped before its first request")

    saw = under_load_without_pods(site, kube)
    beside(site)
    print(f"callers saw {dict(saw)}")
    broken = saw.total() - saw["200"] - saw["503"]
    assert broken <= MAY_BREAK, saw
    assert min(saw["200"], saw["503"]) > PER_SECOND * 4

    def scraped(digit: str) -> int:
        chosen = f'envoy_response_code_class="{digit}",{clusters(kube, 0)}'
        return round(metrics.value(f"sum(envoy_cluster_upstream_rq_xx{{{chosen}}})") or 0)

    def counted() -> tuple[int, int] | None:
        good, bad = scraped("2"), scraped("5")
        once = good >= saw["200"] and bad >= saw["503"] and good + bad <= saw.total()
        return (good, bad) if once else None

    good, bad = eventually(
        counted,
        30,
        lambda: f"callers saw {dict(saw)}; the proxy says {scraped('2')} good, {scraped('5')} bad",
    )
    time.sleep(SETTLED_SECONDS)
    kube.apply(promising("99.99").body)  # an edited promise is judged at once, by what was counted before

    def figures() -> dict[str, Any] | None:
        found = kube.get("pms", "counted")["status"]["sla"]["objectives"]
        by_name = {one["name"]: one for one in found}
        return by_name if "attainedPercent" in by_name["up"] and "99.99" in by_name["up"]["promise"] else None

    told = eventually(figures, 40, lambda: kube.run("get", "pms", "counted", "-o", "yaml"))
    assert (told["up"]["source"], told["errors"]["source"]) == ("Gateway", "Runtime")
    assert told["up"]["attainedPercent"] == percent(good, good + bad)
    assert told["errors"]["attainedPercent"] != told["up"]["attainedPercent"], (
        "no pod saw most of the failures"
    )
    assert kube.conditions("counted")["SLAMet"]["reason"] == "BudgetSpent"


def under_load_without_pods(site: Testbed, kube: Kube) -> Counter[str]:
    """Steady requests, with no pod to answer them for a while in the middle; what came of them."""
    url = f"{site.gateway_url}/v2/models/counted/infer"
    load = Steady(Request(url, DIGITS_REQUEST.read_bytes(), "application/json", HOST), per_second=PER_SECOND)
    with load:
        time.sleep(6)
        until = load.now() + OUTAGE_SECONDS
        while load.now() < until:
            for pod in ready_pods(kube, "counted"):
                with contextlib.suppress(ClusterError):  # dead already: readiness follows a moment later
                    site.kill_container(kube.namespace, pod, "runtime")
            time.sleep(0.5)
        # a pod that was killed last is called ready for a moment yet: the gateway knows better
        eventually(lambda: answers(site) or None, 90, "the gateway answers again")
        time.sleep(4)
    return load.outcomes.counts


def answers(site: Testbed) -> bool:
    """Whether every pod that is asked is ready, three times in a row: it is none of the model's requests.

    A process that has just begun shows its page while it loads the model.
    """
    with httpx.Client(base_url=site.gateway_url, headers={"host": HOST}) as client:
        for _ in range(3):
            if client.get("/v2/health/ready").status_code != 200:
                return False
            time.sleep(1)
    return True


def beside(site: Testbed) -> None:
    """Requests that are none of the model's, or the caller's mistake: they count nowhere."""
    with httpx.Client(base_url=site.gateway_url, headers={"host": HOST}) as client:
        for _ in range(BESIDE):
            assert client.get("/").status_code == 200
            assert client.get("/v2/health/ready").status_code == 200
            assert client.options("/v2/models/counted/infer").status_code == 405
            assert client.post("/v2/models/counted/infer", content=b"{").status_code // 100 == 4


def percent(good: int, total: int) -> str:
    """The share with one digit more than 99.99 has, rounded down."""
    return f"{math.floor(100_000 * good / total) / 1000:.3f}"
