"""The operator is killed, stopped, left alone, and argued with: the services stay as promised."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from hack.cluster.errors import ClusterError
from hack.demo.kubectl import Kube, eventually
from tests.e2e.load import Request, Steady
from tests.e2e.resources import DIGITS_REQUEST, Resource, digits
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(700)]
OWNED = (
    "deployment",
    "service",
    "configmap",
    "poddisruptionbudget",
    "networkpolicy",
    "job",
    "httproute",
    "pod",
)
HOST = "calm.example.com"
OPERATOR = "system:serviceaccount:paddle-sla-system:paddle-sla-operator"


@pytest.fixture(scope="module")
def serving(kube: Kube) -> Resource:
    """A digit classifier that serves behind the gateway, and beside it one that nobody sends a request."""
    kube.apply(digits("still").through_gateway("still.example.com").body)
    resource = digits("calm").through_gateway(HOST)
    kube.apply(resource.body)
    kube.wait_condition("calm", "Ready", "True", timeout=200)
    return resource


def owned(kube: Kube, service: str) -> list[tuple[str, str]]:
    """Kind and name of everything that was made for a service."""
    return [
        (item["kind"], item["metadata"]["name"])
        for kind in OWNED
        for item in kube.list(kind, f"serving.paddle-sla.io/service={service}")
    ]


@pytest.fixture
def operator(site: Testbed) -> Kube:
    """The operator's own namespace."""
    return site.kube("paddle-sla-system")


@contextmanager
def held_creation(site: Testbed, namespace: str, group: str, resource: str) -> Iterator[Callable[[], bool]]:
    """Let the API server hold creations of a kind, as a slow webhook does; the answer says when it holds one.

    Then the operator is in the middle of its look: what comes before is written, the rest is not.
    """
    with socket.create_server((site.cluster.addresses.host_end, 0)) as listening:
        host, port = listening.getsockname()
        rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource]}
        webhook = {
            "name": "hold.example.com",
            "clientConfig": {"url": f"https://{host}:{port}/"},
            "rules": [rule],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "failurePolicy": "Ignore",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 30,
        }
        document = {
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "hold"},
            "webhooks": [webhook],
        }
        site.kube(namespace).apply({"apiVersion": "admissionregistration.k8s.io/v1", **document})
        try:
            yield lambda: bool(select.select([listening], [], [], 60)[0])
        finally:
            site.kube(namespace).delete("validatingwebhookconfiguration", "hold")


def test_an_operator_killed_in_mid_reconcile_leaves_the_same_objects(
    kube: Kube, operator: Kube, site: Testbed
) -> None:
    kube.apply(digits("whole").body)
    kube.wait_condition("whole", "Ready", "True", timeout=200)
    with held_creation(site, kube.namespace, "apps", "deployments") as held:
        kube.apply(digits("torn").body)
        assert held(), "the operator never came to the Deployment"
        assert set(kinds(kube, "torn")) == {"ConfigMap", "NetworkPolicy", "Service"}
        for pod in operator.list("pods", "app.kubernetes.io/name=paddle-sla-operator"):
            kill_once_running(site, operator.namespace, pod["metadata"]["name"])
    kube.wait_condition("torn", "Ready", "True", timeout=250)
    assert kinds(kube, "torn") == kinds(kube, "whole")
    for name in ("torn", "whole"):
        kube.delete("pms", name)


def kill_once_running(site: Testbed, namespace: str, pod: str) -> None:
    """kill -9 the operator in a pod; one that is not running is waited for."""

    def killed() -> bool | None:
        try:
            site.kill_container(namespace, pod, "operator")
        except ClusterError:  # not running, or it ended between the look and the kill
            return None
        return True

    eventually(killed, 90, f"a running operator in {pod}")


def kinds(kube: Kube, service: str) -> list[str]:
    """How many objects of each kind a service has (pods and jobs come and go)."""
    return sorted(kind for kind, _ in owned(kube, service) if kind not in ("Pod", "Job"))


def test_a_service_deleted_while_the_operator_is_away_leaves_nothing(kube: Kube, operator: Kube) -> None:
    kube.apply(digits("orphan").body)
    kube.wait_condition("orphan", "Ready", "True", timeout=200)
    operator.run("scale", "deployment", "paddle-sla-operator", "--replicas=0")
    try:
        eventually(
            lambda: None if operator.list("pods", "app.kubernetes.io/name=paddle-sla-operator") else True,
            90,
            "the operator gone",
        )
        kube.delete("pms", "orphan")
        eventually(
            lambda: None if owned(kube, "orphan") else True, 120, lambda: f"{owned(kube, 'orphan')} gone"
        )
    finally:
        operator.run("scale", "deployment", "paddle-sla-operator", "--replicas=2")
        operator.run("rollout", "status", "deployment/paddle-sla-operator", "--timeout=120s", timeout=150)


def test_a_route_deleted_by_hand_comes_back_and_leads_to_the_pods(
    kube: Kube, serving: Resource, site: Testbed
) -> None:
    kube.delete("httproute", "calm")
    url = f"{site.gateway_url}/v2/models/calm"
    eventually(
        lambda: httpx.get(url, headers={"host": HOST}, timeout=5).status_code == 200 or None, 60, "a route"
    )


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
        kube.apply(serving.runtime(queue={"maxRequests": 7}).body)
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
    others = [e["objectRef"] for e in writes if e["objectRef"]["resource"] != "leases"]
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
