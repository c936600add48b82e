"""Copies of real requests, on a real node under load: a gateway sends them, and a Job compares both answers.

Without a golden set nothing else sees that a revision answers fast, with 200, and wrongly. The copies are
nobody's load: neither the promise nor the gate counts them, and no body outlives its comparison.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from hack.cluster import constants
from hack.demo.kubectl import Kube, eventually
from paddle_operator import names
from paddle_operator.sla.gateway import clusters
from tests.digits_models import train
from tests.e2e.load import Steady
from tests.e2e.resources import DIGITS_REQUEST
from tests.e2e.rollouts import ANYWAY, canary, changed, promising, request_to, rolling, serving, weights
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(400)]
NAME = "shadowed"
PER_SECOND = 6.0  # each copy is computed twice more
COPIES = 50
ROLLOUT: dict[str, Any] = {
    "steps": [{"weight": 50, "minDurationSeconds": 60, "maxDurationSeconds": 1800}],
    "preflight": {"shadow": {"samplePercent": 50, "requests": COPIES, "timeoutSeconds": 90}},
    "budgetPolicy": ANYWAY,
}
BEFORE_SECONDS = 15  # of requests: a rollout begins where they are enough to prove it by
MADE_FOR_IT = names.LABEL_COMPARES
FILES = """
import contextlib, os
for top in ("/tmp", "/dev/shm"):
    for folder, _, names in os.walk(top):
        print(*(os.path.join(folder, name) for name in names), sep="\\n")
for fd in os.listdir("/proc/1/fd"):
    with contextlib.suppress(OSError):  # a connection that has just ended
        print(os.readlink(f"/proc/1/fd/{fd}"))
"""


@dataclass
class Callers:
    """Everybody who asks through the gateway, in one test after the other."""

    site: Testbed
    stable: str
    sent: int = 1
    """Requests so far, each answered with 200; the first one has found out that the gateway answers."""
    answered_by: list[str] = field(default_factory=list)

    def asking(self) -> Steady:
        # nobody is to fail, and others may run on the machine
        patient = replace(request_to(self.site, NAME), timeout_seconds=60)
        return Steady(patient, per_second=PER_SECOND)

    def had(self, load: Steady) -> None:
        assert load.outcomes.failed == []
        self.sent += len(load.outcomes.results)
        self.answered_by += load.outcomes.revisions


@pytest.fixture(scope="module")
def callers(site: Testbed, kube: Kube, wrong: str) -> Iterator[Callers]:
    """Of a service whose rollouts are shadowed, and that serves."""
    assert wrong  # trained before: it takes the processor's time
    yield Callers(site, serving(site, kube, promising(NAME, **ROLLOUT)))
    kube.delete("pms", NAME)


@pytest.fixture(scope="module")
def wrong(site: Testbed, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bundle that is ready and fast, passes its own self-test, and takes each digit for the next one."""
    site.site.upload(train(tmp_path_factory.mktemp("wrong") / "bundle", shuffled=True), "digits-wrong")
    return "s3://models/digits-wrong"


def test_a_fast_and_wrong_revision_is_stopped_before_any_caller_gets_its_answer(
    kube: Kube, callers: Callers, wrong: str
) -> None:
    with callers.asking() as load:
        time.sleep(BEFORE_SECONDS)
        kube.apply(promising(NAME, **ROLLOUT).model(uri=wrong).body)
        rolling(kube, NAME, "Preflight")
        new = canary(kube, NAME)
        found = rolling(kube, NAME, "RolledBack")
        assert weights(kube, NAME) == {callers.stable: 100}
        nothing_is_left(kube)
    callers.had(load)
    print(f"{len(load.outcomes.results)} callers; {found['message']}")
    assert "absError" in found["message"]
    assert "output" not in found["message"], "not a word of what a caller got"
    assert kube.get("pms", NAME)["status"]["rejectedRevisions"][0]["reason"] == "PreflightFailed"
    assert new not in callers.answered_by


