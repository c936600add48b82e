"""The flow against a cluster in memory, one sentence a test."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paddle_operator import names
from paddle_operator.plan import RETIRE_SECONDS
from paddle_operator.reconcile import LONGEST_UNSETTLED_SECONDS, UNSETTLED_SECONDS
from tests.operator.fake_cluster import DIGEST, ended, pod
from tests.operator.reconcile.story import REST, Story

WITH_MODULE = {
    "uri": "https://models.example.com/ppocr/",
    "modules": [{"name": "recognition", "uri": "https://models.example.com/mine/"}],
}


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_new_service_is_resolved_before_any_revision_is_made(story: Story) -> None:
    assert story.look() == UNSETTLED_SECONDS
    assert [item["kind"] for item in story.cluster.of("Job")] == ["Job"]
    assert story.cluster.of("Deployment") == []
    assert story.condition("Ready")[:2] == ("Unknown", "Resolving")
    assert story.status["model"] == {"state": "Resolving"}


def test_all_ten_conditions_are_there_from_the_first_look_with_the_generation(story: Story) -> None:
    story.look()
    conditions = story.status["conditions"]
    assert [one["type"] for one in conditions] == [
        "Ready", "ModelLoaded", "SLAMet", "SLAFeasible", "RolloutComplete", "RouteAccepted",
        "MetricsAvailable", "ScalingActive", "Reconciling", "Stalled",
    ]  # fmt: skip
    assert {one["observedGeneration"] for one in conditions} == {1}


def test_the_resolved_digest_makes_a_revision_that_enforces_it(story: Story) -> None:
    story.look()
    story.cluster.resolve()
    story.look(2)
    (deployment,) = story.cluster.of("Deployment")
    assert deployment["metadata"]["annotations"][names.ANNOTATION_MODEL_DIGEST] == DIGEST
    assert "stable" not in story.status
    assert story.status["canary"]["modelDigest"] == DIGEST


def test_a_service_with_all_replicas_ready_is_ready_and_settled(story: Story) -> None:
    revision = story.serving()
    assert story.status["stable"]["revision"] == revision
    assert story.status["stable"]["weight"] == 100
    assert story.condition("ModelLoaded")[:2] == ("True", "Loaded")
    assert story.condition("RolloutComplete")[:2] == ("True", "Complete")
    assert story.condition("Reconciling")[0] == story.condition("Stalled")[0] == "False"
    assert story.cluster.of("Job") == []


def test_at_rest_nothing_is_written_and_the_next_look_is_far_away(story: Story) -> None:
    story.serving()
    assert story.look(20) == REST
    assert story.cluster.writes == []
    assert story.cluster.statuses == []
    assert story.cluster.posted == []


def test_what_was_deleted_by_hand_is_made_again(story: Story) -> None:
    story.serving()
    for target in list(story.cluster.objects):
        lost = story.cluster.objects.pop(target)
        if target.kind == "Deployment":  # its revision's record is gone with it, so the digest is read again
            story.cluster.objects[target] = lost
            continue
        story.look()
        assert target in story.cluster.objects, target


def test_what_was_edited_by_hand_is_put_back(story: Story) -> None:
    revision = story.serving()
    service = next(one for one in story.cluster.of("Service") if one["metadata"]["name"] == "calm")
    service["spec"]["selector"] = {"app": "somebody-else"}
    story.look()
    repaired = next(one for one in story.cluster.of("Service") if one["metadata"]["name"] == "calm")
    assert repaired["spec"]["selector"][names.LABEL_REVISION] == revision


def test_a_new_revision_takes_over_only_when_it_is_ready_and_the_old_one_retires(story: Story) -> None:
    old = story.serving()
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look()
    assert story.status["stable"]["revision"] == old
    assert story.status["canary"]["weight"] == 0
    status, reason, message = story.condition("Ready")
    assert (status, reason) == ("Unknown", "Scheduling")
    assert f"{old} keeps serving with 1 ready" in message
    new = story.cluster.ready(1)
    story.look(2)
    assert story.status["stable"]["revision"] == new
    assert "canary" not in story.status
    story.now += timedelta(seconds=RETIRE_SECONDS)
    story.look()
    assert [item["metadata"]["name"] for item in story.cluster.of("Deployment")] == [new]
    assert story.condition("Ready")[0] == "True"


def test_an_sla_edit_is_acknowledged_without_touching_a_deployment(story: Story) -> None:
    story.serving()
    before = story.status["slaHash"]
    story.cluster.edit(
        sla={"objectives": [{"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}]}
    )
    story.look()
    assert story.status["slaHash"] != before
    assert not any("Deployment" in line for line in story.cluster.writes)
    assert story.condition("Ready")[0] == "True"
    assert story.status["observedGeneration"] == 2


def test_an_invalid_resource_stalls_with_every_violation_and_what_serves_stays(story: Story) -> None:
    revision = story.serving()
    story.cluster.edit(model={"uri": "ftp://nowhere"}, sla={"objectives": [{"name": "none"}]})
    story.look()
    status, reason, message = story.condition("Ready")
    assert (status, reason) == ("False", "InvalidSpec")
    assert "spec.model.uri" in message
    assert "spec.sla.objectives" in message
    assert story.condition("Stalled")[0] == "True"
    assert story.condition("Reconciling")[0] == "False"
    assert story.status["stable"]["revision"] == revision
    assert story.cluster.writes == []


def test_a_bundle_that_is_not_there_is_told_with_pod_reason_and_exit_code(story: Story) -> None:
    story.look()
    story.cluster.resolve_fails(10, "ModelNotFound", "no model.yaml at https://x/: check spec.model.uri")
    story.look()
    status, reason, message = story.condition("ModelLoaded")
    assert (status, reason) == ("False", "ModelNotFound")
    assert message.startswith("resolve failed in pod resolve, container resolve, exit code 10: no model.yaml")
    assert story.status["model"]["lastFailure"] == {
        "pod": "resolve",
        "reason": "ModelNotFound",
        "exitCode": 10,
        "message": message.removesuffix("."),
    }
    assert story.condition("Stalled")[:2] == ("True", "ModelNotFound")


def test_a_bad_new_bundle_never_replaces_what_serves_and_heals_without_a_person(story: Story) -> None:
    old = story.serving()
    story.cluster.edit(model={"uri": "https://models.example.com/other/"})
    story.look()
    story.cluster.resolve_fails(12, "DigestMismatch", "another digest")
    story.look()
    assert story.condition("Ready")[:2] == ("False", "DigestMismatch")
    assert f"Revision {old} keeps serving" in story.condition("Ready")[2]
    story.cluster.resolve("sha256:" + "cd" * 32)
    story.look()
    new = story.cluster.ready(1)
    story.look(2)
    assert story.status["stable"]["revision"] == new
    assert story.condition("ModelLoaded")[0] == "True"


def test_a_resolve_job_that_ended_without_an_answer_is_run_again(story: Story) -> None:
    story.look()
    story.cluster.resolve()
    story.cluster.pods.clear()
    story.look()
    assert any(line.startswith("delete Job") for line in story.cluster.writes)
    story.look()
    assert len(story.cluster.of("Job")) == 1


def test_a_bundle_for_another_task_is_refused_and_told(story: Story) -> None:
    story.look()
    story.cluster.resolve(task="Tensor")
    story.look()
    assert story.condition("ModelLoaded")[:2] == ("False", "TaskMismatch")
    assert story.cluster.of("Deployment") == []


def test_a_module_of_another_bundle_is_resolved_served_and_shown_with_its_digest(story: Story) -> None:
    story.cluster.edit(model=WITH_MODULE)
    story.serving()
    assert story.status["stable"]["modules"] == [{"name": "recognition", "digest": DIGEST}]


def test_a_module_whose_digest_is_another_is_told_with_its_container(story: Story) -> None:
    old = story.serving()
    story.cluster.edit(model=WITH_MODULE)
    story.look()
    story.cluster.resolve_fails(12, "DigestMismatch", "https://x: another digest", "resolve-recognition")
    story.look()
    status, reason, message = story.condition("ModelLoaded")
    assert (status, reason) == ("False", "DigestMismatch")
    assert "container resolve-recognition, exit code 12: https://x: another digest" in message
    assert f"Revision {old} keeps serving" in message


def test_a_bundle_of_another_form_is_refused_and_told(story: Story) -> None:
    story.look()
    story.cluster.resolve(format="Onnx")
    story.look()
    assert story.condition("ModelLoaded")[:2] == ("False", "FormatMismatch")
    assert story.condition("Stalled")[:2] == ("True", "FormatMismatch")
    assert story.cluster.of("Deployment") == []


def test_a_pod_that_was_lost_later_leaves_the_service_ready_and_says_so(story: Story) -> None:
    story.cluster.edit(scaling={"replicas": 2})
    story.look()
    story.cluster.resolve()
    story.look()
    name = story.cluster.ready(2)
    story.look(2)
    story.cluster.of("Deployment")[0]["status"]["availableReplicas"] = 1
    story.cluster.pods[f"{name}-0"] = pod(
        f"{name}-0", revision=name, **ended("runtime", 137, "", now="running")
    )
    story.look()
    status, reason, message = story.condition("Ready")
    assert (status, reason) == ("True", "ServingDegraded")
    assert "1 of 2 replicas are ready" in message
    assert "exit code 137" in message
    assert story.condition("ModelLoaded")[0] == "True"
    assert story.condition("RolloutComplete")[0] == "True"


def test_a_service_without_any_ready_pod_is_not_ready(story: Story) -> None:
    story.serving()
    story.cluster.of("Deployment")[0]["status"]["availableReplicas"] = 0
    story.cluster.pods.clear()
    story.look()
    assert story.condition("Ready")[:2] == ("False", "ReplicasNotReady")


def test_a_service_that_stays_unready_is_looked_at_less_and_less_often(story: Story) -> None:
    pauses = []
    for _ in range(5):
        pauses.append(story.look() or 0)
        story.now += timedelta(minutes=10)
    assert pauses[0] == UNSETTLED_SECONDS
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_UNSETTLED_SECONDS


def test_a_service_that_is_gone_is_looked_at_no_more(story: Story) -> None:
    story.cluster.body = None
    assert story.look() is None


def test_going_back_to_the_old_spec_in_mid_rollout_leaves_the_old_revision_alone(story: Story) -> None:
    old = story.serving()
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look()
    assert len(story.cluster.of("Deployment")) == 2
    story.cluster.edit(runtime={})
    story.look(2)
    assert [item["metadata"]["name"] for item in story.cluster.of("Deployment")] == [old]
    assert story.condition("Ready")[0] == "True"


def test_events_are_posted_when_a_reason_changes_with_that_reason(story: Story) -> None:
    story.look(5)
    assert [(one.reason, one.warning) for one in story.cluster.posted] == [
        ("Resolving", False),
        ("RolloutInProgress", False),
        ("PlainService", False),
    ]
    story.cluster.posted.clear()
    story.cluster.resolve_fails(11, "ModelForbidden", "the store says 403")
    story.look(5)
    assert [(one.reason, one.warning) for one in story.cluster.posted] == [("ModelForbidden", True)]
