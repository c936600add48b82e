"""The installed operator is killed and stopped: the services stay as promised."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hack.cluster.errors import ClusterError
from hack.demo.kubectl import Kube, eventually
from tests.e2e.resources import digits
from tests.e2e.testbed import Testbed, owned

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(400)]


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
