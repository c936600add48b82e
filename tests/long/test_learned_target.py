"""Nobody measured the target: KEDA scales by what the operator learned that a replica can serve."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from hack.cluster.addons_extras import KEDA
from hack.demo.kubectl import Kube, eventually
from paddle_operator.sla.capacity import EXTRAPOLATION
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.long, pytest.mark.timeout(2700)]
NAMESPACE, SERVICE, HOST = "learning", "learner", "learner.example.com"
LEARNED = "serving.paddle-sla.io/learned-target"
STEADY = 10.0
"""Requests a second that one pod with a fifth of a CPU answers at ease."""
LEARNING_SECONDS = 1800.0
"""Eight measured minutes, then up to a quarter of an hour until it is kept, and a margin."""


def learner() -> Resource:
    """The small Tensor model, between one and four pods, by requests alone."""
    limits = {"cpu": "200m", "memory": "1Gi"}
    made = digits(SERVICE).through_gateway(HOST).runtime(resources={"requests": limits, "limits": limits})
    made.body["spec"]["scaling"] = {
        "backend": "KEDA",
        "minReplicas": 1,
        "maxReplicas": 4,
        "metrics": [{"name": "qps", "type": "RequestsPerReplica", "target": {"type": "Auto"}}],
    }
    return made


@pytest.fixture(scope="module")
def site() -> Testbed:
    return Testbed.with_extra(KEDA)


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    site.site.make_namespace(NAMESPACE)
    kube = site.kube(NAMESPACE)
    kube.apply(learner().body)
    kube.wait_condition(SERVICE, "Ready", "True", timeout=300)
    yield kube
    kube.delete("namespace", NAMESPACE)


def test_pods_follow_a_target_that_was_learned_from_the_load(
    kube: Kube, site: Testbed, record_property: Callable[[str, object], None]
) -> None:
    unknown = kube.wait_condition(SERVICE, "ScalingActive", "False", reason="CapacityUnknown", timeout=120)
    assert not kube.list("scaledobject"), "nothing is known, so nothing scales by a guess"
    request = Request(
        f"{site.gateway_url}/v2/models/{SERVICE}/infer",
        DIGITS_REQUEST.read_bytes(),
        "application/json",
        HOST,
    )
    load = Steady(request, per_second=STEADY)
    with load:
        active = kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=LEARNING_SECONDS)
        learned_after = load.now()
        (scaled,) = kube.list("scaledobject")
        target = float(scaled["metadata"]["annotations"][LEARNED])
        assert float(scaled["spec"]["triggers"][0]["metadata"]["threshold"]) == target
        assert 0 < target <= EXTRAPOLATION * STEADY, "no more is relied on than a few times what was seen"
        assert set(load.outcomes.counts) == {"200"}
        load.pace(2.5 * target)
        eventually(lambda: True if ready(kube) >= 3 else None, 240, "pods for two and a half targets")
    found = {
        "unknown_said": unknown["message"],
        "active_said": active["message"],
        "learned_after_seconds": round(learned_after),
        "target": target,
        "requests": len(load.outcomes.results),
        "results": dict(load.outcomes.counts),
    }
    print(json.dumps(found))
    for name, value in found.items():
        record_property(name, value)
    assert set(load.outcomes.counts) <= {"200", "503"}, "refused while pods start, and nothing worse"


def ready(kube: Kube) -> int:
    """Pods that are ready, by the service's status."""
    return int(kube.get("pms", SERVICE)["status"]["stable"]["readyReplicas"])
