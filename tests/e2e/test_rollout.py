"""New revisions earn their requests on a real node, under load all the time: good, broken and dead ones.

A broken one is the runtime's image with a fault on top (faulty/): the product has no switch for it.
"""

from __future__ import annotations

import json
import time
from collections import Counter

import httpx
import pytest

from hack.demo.kubectl import Kube
from tests.digits_models import train
from tests.e2e.resources import DIGITS_REQUEST
from tests.e2e.rollouts import (
    STEP,
    asked,
    canary,
    changed,
    promising,
    request_to,
    rolling,
    tried,
    wait_for_weights,
    weights,
    with_fault,
)
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(400)]


def test_a_good_revision_is_promoted_and_no_request_fails(site: Testbed, kube: Kube) -> None:
    resource = promising("good")
    with asked(site, kube, resource, 20) as (old, load):
        new = tried(kube, changed(resource))
        assert weights(kube, "good") == {old: 80, new: 20}
        wait_for_weights(kube, "good", {old: 50, new: 50})
        rolling(kube, "good", "Baking")
        assert weights(kube, "good") == {new: 100}
        assert kube.get("pms", "good")["status"]["previous"]["revision"] == old
        kube.wait_condition("good", "RolloutComplete", "True", timeout=120)
        time.sleep(5)
    print(f"{dict(load.outcomes.counts)} while {new} took over from {old}")
    assert load.outcomes.failed == []
    kube.delete("pms", "good")


@pytest.mark.parametrize(
    ("fault", "reason", "most"), [("errors:30", "Broken", 25), ("refuses", "Refuses", 60)]
)
def test_a_broken_revision_is_rolled_back_before_many_notice(
    site: Testbed, kube: Kube, faulty: str, fault: str, reason: str, most: int
) -> None:
    resource = promising("bad")
    with asked(site, kube, resource, 20) as (old, load):
        tried(kube, with_fault(resource, faulty, fault))
        began = time.monotonic()
        rolling(kube, "bad", "RolledBack", timeout=60)
        seconds = time.monotonic() - began
        assert weights(kube, "bad") == {old: 100}
        time.sleep(5)
    hit = len(load.outcomes.failed)
    print(f"rolled back after {seconds:.0f} s; {hit} of {len(load.outcomes.results)} callers hit")
    assert hit <= most, "of one that fails every request, all of its share for the time of two looks"
    status = kube.get("pms", "bad")["status"]
    assert status["rejectedRevisions"][0]["reason"] == reason
    assert kube.conditions("bad")["Ready"]["status"] == "True"
    kube.delete("pms", "bad")


@pytest.mark.parametrize("fault", ["dies", "never"])
def test_a_revision_that_never_comes_up_gets_no_request(
    site: Testbed, kube: Kube, faulty: str, fault: str
) -> None:
    resource = promising(fault)
    with asked(site, kube, resource) as (old, load):
        kube.apply(with_fault(resource, faulty, fault).body)
        rolling(kube, fault, "RolloutInProgress", timeout=60)
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
    with asked(site, kube, resource) as (old, load):
        kube.apply(resource.model(uri=wrong).body)
        found = rolling(kube, "asked", "RolledBack", timeout=150)
        assert "absError" in found["message"], found
        status = kube.get("pms", "asked")["status"]
        assert status["rejectedRevisions"][0]["reason"] == "PreflightFailed"
        assert weights(kube, "asked") == {old: 100}
        kube.apply(changed(resource).body)
        rolling(kube, "asked", "CanaryStep", timeout=150)
    assert load.outcomes.failed == []
    kube.delete("pms", "asked")


def test_shares_are_as_written_and_a_person_decides(site: Testbed, kube: Kube) -> None:
    manual = [{"weight": 20, **STEP, "approval": "Manual"}, {"weight": 50, **STEP}]
    resource = promising("shared", steps=manual)
    with asked(site, kube, resource) as (old, load):
        kube.apply(changed(resource).body)
        rolling(kube, "shared", "AwaitingApproval")
        new = canary(kube, "shared")
        assert 15 <= 100 * share(site, "shared")[new] / 500 <= 25
        annotate = f"serving.paddle-sla.io/request=abort/{new}/1"
        kube.run("annotate", "pms", "shared", annotate)
        rolling(kube, "shared", "Aborted", timeout=30)
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
