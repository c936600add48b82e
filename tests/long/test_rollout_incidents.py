"""What goes wrong in the middle of a rollout, on a real node under load: an incident of both revisions, a
stopped Prometheus, and faults that show only late."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.scaling_watch import Replicas
from hack.cluster import constants
from hack.cluster.addons_extras import KEDA
from hack.cluster.api import ClusterInfo
from hack.cluster.progress import Progress
from hack.demo.embedded import embedded_site
from hack.demo.kubectl import Kube, eventually
from hack.e2e_site import CLUSTER
from paddle_operator import names
from tests.e2e.load import Outcomes
from tests.e2e.resources import Resource
from tests.e2e.rollouts import (
    ERRORS,
    PER_SECOND,
    STEP,
    asked,
    changed,
    promising,
    rolling,
    tried,
    wait_for_weights,
    weights,
    with_fault,
)
from tests.e2e.testbed import Testbed
from tests.e2e.wrapped_runtime import FAULTY, wrapped_runtime
from tests.long.scaled_service import by_requests, ready

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
NAMESPACE = "rollout-incidents"
LATER = "errors:30:later"
HELD_SECONDS = 45.0
DOWN_AFTER_SECONDS = 60
FEW_PER_SECOND = 5.0
SCALED: dict[str, object] = {
    "backend": "KEDA",
    "minReplicas": 1,
    "maxReplicas": 3,
    "metrics": [by_requests(value="12")],
    "behavior": {"scaleDownStabilizationSeconds": DOWN_AFTER_SECONDS},
}
"""Two pods for the usual load, also for what a canary of 20 % leaves of it; one for the few."""
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def site() -> Testbed:
    """The end-to-end tests' cluster; made again when a sweep before took it away."""
    return Testbed(embedded_site(CLUSTER, Progress()), ClusterInfo(CLUSTER))


@pytest.fixture(scope="module")
def faulty(site: Testbed) -> str:
    return wrapped_runtime(site.cluster, FAULTY, Progress())


@pytest.fixture(scope="module")
def kube(site: Testbed) -> Iterator[Kube]:
    site.kube(NAMESPACE).delete("namespace", NAMESPACE)
    site.site.make_namespace(NAMESPACE)
    yield site.kube(NAMESPACE)
    site.kube(NAMESPACE).delete("namespace", NAMESPACE, "--wait=false")


def fails(kube: Kube, revision: str, *, now: bool) -> None:
    """Let the fault of a revision begin, or end."""
    what = ["touch", "/tmp/fault"] if now else ["rm", "/tmp/fault"]
    kube.run("exec", f"deployment/{revision}", "-c", "runtime", "--", *what)


def said(outcomes: Outcomes, record: Record, began: float = 0.0) -> list[float]:
    """Record and print how many callers were hit from a moment on, and how long; when each was."""
    hit = sorted(at for at, _ in outcomes.failed if at >= began)
    lasted = hit[-1] - hit[0] if hit else 0.0
    counts = {"callers_hit": len(hit), "requests": len(outcomes.results)}
    for name, value in {**counts, "hit_within_seconds": lasted}.items():
        record(name, value)
    print(f"{len(hit)} of {len(outcomes.results)} callers hit, within {lasted:.0f} s")
    return hit


def test_what_both_revisions_suffer_is_held_against_none_and_the_rollout_goes_on(
    site: Testbed, kube: Kube, faulty: str, record_property: Record
) -> None:
    long_first = [{"weight": 20, "minDurationSeconds": 40, "maxDurationSeconds": 300}, {"weight": 50, **STEP}]
    resource = with_fault(promising("both", steps=long_first), faulty, LATER)
    with asked(site, kube, resource, 20) as (old, load):
        new = tried(kube, changed(resource))
        time.sleep(15)
        for one in (old, new):
            fails(kube, one, now=True)
        began = load.now()
        rolling(kube, "both", "SharedIncident", timeout=60)
        noticed = load.now() - began
        time.sleep(HELD_SECONDS)
        assert rolling(kube, "both", "SharedIncident")
        assert weights(kube, "both") == {old: 80, new: 20}
        for one in (old, new):
            fails(kube, one, now=False)
        healthy = load.now()
        wait_for_weights(kube, "both", {old: 50, new: 50}, timeout=150)
        went_on = load.now() - healthy
        rolling(kube, "both", "Baking")
    print(f"held {noticed:.0f} s after it began, at the next step {went_on:.0f} s after it was over")
    record_property("held_after_seconds", noticed)
    record_property("went_on_after_seconds", went_on)
    hit = said(load.outcomes, record_property)
    assert hit[-1] < healthy + 1
    assert "rejectedRevisions" not in kube.get("pms", "both")["status"]
    kube.delete("pms", "both")


@pytest.fixture
def keda() -> None:
    """A scaler that goes by Prometheus; its add-on takes minutes to build the first time."""
    Testbed.with_extra(KEDA)


@pytest.fixture
def prometheus(site: Testbed) -> Iterator[Callable[[int], None]]:
    """So many Prometheus from now on; one afterwards."""
    monitoring = site.kube(constants.MONITORING_NAMESPACE)

    def runs(number: int) -> None:
        monitoring.run("scale", "deployment/prometheus", f"--replicas={number}")
        monitoring.run("rollout", "status", "deployment/prometheus", timeout=120)

    yield runs
    runs(1)


