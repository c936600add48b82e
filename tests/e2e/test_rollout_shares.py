"""Who answers how many requests in each step, and whoever is asked for by name, on a real node under load."""

from __future__ import annotations

import time
from collections import Counter

import httpx
import pytest

from hack.demo.kubectl import Kube, eventually
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, digits
from tests.e2e.rollouts import (
    ANYWAY,
    ERRORS,
    PER_SECOND,
    STEP,
    UP,
    asked,
    canary,
    changed,
    promising,
    request_to,
    rolling,
    wait_for_weights,
    weights,
)
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(400)]
BY_HAND = [{"weight": 20, **STEP, "approval": "Manual"}, {"weight": 50, **STEP, "approval": "Manual"}]
REQUESTS, PINNED = 500, 40
UNTIL_PROXIES_KNOW_SECONDS = 2.0


def test_shares_are_within_five_points_at_every_step_and_in_the_bake(site: Testbed, kube: Kube) -> None:
    resource = promising("steps", steps=BY_HAND, bake={"durationMinutes": 10}, budgetPolicy=ANYWAY)
    with asked(site, kube, resource) as (old, load):
        kube.apply(changed(resource).body)
        rolling(kube, "steps", "AwaitingApproval")
        new = canary(kube, "steps")
        seen = {20: answers(site, "steps")}
        asks(kube, "steps", f"approve/{new}/1")
        wait_for_weights(kube, "steps", {old: 50, new: 50})
        time.sleep(UNTIL_PROXIES_KNOW_SECONDS)
        seen[50] = answers(site, "steps")
        eventually(lambda: waits_in(kube, "steps", 2), 120, "a person is waited for in step 2")
        asks(kube, "steps", f"approve/{new}/2")
        rolling(kube, "steps", "Baking")
        assert weights(kube, "steps") == {new: 100}
        time.sleep(UNTIL_PROXIES_KNOW_SECONDS)
        seen[100] = answers(site, "steps")
        assert answers(site, "steps", PINNED, old) == {old: PINNED}, "a previous one that is kept warm"
        assert answers(site, "steps", PINNED, new) == {new: PINNED}
    shares = {weight: 100 * found[new] / found.total() for weight, found in seen.items()}
    print(f"by the step, percent of {REQUESTS} requests that {new} answered: {shares}")
    assert all(abs(share - weight) <= 5 for weight, share in shares.items()), shares
    assert seen[100] == {new: REQUESTS}
    assert load.outcomes.failed == []
    kube.delete("pms", "steps")


def test_who_is_asked_for_by_name_answers_until_it_is_rejected(site: Testbed, kube: Kube) -> None:
    """The name of one that is rejected is not looked at any more: the answer's header says who it was."""
    resource = promising("pinned", steps=BY_HAND)
    with asked(site, kube, resource) as (old, load):
        kube.apply(changed(resource).body)
        rolling(kube, "pinned", "AwaitingApproval")
        new = canary(kube, "pinned")
        for one in (old, new):
            assert answers(site, "pinned", PINNED, one) == {one: PINNED}
        assert set(answers(site, "pinned", PINNED, "pinned-0000000000")) == {old, new}
        asks(kube, "pinned", f"abort/{new}/1")
        rolling(kube, "pinned", "Aborted", timeout=30)
        assert weights(kube, "pinned") == {old: 100}
        handled = kube.get("pms", "pinned")["status"]["lastHandledRequest"]
        assert handled["outcome"] == "Accepted"
        time.sleep(UNTIL_PROXIES_KNOW_SECONDS)
        assert answers(site, "pinned", PINNED, new) == {old: PINNED}
    assert load.outcomes.failed == []
    kube.delete("pms", "pinned")


def test_without_a_gateway_whole_pods_divide_the_connections_as_the_status_says(kube: Kube) -> None:
    """Of one canary pod beside two others that is 33 %, and not the 5 % of the step."""
    one_step = [{"weight": 5, **STEP, "approval": "Manual"}]
    promise = {"objectives": [UP, ERRORS], "minTraffic": {"requests": 1, "periodSeconds": 300}}
    resource = digits("ratio").by_pods().replicas(2).sla(**promise)
    resource = resource.rollout(steps=one_step, analysis={"intervalSeconds": 5}, budgetPolicy=ANYWAY)
    kube.apply(resource.body)
    kube.wait_condition("ratio", "Ready", "True", timeout=200)
    old = kube.get("pms", "ratio")["status"]["stable"]["revision"]
    address = kube.get("service", "ratio")["spec"]["clusterIP"]
    request = Request(
        f"http://{address}/v2/models/ratio/infer", DIGITS_REQUEST.read_bytes(), "application/json"
    )
    with Steady(request, per_second=PER_SECOND) as load:
        time.sleep(20)
        kube.apply(changed(resource).body)
        rolling(kube, "ratio", "AwaitingApproval", timeout=200)
        new, began = canary(kube, "ratio"), load.now()
        time.sleep(300 / PER_SECOND)
        status = kube.get("pms", "ratio")["status"]["canary"]
    assert (status["weight"], status["effectiveWeight"]) == (5, 33)
    asked_then = zip(load.outcomes.results, load.outcomes.revisions, strict=True)
    by = Counter(revision for (at, _), revision in asked_then if at >= began)
    share = 100 * by[new] / by.total()
    print(f"{share:.0f} % of {by.total()} connections came to one pod beside two")
    assert set(by) == {old, new}
    assert abs(share - status["effectiveWeight"]) <= 10
    assert load.outcomes.failed == []
    kube.delete("pms", "ratio")


def answers(site: Testbed, name: str, count: int = REQUESTS, pinned: str = "") -> Counter[str]:
    """Which revision answered each of so many requests, which may name one."""
    one = request_to(site, name)
    headers = one.headers() | ({"x-paddle-revision": pinned} if pinned else {})
    with httpx.Client(headers=headers, timeout=one.timeout_seconds) as client:
        found = [client.post(one.url, content=one.body) for _ in range(count)]
    assert {answer.status_code for answer in found} == {200}
    return Counter(answer.headers["x-paddle-revision"] for answer in found)


def asks(kube: Kube, name: str, request: str) -> None:
    """A person annotates the resource."""
    kube.run("annotate", "pms", name, f"serving.paddle-sla.io/request={request}", "--overwrite")


def waits_in(kube: Kube, name: str, step: int) -> bool | None:
    """Whether a person is waited for in a step."""
    rollout = kube.get("pms", name)["status"]["rollout"]
    return True if (rollout.get("step"), rollout["state"]) == (step, "AwaitingApproval") else None
