"""A service's life against a real API server: made, kept, changed, scaled, put back, deleted."""

from __future__ import annotations

import json

import pytest

from hack.demo.kubectl import Kube, eventually
from tests.e2e.operator.paper_pods import DIGEST, become_ready, end_of_resolve, resolve
from tests.e2e.operator.resources import paper

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.usefixtures("operator")]
OWNED = "deployments,services,configmaps,poddisruptionbudgets,networkpolicies,jobs"
OURS = "serving.paddle-sla.io/service"


def revision_made(kube: Kube, service: str, but: str = "") -> str:
    """The name of the service's Deployment, once there is one that is not `but`."""

    def there() -> str | None:
        names = [one["metadata"]["name"] for one in kube.list("deployments", f"{OURS}={service}")]
        return next((name for name in names if name != but), None)

    return eventually(there, 30, lambda: kube.run("get", "pms", service, "-o", "yaml"))


def bring_up(kube: Kube, service: str, replicas: int = 1) -> str:
    """Play everything that a good service needs; its stable revision."""
    resolve(kube, service)
    revision = revision_made(kube, service)
    become_ready(kube, revision, replicas)
    kube.wait_condition(service, "Ready", "True", timeout=40)
    return revision


@pytest.fixture(scope="module")
def calm(kube: Kube) -> str:
    """A service that is ready; its revision's name."""
    kube.apply(paper("calm"))
    return bring_up(kube, "calm")


def test_a_service_becomes_ready_and_says_everything_about_itself(kube: Kube, calm: str) -> None:
    kube.run("wait", "pms/calm", "--for=condition=Ready", "--timeout=5s")
    status = kube.get("pms", "calm")["status"]
    assert status["stable"] == {
        "revision": calm, "replicas": 1, "readyReplicas": 1, "weight": 100, "effectiveWeight": 100,
        "modelDigest": DIGEST,
    }  # fmt: skip
    assert status["url"] == f"http://calm.{kube.namespace}.svc"
    assert status["model"]["state"] == "Loaded"
    assert len(status["conditions"]) == 10
    assert "True" in kube.run("get", "pms", "calm")


def test_the_resource_carries_no_finalizer_and_no_annotation_of_the_operator(kube: Kube, calm: str) -> None:
    metadata = kube.get("pms", "calm")["metadata"]
    assert "finalizers" not in metadata
    assert set(metadata.get("annotations", {})) <= {"kubectl.kubernetes.io/last-applied-configuration"}


def test_every_event_has_the_reason_of_a_condition(kube: Kube, calm: str) -> None:
    events = [e for e in kube.list("events") if e["involvedObject"].get("name") == "calm"]
    reasons = [e["reason"] for e in events if e["involvedObject"]["kind"] == "PaddleModelService"]
    assert "Serving" in reasons
    assert len(reasons) == len(set(reasons)), reasons


@pytest.mark.parametrize("kind", ["service", "configmap", "poddisruptionbudget", "networkpolicy"])
def test_what_was_deleted_by_hand_comes_back(kube: Kube, calm: str, kind: str) -> None:
    (one, *_) = kube.list(kind, f"{OURS}=calm")
    name, uid = one["metadata"]["name"], one["metadata"]["uid"]
    kube.delete(kind, name)

    def back() -> bool | None:
        found = [o for o in kube.list(kind, f"{OURS}=calm") if o["metadata"]["name"] == name]
        return True if found and found[0]["metadata"]["uid"] != uid else None

    assert eventually(back, 15, f"{kind} {name} again")


def test_what_was_edited_by_hand_is_put_back(kube: Kube, calm: str) -> None:
    patch = {"spec": {"selector": {"app": "somebody-else"}}}
    kube.run("patch", "service", "calm", "--type=merge", "-p", json.dumps(patch))
    kube.run("scale", f"deployment/{calm}", "--replicas=3")

    def repaired() -> bool | None:
        selector = kube.get("service", "calm")["spec"]["selector"]
        replicas = kube.get("deployment", calm)["spec"]["replicas"]
        return True if "app" not in selector and replicas == 1 else None

    assert eventually(repaired, 15, "selector and replicas as planned")
    kube.wait_condition("calm", "Ready", "True", timeout=30)


def test_the_scale_subresource_is_the_number_of_replicas(kube: Kube) -> None:
    kube.apply(paper("wide"))
    revision = bring_up(kube, "wide")
    kube.run("scale", "pms/wide", "--replicas=3")
    assert eventually(
        lambda: kube.get("deployment", revision)["spec"]["replicas"] == 3 or None, 15, "three replicas"
    )
    kube.wait_condition("wide", "Ready", "Unknown", timeout=15)
    become_ready(kube, revision, 3)
    kube.wait_condition("wide", "Ready", "True", timeout=30)
    scale = json.loads(kube.run("get", "--raw", f"{api(kube)}/wide/scale"))
    assert scale["status"]["replicas"] == 3
    assert f"serving.paddle-sla.io/revision={revision}" in scale["status"]["selector"]
    kube.delete("pms", "wide")


def test_a_bad_bundle_is_told_with_its_pod_and_heals_when_the_store_is_right(kube: Kube) -> None:
    kube.apply(paper("poor"))
    end_of_resolve(kube, "poor", 10, {"reason": "ModelNotFound", "message": "nothing: check spec.model.uri"})
    condition = kube.wait_condition("poor", "ModelLoaded", "False", reason="ModelNotFound", timeout=15)
    failure = kube.get("pms", "poor")["status"]["model"]["lastFailure"]
    assert failure["exitCode"] == 10
    assert failure["pod"] in condition["message"]
    assert kube.conditions("poor")["Stalled"]["status"] == "True"
    bring_up(kube, "poor")
    kube.delete("pms", "poor")


def test_a_successor_of_the_same_name_gets_objects_of_its_own(kube: Kube) -> None:
    kube.apply(paper("twin"))
    bring_up(kube, "twin")
    kube.run("delete", "pms", "twin", "--wait=true")
    kube.apply(paper("twin"))
    uid = kube.get("pms", "twin")["metadata"]["uid"]
    bring_up(kube, "twin")

    def owners() -> set[str]:
        found = kube.list(OWNED, f"{OURS}=twin")
        return {owner["uid"] for one in found for owner in one["metadata"]["ownerReferences"]}

    assert eventually(
        lambda: True if owners() == {uid} else None, 40, lambda: f"all owned by {uid}, not {owners()}"
    )
    kube.delete("pms", "twin")


def api(kube: Kube) -> str:
    """The address of the services of the namespace."""
    return f"/apis/serving.paddle-sla.io/v1alpha1/namespaces/{kube.namespace}/paddlemodelservices"