def test_a_good_one_passes_and_no_copy_is_kept_or_counted(kube: Kube, callers: Callers) -> None:
    with callers.asking() as load:
        time.sleep(BEFORE_SECONDS)
        kube.apply(changed(promising(NAME, **ROLLOUT)).body)
        rolling(kube, NAME, "Preflight")
        new = canary(kube, NAME)
        copied = eventually(lambda: synthetic(kube, new) or None, 60, "a copy is computed")
        assert mirrors(kube) == ["RequestMirror"]
        assert real(kube, new) == 0, "callers are not sent to it yet"
        assert weights(kube, NAME) == {callers.stable: 100}
        nothing_is_written(kube)
        rolling(kube, NAME, "CanaryStep")
        told = kube.get("pms", NAME)["status"]["rollout"]["message"]
        nothing_is_left(kube)
    callers.had(load)
    print(f"{callers.sent} callers; {copied} copies at first, {synthetic(kube, new)} in all; {told}")
    assert f"{COPIES} comparisons: nothing differs" in told
    assert synthetic(kube, new) >= COPIES
    assert real(kube, callers.stable) + real(kube, new) == callers.sent

    def at_the_gateway() -> float:
        return scraped(callers.site, clusters(kube.namespace, NAME))

    # a place that goes takes along what it counted since its last scrape, a hundredth of the requests at most
    eventually(
        lambda: True if 0.97 * callers.sent <= at_the_gateway() <= callers.sent else None,
        30,
        lambda: f"{callers.sent} requests that promise and gate count; the proxy says {at_the_gateway()}",
    )
    mirrored = scraped(callers.site, f"httproute/{kube.namespace}/{NAME}/.*mirror.*", ago="[5m]")
    print(f"{callers.sent} requests, and {mirrored} copies at a cluster of their own, while it was there")
    assert mirrored > 0


def nothing_is_written(kube: Kube) -> None:
    """The Job's pod has a folder of its own alone, and nothing in it or in its log."""
    (pod,) = kube.list("pods", MADE_FOR_IT)
    (volume,) = pod["spec"]["volumes"]
    assert "emptyDir" in volume
    assert pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    at = pod["metadata"]["name"]
    open_files = kube.run("exec", at, "--", "/opt/paddle-sla/bin/python", "-c", FILES).split()
    assert [file for file in open_files if file.startswith(("/tmp", "/dev/shm", "/var"))] == []
    log = kube.run("logs", at)
    assert not any(json.dumps(one) in log for one in bodies())


def bodies() -> list[Any]:
    """What would tell a caller's request: its tensors."""
    return [one["data"] for one in json.loads(DIGITS_REQUEST.read_text())["inputs"]]


def nothing_is_left(kube: Kube) -> None:
    """No Job, pod, Service, policy or filter of a shadow, a moment later."""

    def there() -> list[str]:
        jobs = [one["metadata"]["name"] for kind in ("jobs", "pods") for one in kube.list(kind, MADE_FOR_IT)]
        named = {
            names.shadow_service_name(NAME): "services",
            names.compare_policy_name(NAME): "networkpolicies",
        }
        others = [
            f"{kind}/{name}"
            for name, kind in named.items()
            if name in {one["metadata"]["name"] for one in kube.list(kind)}
        ]
        return [*jobs, *others, *mirrors(kube)]

    eventually(lambda: None if there() else True, 40, lambda: f"nothing is left; there is {there()}")


def mirrors(kube: Kube) -> list[str]:
    """The filters of the route that copy requests."""
    rules = kube.get("httproute", NAME)["spec"]["rules"]
    return [one["type"] for rule in rules for one in rule["filters"] if "Mirror" in one["type"]]


def counted(kube: Kube, revision: str, metric: str) -> float:
    """What the ready pods of a revision have counted."""
    chosen = f"{names.LABEL_SERVICE}={NAME},{names.LABEL_REVISION}={revision}"
    return sum(
        float(line.rpartition(" ")[2])
        for pod in kube.list("pods", chosen)
        for line in httpx.get(
            f"http://{pod['status']['podIP']}:{names.RUNTIME_PORT}/metrics"
        ).text.splitlines()
        if line.startswith(metric + "{")
    )


def real(kube: Kube, revision: str) -> float:
    return counted(kube, revision, names.METRIC_REQUESTS)


def synthetic(kube: Kube, revision: str) -> float:
    return counted(kube, revision, "paddle_runtime_synthetic_requests_total")


def scraped(site: Testbed, cluster: str, ago: str = "") -> float:
    """Good answers of these clusters of the gateway; ago: also of those that are gone since."""
    address = site.cluster.service_address(constants.MONITORING_NAMESPACE, name="prometheus")
    chosen = f'envoy_cluster_name=~"{cluster}",envoy_response_code_class="2"'
    counters = f"envoy_cluster_upstream_rq_xx{{{chosen}}}{ago}"
    query = {"query": f"sum({f'max_over_time({counters})' if ago else counters})"}
    found = httpx.get(f"http://{address}:9090/api/v1/query", params=query).json()["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0
