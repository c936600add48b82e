"""Nothing is made before the bundle's digest is known, and its bytes never change behind an address."""

from __future__ import annotations

import pytest

from paddle_operator.plan import Platform, Resolution, plan
from paddle_operator.reasons import Reason
from paddle_operator.spec.workload import Device
from tests.operator.given import (
    DIGEST,
    EVERY_DEVICE,
    NOON,
    OTHER_DIGEST,
    a_bundle,
    a_resource,
    a_service,
    a_world,
    container,
    init_container,
    kinds,
    planned,
    the,
)


def test_before_the_digest_is_known_there_is_a_job_and_no_pod() -> None:
    made = planned(a_service(), digest=None)
    assert kinds(made) == ["ConfigMap", "NetworkPolicy", "Job", "ConfigMap"]
    assert (
        made.resolve_key == the(made, "Job")["metadata"]["annotations"]["serving.paddle-sla.io/resolve-key"]
    )
    assert made.resolve_job == the(made, "Job")["metadata"]["name"]
    assert made.stable is made.canary is made.target is None


def test_the_job_is_retried_for_ever_by_the_kubelet() -> None:
    job = the(planned(a_service(), digest=None), "Job")
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"
    assert job["spec"]["backoffLimit"] == 2**31 - 1
    assert "activeDeadlineSeconds" not in job["spec"]


def test_the_job_hands_the_pinned_digest_to_the_program() -> None:
    service = a_service(a_resource().with_("spec.model.digest", DIGEST))
    arguments = the(planned(service, digest=None), "Job")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments[:2] == ["fetch", "--resolve"]
    assert arguments[arguments.index("--digest") + 1] == DIGEST
    assert arguments[arguments.index("--uri") + 1] == "s3://models/ppocr"


def test_the_resolved_digest_is_enforced_by_every_pod() -> None:
    made = planned(a_service())
    arguments = init_container(made)["args"]
    assert arguments[arguments.index("--digest") + 1] == DIGEST
    assert made.stable == made.target == the(made, "Deployment")["metadata"]["name"]


def test_an_answer_to_another_question_is_no_answer() -> None:
    stale = Resolution("0123456789abcdef", a_bundle(), {}, 1)
    made = plan(a_service(), EVERY_DEVICE, stale, (), NOON)
    assert made.target is None
    assert "Deployment" not in kinds(made)


def test_the_job_goes_once_a_revision_carries_its_answer() -> None:
    world = a_world()
    assert "Job" in kinds(world.reconcile())
    assert "Job" not in kinds(world.reconcile())


def test_a_new_version_reads_the_same_address_again_while_the_old_pods_serve() -> None:
    world = a_world().settles()
    serving = world.serving
    world.wants(a_resource().with_("spec.model.version", "2")).finds(None)
    made = world.reconcile()
    assert "Job" in kinds(made)
    assert world.serving == serving == made.stable


def test_the_same_bytes_under_a_new_version_replace_no_pod() -> None:
    world = a_world().settles()
    before = world.serving
    made = world.wants(a_resource().with_("spec.model.version", "2")).reconcile()
    assert made.stable == before
    assert made.canary is None
    world.reconcile()
    assert world.last is not None
    assert world.last.resolve_key is None, "the key must be recorded, or the Job comes back for ever"


def test_changed_bytes_under_a_new_version_make_a_new_revision() -> None:
    world = a_world().settles()
    made = world.wants(a_resource().with_("spec.model.version", "2")).finds(OTHER_DIGEST).reconcile()
    assert made.canary not in {None, made.stable}


def test_a_builtin_model_is_read_again_when_the_image_changes() -> None:
    service = a_service(a_resource().reading("builtin:ppocr"))
    other = Platform({Device.CPU: "runtime-cpu:2"})
    one, two = planned(service, digest=None), planned(service, digest=None, platform=other)
    assert one.resolve_key != two.resolve_key


def test_a_model_of_another_task_is_refused_with_what_to_write() -> None:
    made = planned(a_service(), task="Tensor")
    assert made.refusal is not None
    assert made.refusal.reason is Reason.TASK_MISMATCH
    assert "set spec.model.task to Tensor" in made.refusal.message
    assert "Deployment" not in kinds(made)
    assert "Job" in kinds(made), "its answer must be found again at the next look"


