"""New revisions earn their requests on a real node, under load all the time: good, broken and dead ones.

A broken one is the runtime's image with a fault on top (faulty/): the product has no switch for it.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from hack.demo.kubectl import Kube, eventually
from tests.digits_models import train
from tests.e2e.resources import DIGITS_REQUEST
from tests.e2e.rollouts import (
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


@pytest.mark.parametrize(
    ("fault", "may_take", "says"),
    [("dies", 300, "before it was ready"), ("never", 10, "raise spec.model.preload.timeoutSeconds")],
)
def test_a_revision_that_never_comes_up_gets_no_request_and_says_why(
    site: Testbed, kube: Kube, faulty: str, fault: str, may_take: int, says: str
) -> None:
    """Whose worker dies is tried three times; whose worker is never ready has its time, by
    the runtime's clock or the startup probe's, whichever is first. Then its container ends, and its reason is
    told."""
    resource = promising(fault)
    changed_to = with_fault(resource, faulty, fault).model(preload={"timeoutSeconds": may_take})
    with asked(site, kube, resource) as (old, load):

        def told() -> dict[str, Any] | None:
            assert weights(kube, fault) == {old: 100}
            found = kube.conditions(fault).get("RolloutComplete")
            return found if found and found["reason"] == "LoadFailed" and says in found["message"] else None

        kube.apply(changed_to.body)
        found = eventually(told, 120, lambda: f"LoadFailed; is {kube.conditions(fault)}")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            told()  # a container that begins again has no reason yet, and no share either
            time.sleep(0.5)
    print(found["message"])
    assert old in found["message"], "who serves meanwhile"
    assert load.outcomes.failed == []
    assert set(load.outcomes.revisions) == {old}
    assert kube.conditions(fault)["Ready"]["status"] == "True"
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
        (rejected,) = status["rejectedRevisions"]
        assert rejected["reason"] == "PreflightFailed"
        assert weights(kube, "asked") == {old: 100}
        kube.apply(changed(resource).body)
        rolling(kube, "asked", "CanaryStep", timeout=150)
    assert load.outcomes.failed == []
    assert load.outcomes.answered_by(rejected["revision"]) == [], "it answers with 200 what is wrong"
    kube.delete("pms", "asked")
