"""A service that serves is argued with, edited, changed, and left alone: it stays as promised."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from hack.cluster.constants import SYSTEM_NAMESPACE
from hack.demo.kubectl import Kube, eventually
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits
from tests.e2e.testbed import Testbed, owned

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(700)]
HOST = "calm.example.com"
OPERATOR = f"system:serviceaccount:{SYSTEM_NAMESPACE}:paddle-sla-operator"


@pytest.fixture(scope="module")
def serving(kube: Kube) -> Resource:
    """A digit classifier that serves behind the gateway, and beside it one that nobody sends a request."""
    kube.apply(digits("still").through_gateway("still.example.com").body)
    resource = digits("calm").through_gateway(HOST)
    kube.apply(resource.body)
    kube.wait_condition("calm", "Ready", "True", timeout=200)
    return resource


def test_a_route_deleted_by_hand_comes_back_and_leads_to_the_pods(
    kube: Kube, serving: Resource, site: Testbed
) -> None:
    gone = kube.get("httproute", "calm")["metadata"]["uid"]
    kube.delete("httproute", "calm")
    # The gateway may answer by the old one for a while: that it comes back is seen at the object.
    eventually(lambda: is_taken(kube, "calm", gone) or None, 60, "another route, which the gateway has taken")
    url = f"{site.gateway_url}/v2/models/calm"
    eventually(lambda: answers(url) or None, 60, "a route")


def test_an_sla_edit_rolls_no_pod_and_reaches_the_runtime(kube: Kube, serving: Resource) -> None:
    eventually(
        lambda: len(kube.list("pods", "serving.paddle-sla.io/service=calm")) == 1 or None, 60, "one pod"
    )
    pods = sorted(p["metadata"]["uid"] for p in kube.list("pods", "serving.paddle-sla.io/service=calm"))
    old = kube.get("pms", "calm")["status"]["slaHash"]
    objectives = [{"name": "latency", "latency": {"percentile": "95", "thresholdMilliseconds": 377}}]
    kube.apply(serving.sla(objectives=objectives).body)
    eventually(lambda: kube.get("pms", "calm")["status"]["slaHash"] != old or None, 30, "another slaHash")
    pod = kube.list("pods", "serving.paddle-sla.io/service=calm,serving.paddle-sla.io/revision")[0]
    proxy = f"/api/v1/namespaces/{kube.namespace}/pods/{pod['metadata']['name']}:8080/proxy/metrics"
    eventually(
        lambda: 'le="0.377"' in kube.run("get", "--raw", proxy) or None,
        150,
        "a histogram boundary of 0.377 s",
    )
    after = sorted(p["metadata"]["uid"] for p in kube.list("pods", "serving.paddle-sla.io/service=calm"))
    assert after == pods


def test_a_changed_revision_takes_over_when_it_is_ready_and_no_request_fails(
    kube: Kube, serving: Resource, site: Testbed
) -> None:
    old = kube.get("pms", "calm")["status"]["stable"]["revision"]
    url = f"{site.gateway_url}/v2/models/calm/infer"
    with Steady(Request(url, DIGITS_REQUEST.read_bytes(), "application/json", HOST), per_second=10) as load:
        kube.apply(serving.runtime(queue={"maxRequests": 65}).body)
        condition = kube.wait_condition("calm", "Ready", "Unknown", timeout=15)
        assert f"{old} keeps serving" in condition["message"]
        assert selected(kube, "calm") == old
        kube.wait_condition("calm", "Ready", "True", timeout=120)
        new = kube.get("pms", "calm")["status"]["stable"]["revision"]
        assert new != old
        assert selected(kube, "calm") == new
        gone = {("Deployment", old), ("Service", old)}
        eventually(lambda: None if gone & set(owned(kube, "calm")) else True, 120, f"{old} retired")
    print(f"{len(load.outcomes.results)} requests while {new} took over from {old}")
    assert load.outcomes.failed == []


def answers(url: str) -> bool:
    """Whether it does for three seconds: what a gateway has taken its proxies may not know yet."""
    for _ in range(4):
        if httpx.get(url, headers={"host": HOST}, timeout=5).status_code != 200:
            return False
        time.sleep(1)
    return True


def is_taken(kube: Kube, route: str, gone: str) -> bool:
    """Whether a route is there that is not the one that went, and the gateway has read it."""
    found = [one for one in kube.list("httproute") if one["metadata"]["name"] == route]
    return any(one["metadata"]["uid"] != gone and route_accepted(one) for one in found)


def route_accepted(route: dict[str, Any]) -> bool:
    """What every gateway says of it."""
    parents = route.get("status", {}).get("parents", [])
    said = [{c["type"]: c["status"] for c in parent["conditions"]} for parent in parents]
    return bool(said) and all(one.get("Accepted") == one.get("ResolvedRefs") == "True" for one in said)


def selected(kube: Kube, service: str) -> str:
    """The revision that the plain Service leads to."""
    return str(kube.get("service", service)["spec"]["selector"]["serving.paddle-sla.io/revision"])


def test_two_idle_minutes_without_a_write_but_lease_and_heartbeat(
    kube: Kube, serving: Resource, site: Testbed
) -> None:
    kube.wait_condition("calm", "Ready", "True", timeout=100)
    kube.wait_condition("still", "Ready", "True", timeout=100)
    # Its first minute, which nobody scraped whole, is told once it is counted for good.
    before = eventually(lambda: unknown_minutes(kube, "still"), 390, "the unknown time of still")
    time.sleep(40)  # retirement of the revision before, and the events of the tests above, are over
    begin = site.audit_position()
    time.sleep(120)
    writes = [e for e in site.audit_events(begin) if e["user"]["username"] == OPERATOR]
    assert writes, "the audit log holds no heartbeat: is it the right identity?"
    # Meanwhile it may work for the services of other files, in their namespaces.
    here = (kube.namespace, SYSTEM_NAMESPACE, "")
    objects = [e["objectRef"] for e in writes if e["objectRef"].get("namespace", "") in here]
    others = [one for one in objects if one["resource"] != "leases"]
    told = [(one["resource"], one.get("name", "")) for one in others]
    # The requests of the tests above are counted for good, and told, up to six minutes after the last one.
    counting = {
        ("configmaps", "calm-sla-record"),
        ("configmaps", "calm-work"),
        ("paddlemodelservices", "calm"),
    }
    if unknown_minutes(kube, "still") != before:  # a scrape was late meanwhile: that is told once
        counting.add(("paddlemodelservices", "still"))
    assert {one for one in told if one[0] != "events"} <= counting, told
    assert len(told) <= 5, told


def unknown_minutes(kube: Kube, service: str) -> int | None:
    """The time of which nobody knows how the only objective fared; None before any is counted."""
    (objective,) = kube.get("pms", service)["status"]["sla"]["objectives"]
    minutes: int | None = objective.get("unknownMinutes")
    return minutes
