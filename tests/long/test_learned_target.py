"""Nobody measured the target: KEDA scales by what the operator learned that a replica can serve."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from hack.cluster.addons_extras import KEDA
from hack.demo.kubectl import Kube, eventually
from paddle_operator.sla.capacity import EXTRAPOLATION
from tests.e2e.load import Steady
from tests.e2e.rollouts import request_to
from tests.e2e.testbed import Testbed
from tests.long.scaled_service import by_requests, ready, scaled, serving_in

pytestmark = [pytest.mark.long, pytest.mark.timeout(2700)]
NAMESPACE, SERVICE = "learning", "learner"
LEARNED = "serving.paddle-sla.io/learned-target"
STEADY = 10.0
"""Requests a second that one pod with a fifth of a CPU answers at ease."""
LEARNING_SECONDS = 1800.0
"""Eight measured minutes, then up to a quarter of an hour until it is kept, and a margin."""


@pytest.fixture(scope="module")
def site() -> Testbed:
    return Testbed.with_extra(KEDA)


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    learner = scaled(SERVICE, "KEDA", by_requests(type="Auto"), most=4)
    with serving_in(site.site, NAMESPACE, learner) as kube:
        yield kube


def test_pods_follow_a_target_that_was_learned_from_the_load(
    kube: Kube, site: Testbed, record_property: Callable[[str, object], None]
) -> None:
    unknown = kube.wait_condition(SERVICE, "ScalingActive", "False", reason="CapacityUnknown", timeout=120)
    assert not kube.list("scaledobject"), "nothing is known, so nothing scales by a guess"
    load = Steady(request_to(site, SERVICE), per_second=STEADY)
    with load:
        active = kube.wait_condition(SERVICE, "ScalingActive", "True", timeout=LEARNING_SECONDS)
        learned_after = load.now()
        (scaled,) = kube.list("scaledobject")
        target = float(scaled["metadata"]["annotations"][LEARNED])
        assert float(scaled["spec"]["triggers"][0]["metadata"]["threshold"]) == target
        assert 0 < target <= EXTRAPOLATION * STEADY, "no more is relied on than a few times what was seen"
        assert set(load.outcomes.counts) == {"200"}
        load.pace(2.5 * target)
        eventually(
            lambda: True if ready(kube, SERVICE) >= 3 else None, 240, "pods for two and a half targets"
        )
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
