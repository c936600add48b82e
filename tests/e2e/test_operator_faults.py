"""The operator is killed, stopped, left alone, and argued with: the services stay as promised."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hack.cluster.errors import ClusterError
from hack.demo.kubectl import Kube, KubectlRefused, eventually
from tests.e2e.resources import Resource, digits
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
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
OPERATOR = "system:serviceaccount:paddle-sla-system:paddle-sla-operator"


@pytest.fixture(scope="module")
def serving(kube: Kube) -> Resource:
    """A digit classifier that serves behind the gateway."""
    resource = digits("calm").through_gateway("calm.example.com")
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


def test_an_operator_killed_in_mid_reconcile_leaves_the_same_objects(
    kube: Kube, operator: Kube, site: Testbed
) -> None:
    reference = digits("whole")
    kube.apply(reference.body)
    kube.wait_condition("whole", "Ready", "True", timeout=200)
    kube.apply(digits("torn").body)
    for _ in range(3):
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


@pytest.mark.parametrize(
    "kind", ["service", "configmap", "poddisruptionbudget", "networkpolicy", "httproute"]
)
def test_what_was_deleted_by_hand_comes_back(kube: Kube, serving: Resource, kind: str) -> None:
    (name, uid), *_ = sorted(
        (o["metadata"]["name"], o["metadata"]["uid"])
        for o in kube.list(kind, "serving.paddle-sla.io/service=calm")
    )
    kube.delete(kind, name)

    def back() -> dict[str, Any] | None:
        try:
            found = kube.get(kind, name)
        except KubectlRefused:
            return None
        return found if found["metadata"]["uid"] != uid else None

    eventually(back, 60, f"{kind} {name} again")


def test_what_was_edited_by_hand_is_put_back(kube: Kube, serving: Resource) -> None:
    revision = kube.get("pms", "calm")["status"]["stable"]["revision"]
    before = kube.get("deployment", revision)["spec"]["replicas"]
    kube.run("scale", f"deployment/{revision}", "--replicas=3")
    kube.run("patch", "service", "calm", "--type=merge", "-p", '{"spec":{"selector":{"app":"someone-else"}}}')

    def repaired() -> bool | None:
        deployment = kube.get("deployment", revision)["spec"]["replicas"]
        selector = kube.get("service", "calm")["spec"]["selector"]
        return True if deployment == before and selector.get("app") != "someone-else" else None

    eventually(repaired, 60, "replicas and selector as planned")


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


def test_a_changed_revision_replaces_the_old_one_only_when_it_is_ready(kube: Kube, serving: Resource) -> None:
    old = kube.get("pms", "calm")["status"]["stable"]["revision"]
    kube.apply(serving.runtime(queue={"maxRequests": 7}).body)

    def replaced() -> str | None:
        stable: str = kube.get("pms", "calm")["status"]["stable"]["revision"]
        ready = kube.get("deployment", stable)["status"].get("readyReplicas", 0)
        assert ready >= 1, f"{stable} is stable with no ready pod"
        return stable if stable != old else None

    new = eventually(replaced, 120, "another stable revision")
    assert kube.get("service", "calm")["spec"]["selector"]["serving.paddle-sla.io/revision"] == new
    names = [("Deployment", old), ("Service", old)]
    eventually(lambda: None if set(names) & set(owned(kube, "calm")) else True, 120, f"{old} retired")


def test_two_idle_minutes_without_a_write_but_lease_and_heartbeat(
    kube: Kube, serving: Resource, site: Testbed
) -> None:
    kube.wait_condition("calm", "Ready", "True", timeout=100)
    time.sleep(40)  # retirement of the revision before, and the events of the tests above, are over
    begin = site.audit_position()
    time.sleep(120)
    writes = [e for e in site.audit_events(begin) if e["user"]["username"] == OPERATOR]
    objects = {(e["verb"], e["objectRef"]["resource"]) for e in writes}
    assert writes, "the audit log holds no heartbeat: is it the right identity?"
    assert {resource for _, resource in objects} == {"leases"}, objects