def test_a_canary_keeps_its_share_without_prometheus_and_no_pod_goes_until_it_is_back(
    site: Testbed, kube: Kube, keda: None, prometheus: Callable[[int], None], record_property: Record
) -> None:
    """Its samples are lost with it: it keeps them in the pod. Callers become few meanwhile, so that with
    metrics the scaler would take a pod away."""
    long_first = [{"weight": 20, "minDurationSeconds": 30, "maxDurationSeconds": 300}, {"weight": 50, **STEP}]
    resource = promising("blind", steps=long_first)
    resource.body["spec"]["scaling"] = SCALED
    with (
        asked(site, kube, resource, 20) as (old, load),
        Replicas(kube, names.selector_of("blind")) as seen,
    ):
        kube.wait_condition("blind", "ScalingActive", "True", timeout=180)
        eventually(lambda: True if ready(kube, "blind") == 2 else None, 120, "two pods for the load")
        new = tried(kube, changed(resource))
        time.sleep(10)
        prometheus(0)
        stopped, before = time.monotonic(), stored(seen)
        assert before == {old: 2, new: 1}
        load.pace(FEW_PER_SECOND)
        rolling(kube, "blind", "MetricsUnavailable", timeout=90)
        noticed = time.monotonic() - stopped
        kube.wait_condition("blind", "ScalingActive", "False", reason="MetricsLost", timeout=180)
        time.sleep(DOWN_AFTER_SECONDS + HELD_SECONDS)
        assert rolling(kube, "blind", "MetricsUnavailable")
        assert weights(kube, "blind") == {old: 80, new: 20}
        load.pace(PER_SECOND)
        time.sleep(HELD_SECONDS)
        meanwhile = [one for one in seen.events if one.at > stopped]
        assert all(one.replicas >= before[one.deployment] for one in meanwhile), meanwhile
        assert stored(seen).keys() == before.keys()
        prometheus(1)
        back = time.monotonic()
        wait_for_weights(kube, "blind", {old: 50, new: 50}, timeout=150)
        went_on = time.monotonic() - back
        rolling(kube, "blind", "Baking", timeout=150)
    print(f"held {noticed:.0f} s after it stopped, at the next step {went_on:.0f} s after it was back")
    record_property("held_after_seconds", noticed)
    record_property("went_on_after_seconds", went_on)
    record_property("without_prometheus_seconds", back - stopped)
    assert said(load.outcomes, record_property) == []
    kube.delete("pms", "blind")


def stored(seen: Replicas) -> dict[str, int]:
    """How many pods each revision is to have now."""
    return {one.deployment: one.replicas for one in seen.events}


def late(
    name: str, image: str, *objectives: dict[str, object], **rollout: object
) -> tuple[Resource, Resource]:
    """A good service, and its change that fails once it is told to."""
    good = promising(name, *objectives, **rollout)
    return good, with_fault(good, image, LATER)


def test_a_fault_that_shows_at_half_of_the_requests_is_rolled_back(
    site: Testbed, kube: Kube, faulty: str, record_property: Record
) -> None:
    good, bad = late("half", faulty, steps=[{"weight": 20, **STEP}, {"weight": 50, "minDurationSeconds": 60}])
    with asked(site, kube, good, 20) as (old, load):
        new = tried(kube, bad)
        wait_for_weights(kube, "half", {old: 50, new: 50})
        time.sleep(15)
        fails(kube, new, now=True)
        rolling(kube, "half", "RolledBack", timeout=60)
        assert weights(kube, "half") == {old: 100}
        time.sleep(5)
    hit = said(load.outcomes, record_property)
    assert 0 < hit[-1] - hit[0] < 60
    assert kube.get("pms", "half")["status"]["rejectedRevisions"][0]["reason"] == "Broken"
    kube.delete("pms", "half")


def test_a_fault_that_shows_in_the_bake_is_taken_back(
    site: Testbed, kube: Kube, faulty: str, record_property: Record
) -> None:
    """By the warm revision, at once, and for good once it has failed beside it."""
    promised = {"name": "up", "availability": {"targetPercent": "99.5"}}
    good, bad = late("baked", faulty, promised, ERRORS, bake={"durationMinutes": 10})
    with asked(site, kube, good, 20) as (old, load):
        kube.apply(bad.body)
        rolling(kube, "baked", "Baking", timeout=240)
        new = kube.get("pms", "baked")["status"]["stable"]["revision"]
        assert weights(kube, "baked") == {new: 100}
        time.sleep(20)
        fails(kube, new, now=True)
        began = load.now()
        wait_for_weights(kube, "baked", {old: 100}, timeout=60)
        back = load.now()
        rolling(kube, "baked", "RolledBack", timeout=240)
        assert weights(kube, "baked") == {old: 100}
        time.sleep(5)
    hit = said(load.outcomes, record_property)
    record_property("given_back_after_seconds", back - began)
    print(f"given back {back - began:.0f} s after it began to fail; then it failed beside the old one")
    assert hit
    assert kube.get("pms", "baked")["status"]["rejectedRevisions"][0]["reason"] == "Broken"
    kube.delete("pms", "baked")
