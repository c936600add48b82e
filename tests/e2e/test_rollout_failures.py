"""Revisions that are slow, too large or not what was pinned, and one that is overtaken, on a real node."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from hack.demo.kubectl import Kube, eventually
from paddle_operator import names
from tests.e2e.resources import Resource
from tests.e2e.rollouts import (
    ANYWAY,
    PER_SECOND,
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

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(300)]
FAST = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 40}}
DRAINED_SECONDS = 90.0
WITHOUT_WEIGHT_SECONDS = 10.0
"""Within which a route sends nothing any more to who has no pod: a second or two on a calm machine."""


def test_a_revision_three_times_slower_is_rolled_back(
    site: Testbed, kube: Kube, faulty: str, record_property: Callable[[str, object], None]
) -> None:
    """One that takes 20 ms keeps the promise of 40; one that takes 60 breaks it with every answer."""
    resource = with_fault(promising("slow", FAST), faulty, "takes:20")
    with asked(site, kube, resource, 20) as (old, load):
        new = tried(kube, with_fault(resource, faulty, "takes:60"))
        rolling(kube, "slow", "RolledBack")
        assert weights(kube, "slow") == {old: 100}
        time.sleep(5)
    hit = load.outcomes.answered_by(new)
    record_property("slow_answers", len(hit))
    record_property("hit_within_seconds", hit[-1] - hit[0])
    print(f"{len(hit)} callers got slow answers within {hit[-1] - hit[0]:.0f} s")
    (rejected,) = kube.get("pms", "slow")["status"]["rejectedRevisions"]
    assert (rejected["revision"], rejected["reason"]) == (new, "Broken")
    kube.delete("pms", "slow")


def too_large(resource: Resource, image: str, _: Testbed) -> Resource:
    return with_fault(resource, image, "memory")


def not_as_pinned(resource: Resource, _image: str, _: Testbed) -> Resource:
    return resource.model(digest="sha256:" + "0" * 64)


def corrupt(resource: Resource, _image: str, site: Testbed) -> Resource:
    """With a file that is not what its manifest says, which a pod of it finds out."""
    site.copy_bundle("digits", "digits-corrupt")
    site.truncate("digits-corrupt", ".pdiparams")
    return resource.model(uri="s3://models/digits-corrupt")


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("large", too_large, "OutOfMemory"),
        ("pinned", not_as_pinned, "DigestMismatch"),
        ("corrupt", corrupt, "BundleInvalid"),
    ],
)
def test_a_revision_that_cannot_load_gets_no_request_and_says_why(
    site: Testbed,
    kube: Kube,
    faulty: str,
    name: str,
    change: Callable[[Resource, str, Testbed], Resource],
    reason: str,
) -> None:
    resource = promising(name)
    with asked(site, kube, resource) as (old, load):
        kube.apply(change(resource, faulty, site).body)
        found = rolling(kube, name, reason)
        time.sleep(10)
    print(found["message"])
    assert old in found["message"], "who serves meanwhile"
    assert kube.conditions(name)["Ready"]["status"] == "True"
    assert weights(kube, name) == {old: 100}
    assert load.outcomes.failed == []
    assert set(load.outcomes.revisions) == {old}
    kube.delete("pms", name)


def test_a_newer_spec_overtakes_a_canary_which_gets_no_request_from_then_on(
    site: Testbed, kube: Kube
) -> None:
    long_step = {"weight": 20, "minDurationSeconds": 120}
    resource = promising("twice", steps=[long_step], budgetPolicy=ANYWAY)
    with asked(site, kube, resource) as (old, load):
        first = tried(kube, changed(resource))
        time.sleep(5)
        kube.apply(changed(resource, queue={"maxRequests": 9}).body)
        eventually(lambda: True if first not in weights(kube, "twice") else None, 20, "its share is gone")
        left = load.now() + 1  # until every proxy knows
        second = eventually(lambda: other_canary(kube, "twice", first), 30, "another canary")
        rolling(kube, "twice", "CanaryStep")
        assert weights(kube, "twice") == {old: 80, second: 20}
        eventually(lambda: gone(kube, "twice", first), DRAINED_SECONDS, f"{first} is deleted")
    sent = load.outcomes.answered_by(first)
    print(
        f"{len(sent)} requests to {first}, the last at {sent[-1]:.1f} s; its share went before {left:.1f} s"
    )
    assert sent[-1] < left
    assert load.outcomes.answered_by(second)
    assert load.outcomes.failed == []
    kube.delete("pms", "twice")


def test_a_canary_loses_its_share_with_its_last_pod_and_begins_again_with_the_next(
    site: Testbed, kube: Kube, record_property: Callable[[str, object], None]
) -> None:
    """Without any grace: nobody is told that the pod goes, so what it was asked and what comes until the
    gateway knows is lost."""
    resource = promising("lost", steps=[{"weight": 20, "minDurationSeconds": 120}], budgetPolicy=ANYWAY)
    with asked(site, kube, resource) as (old, load):
        new = tried(kube, changed(resource))
        time.sleep(5)
        (pod,) = kube.list("pods", f"{names.LABEL_REVISION}={new}")
        began = load.now()
        kube.run("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force", "--wait=false")
        seconds = WITHOUT_WEIGHT_SECONDS
        eventually(
            lambda: True if weights(kube, "lost") == {old: 100} else None, seconds, "its share is gone"
        )
        away = load.now() - began
        wait_for_weights(kube, "lost", {old: 80, new: 20})
        back = load.now() - began
        rolling(kube, "lost", "CanaryStep")
        time.sleep(5)
    lost = load.outcomes.failed
    print(f"share gone after {away:.1f} s, back after {back:.1f} s; {len(lost)} callers lost: {lost}")
    for name, value in (("gone_after_seconds", away), ("back_after_seconds", back), ("lost", len(lost))):
        record_property(name, value)
    assert len(lost) <= PER_SECOND * 0.2 * WITHOUT_WEIGHT_SECONDS, "no more than come to it until then"
    assert [at for at in load.outcomes.answered_by(new) if at > began + back], "it begins again"
    assert "rejectedRevisions" not in kube.get("pms", "lost")["status"]
    kube.delete("pms", "lost")


def other_canary(kube: Kube, name: str, than: str) -> str | None:
    """The revision that is tried now, if it is not this one."""
    tried = kube.get("pms", name)["status"].get("canary", {}).get("revision", than)
    return None if tried == than else tried


def gone(kube: Kube, name: str, revision: str) -> bool | None:
    """Whether a revision has no Deployment any more."""
    left = kube.list("deployments", names.selector_of(name))
    return True if revision not in {one["metadata"]["name"] for one in left} else None
