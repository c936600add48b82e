"""New revisions earn their requests on a real node, under load all the time: good, broken and dead ones.

A broken one is the runtime's image with a fault on top (faulty/): the product has no switch for it.
"""

from __future__ import annotations

import json
import time
from collections import Counter

import httpx
import pytest

from hack.demo.kubectl import Kube, eventually
from tests.digits_models import train
from tests.e2e.load import Steady
from tests.e2e.resources import DIGITS_REQUEST
from tests.e2e.rollouts import (
    PER_SECOND,
    STEP,
    changed,
    promising,
    request_to,
    serving,
    weights,
    with_fault,
)
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(400)]


def test_a_good_revision_is_promoted_and_no_request_fails(site: Testbed, kube: Kube) -> None:
    resource = promising("good")
    old = serving(site, kube, resource)
    with Steady(request_to(site, "good"), per_second=PER_SECOND) as load:
        time.sleep(20)
        kube.apply(changed(resource).body)
        kube.wait_condition("good", "RolloutComplete", "False", reason="CanaryStep", timeout=90)
        new = kube.get("pms", "good")["status"]["canary"]["revision"]
        assert weights(kube, "good") == {old: 80, new: 20}
        eventually(
            lambda: True if weights(kube, "good") == {old: 50, new: 50} else None, 90, "the second step"
        )
        kube.wait_condition("good", "RolloutComplete", "False", reason="Baking", timeout=120)
        assert weights(kube, "good") == {new: 100}
        assert kube.get("pms", "good")["status"]["previous"]["revision"] == old
        kube.wait_condition("good", "RolloutComplete", "True", timeout=120)
        time.sleep(5)
    print(f"{dict(load.outcomes.counts)} while {new} took over from {old}")
    assert load.outcomes.failed == []
    kube.delete("pms", "good")


def test_a_broken_revision_is_rolled_back_before_many_notice(site: Testbed, kube: Kube, faulty: str) -> None:
    resource = promising("bad")
    old = serving(site, kube, resource)
    with Steady(request_to(site, "bad"), per_second=PER_SECOND) as load:
        time.sleep(20)
        kube.apply(with_fault(resource, faulty, "errors:30").body)
        kube.wait_condition("bad", "RolloutComplete", "False", reason="CanaryStep", timeout=90)
        began = time.monotonic()
        kube.wait_condition("bad", "RolloutComplete", "False", reason="RolledBack", timeout=60)
        seconds = time.monotonic() - began
        assert weights(kube, "bad") == {old: 100}
        time.sleep(5)
    hit = len(load.outcomes.failed)
    print(f"rolled back after {seconds:.0f} s; {hit} of {len(load.outcomes.results)} callers hit")
    assert hit <= 25
    status = kube.get("pms", "bad")["status"]
    assert status["rejectedRevisions"][0]["reason"] == "Broken"
    assert kube.conditions("bad")["Ready"]["status"] == "True"
    kube.delete("pms", "bad")


@pytest.mark.parametrize("fault", ["dies", "never"])
def test_a_revision_that_never_comes_up_gets_no_request(
    site: Testbed, kube: Kube, faulty: str, fault: str
) -> None:
    resource = promising(fault)
    old = serving(site, kube, resource)
    with Steady(request_to(site, fault), per_second=PER_SECOND) as load:
        time.sleep(15)
        kube.apply(with_fault(resource, faulty, fault).body)
        kube.wait_condition(fault, "RolloutComplete", "False", reason="RolloutInProgress", timeout=60)
        time.sleep(20)
    assert load.outcomes.failed == []
    assert weights(kube, fault) == {old: 100}
    kube.delete("pms", fault)


@pytest.fixture(scope="module")
def wrong(site: Testbed, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bundle that is ready and fast, passes its own self-test, and takes each digit for the next one."""
    site.site.upload(train(tmp_path_factory.mktemp("wrong") / "bundle", shuffled=True), "digits-wrong")
    return "s3://models/digits-wrong"


def test_answers_that_differ_stop_a_revision_before_any_caller_sees_one(
    site: Testbed, kube: Kube, wrong: str
) -> None:
    case = {
        "name": "digits",
        "path": "/v2/models/asked/infer",
        "json": json.loads(DIGITS_REQUEST.read_text()),
    }
    golden = {"golden.json": json.dumps({"cases": [case]})}
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "golden"}, "data": golden})
    resource = promising("asked", preflight={"goldenSetRef": {"configMap": "golden"}})
    old = serving(site, kube, resource)
    with Steady(request_to(site, "asked"), per_second=PER_SECOND) as load:
        time.sleep(15)
        kube.apply(resource.model(uri=wrong).body)
        found = kube.wait_condition("asked", "RolloutComplete", "False", reason="RolledBack", timeout=150)
        assert "absError" in found["message"], found
        status = kube.get("pms", "asked")["status"]
        assert status["rejectedRevisions"][0]["reason"] == "PreflightFailed"
        assert weights(kube, "asked") == {old: 100}
        kube.apply(changed(resource).body)
        kube.wait_condition("asked", "RolloutComplete", "False", reason="CanaryStep", timeout=150)
    assert load.outcomes.failed == []
    kube.delete("pms", "asked")


def test_shares_are_as_written_and_a_person_decides(site: Testbed, kube: Kube) -> None:
    manual = [{"weight": 20, **STEP, "approval": "Manual"}, {"weight": 50, **STEP}]
    resource = promising("shared", steps=manual)
    old = serving(site, kube, resource)
    with Steady(request_to(site, "shared"), per_second=PER_SECOND) as load:
        time.sleep(15)
        kube.apply(changed(resource).body)
        kube.wait_condition("shared", "RolloutComplete", "False", reason="AwaitingApproval", timeout=120)
        new = kube.get("pms", "shared")["status"]["canary"]["revision"]
        assert 15 <= 100 * share(site, "shared")[new] / 500 <= 25
        annotate = f"serving.paddle-sla.io/request=abort/{new}/1"
        kube.run("annotate", "pms", "shared", annotate)
        kube.wait_condition("shared", "RolloutComplete", "False", reason="Aborted", timeout=30)
        assert weights(kube, "shared") == {old: 100}
        handled = kube.get("pms", "shared")["status"]["lastHandledRequest"]
        assert handled["outcome"] == "Accepted"
    assert load.outcomes.failed == []
    kube.delete("pms", "shared")


def share(site: Testbed, name: str) -> Counter[str]:
    """Which revision answered each of 500 requests."""
    one = request_to(site, name)
    with httpx.Client(headers=one.headers()) as client:
        answers = [client.post(one.url, content=one.body) for _ in range(500)]
    return Counter(answer.headers["x-paddle-revision"] for answer in answers)