@pytest.mark.parametrize(("declared", "found"), [("PaddleInference", "Onnx"), ("Onnx", "PaddleInference")])
def test_programs_of_another_form_than_declared_are_refused_with_what_to_write(
    declared: str, found: str
) -> None:
    made = planned(a_service(a_resource().with_("spec.model.format", declared)), form=found)
    assert made.refusal is not None
    assert made.refusal.reason is Reason.FORMAT_MISMATCH
    assert f"spec.model.format is {declared}" in made.refusal.message
    assert f"form {found}: set spec.model.format to {found}" in made.refusal.message
    assert "Deployment" not in kinds(made)


def test_the_form_is_checked_against_a_bundle_that_serves_already() -> None:
    world = a_world().settles()
    made = world.wants(a_resource().with_("spec.model.format", "Onnx")).reconcile()
    assert made.refusal is not None
    assert made.refusal.reason is Reason.FORMAT_MISMATCH
    assert world.serving == made.stable


def test_a_model_larger_than_its_volume_is_refused_before_any_pod() -> None:
    made = planned(
        a_service(a_resource().with_("spec.model.preload", {"sizeLimit": "1Mi"})), size_bytes=2**20 + 1
    )
    assert made.refusal is not None
    assert made.refusal.reason is Reason.MODEL_TOO_LARGE
    assert "1048577 bytes" in made.refusal.message
    assert planned(
        a_service(a_resource().with_("spec.model.preload", {"sizeLimit": "1Mi"})), size_bytes=2**20
    ).target


def test_a_refusal_leaves_what_serves() -> None:
    world = a_world().settles()
    serving = world.serving
    made = world.wants(a_resource().with_("spec.model.task", "Tensor")).reconcile()
    assert made.refusal is not None
    assert world.serving == serving


@pytest.mark.parametrize("device", ["GPU", "NPU", "MLU"])
def test_a_device_without_an_image_is_refused_with_the_setting_to_give(device: str) -> None:
    made = planned(a_service(a_resource().on(device)), platform=Platform({Device.CPU: "runtime-cpu:1"}))
    assert made.refusal is not None
    assert made.refusal.reason is Reason.IMAGE_NOT_CONFIGURED
    assert f"PADDLE_OPERATOR_RUNTIME_IMAGE_{device}" in made.refusal.message


def test_an_upgrade_of_the_operator_replaces_no_pod() -> None:
    world = a_world().settles()
    before, serving = world.look(), world.serving
    world.platform = Platform({Device.CPU: "runtime-cpu:2"}, gateway_api=True, envoy_gateway=True)
    assert world.look() == before
    assert world.serving == serving


def test_an_upgrade_of_the_operator_replaces_no_pod_of_a_builtin_model() -> None:
    world = a_world(a_resource().reading("builtin:ppocr")).settles()
    before = world.look()
    world.platform = Platform({Device.CPU: "runtime-cpu:2"}, gateway_api=True, envoy_gateway=True)
    assert world.look() == before


def test_the_next_change_takes_the_new_default_image() -> None:
    world = a_world().settles()
    world.platform = Platform({Device.CPU: "runtime-cpu:2"})
    made = world.wants(a_resource().with_("spec.runtime.queue", {"maxRequests": 8})).look()
    images = {
        item["spec"]["template"]["spec"]["containers"][0]["image"]
        for item in made.objects
        if item["kind"] == "Deployment" and item["metadata"]["name"] == made.canary
    }
    assert images == {"runtime-cpu:2"}


def test_taking_back_an_image_of_ones_own_gives_the_default() -> None:
    world = a_world(a_resource().with_("spec.runtime.image", "mine:1")).settles()
    made = world.wants(a_resource()).reconcile()
    assert made.canary is not None
    assert container_of(made, made.canary)["image"] == "runtime-cpu:1"


def container_of(made: object, revision: str) -> dict[str, str]:
    found = next(
        item
        for item in made.objects  # type: ignore[attr-defined]
        if item["kind"] == "Deployment" and item["metadata"]["name"] == revision
    )
    first: dict[str, str] = found["spec"]["template"]["spec"]["containers"][0]
    return first


def test_the_default_image_and_the_same_one_given_by_hand_are_one_revision() -> None:
    by_hand = planned(a_service(a_resource().with_("spec.runtime.image", "runtime-cpu:1")))
    assert by_hand.target == planned(a_service()).target
    assert container(by_hand)["image"] == "runtime-cpu:1"
