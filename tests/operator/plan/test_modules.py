"""A module of another bundle: resolved with the model, fetched beside it, enforced by its digest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddle_operator.plan import Plan, Platform, Resolution, plan
from paddle_operator.reasons import Reason
from paddle_operator.spec.workload import Device
from tests.operator.given import (
    DIGEST,
    EVERY_DEVICE,
    MODULE_DIGEST,
    NOON,
    OTHER_DIGEST,
    a_bundle,
    a_resource,
    a_service,
    a_world,
    container,
    environment,
    init_container,
    planned,
    template,
    the,
)

KEYS = a_resource().with_("spec.model.credentialsRef", {"name": "keys"})
SHARING = KEYS.with_module("recognition", "s3://models/mine")
BUILTIN = a_resource().reading("builtin:ppocr").with_module("recognition", "builtin:mine")
STORE = {"PADDLE_RUNTIME_S3_ENDPOINT", "PADDLE_RUNTIME_S3_REGION", "PADDLE_RUNTIME_S3_ADDRESSING"}


def resolvers(made: Plan) -> dict[str, dict[str, Any]]:
    """The containers of the resolve Job by name."""
    pod = the(made, "Job")["spec"]["template"]["spec"]
    return {one["name"]: one for one in pod["containers"]}


def mounts(of: dict[str, Any]) -> dict[str, str]:
    return {mount["mountPath"]: mount["name"] for mount in of["volumeMounts"]}


def volumes(made: Plan) -> dict[str, dict[str, Any]]:
    return {volume["name"]: volume for volume in template(made)["spec"]["volumes"]}


def test_one_job_reads_all_manifests_each_in_a_container_of_its_own() -> None:
    service = a_service(SHARING.with_module("detection", "builtin:other", digest=OTHER_DIGEST))
    found = resolvers(planned(service, digest=None))
    assert list(found) == ["resolve", "resolve-detection", "resolve-recognition"]
    assert found["resolve-recognition"]["args"][:4] == ["fetch", "--resolve", "--uri", "s3://models/mine"]
    assert OTHER_DIGEST in found["resolve-detection"]["args"]
    assert OTHER_DIGEST not in found["resolve"]["args"]


def test_pods_fetch_each_bundle_and_enforce_its_digest() -> None:
    made = planned(a_service(SHARING))
    assert [one["name"] for one in template(made)["spec"]["initContainers"]] == ["fetch", "fetch-recognition"]
    for name, uri, digest in (
        ("fetch", "s3://models/ppocr", DIGEST),
        ("fetch-recognition", "s3://models/mine", MODULE_DIGEST),
    ):
        arguments = init_container(made, name)["args"]
        assert arguments[arguments.index("--uri") + 1] == uri
        assert arguments[arguments.index("--digest") + 1] == digest


def test_the_runtime_is_told_in_its_own_words_where_each_module_lies() -> None:
    both = SHARING.with_module("detection", "builtin:other").with_module("orientation", "builtin:other")
    assert environment(container(planned(a_service(both))))["PADDLE_RUNTIME_MODULES"] == (
        "detect=/models/bundle/@detect,orient=/models/bundle/@orient,recognise=/models/bundle/@recognise"
    )
    assert "PADDLE_RUNTIME_MODULES" not in environment(container(planned(a_service())))


def test_a_module_is_read_from_the_models_store_unless_it_names_its_own() -> None:
    made = planned(a_service(SHARING))
    of_model, of_module = init_container(made), init_container(made, "fetch-recognition")
    assert of_module["env"] == of_model["env"]
    assert mounts(of_module)["/etc/paddle-sla/credentials"] == "credentials"
    assert [name for name, volume in volumes(made).items() if "secret" in volume] == ["credentials"]


def test_the_models_credentials_are_not_shown_to_another_store() -> None:
    elsewhere = KEYS.with_module("recognition", "s3://models/mine", s3={"endpoint": "https://other"})
    reading = init_container(planned(a_service(elsewhere)), "fetch-recognition")
    assert environment(reading)["PADDLE_RUNTIME_S3_ENDPOINT"] == "https://other"
    assert "PADDLE_RUNTIME_CREDENTIALS_DIR" not in environment(reading)
    assert "/etc/paddle-sla/credentials" not in mounts(reading)


def test_a_module_may_have_credentials_of_its_own_in_the_models_store() -> None:
    own = KEYS.with_module("recognition", "s3://models/mine", credentialsRef={"name": "others"})
    made = planned(a_service(own))
    assert mounts(init_container(made))["/etc/paddle-sla/credentials"] == "credentials"
    reading = init_container(made, "fetch-recognition")
    assert environment(reading).keys() >= {*STORE, "PADDLE_RUNTIME_CREDENTIALS_DIR"}
    assert mounts(reading)["/etc/paddle-sla/credentials"] == "credentials-1"
    assert volumes(made)["credentials-1"]["secret"]["secretName"] == "others"


def test_a_claim_that_two_bundles_lie_in_is_one_volume() -> None:
    claims = (
        a_resource()
        .reading("pvc://shared/ppocr")
        .with_module("detection", "pvc://other/mine")
        .with_module("recognition", "pvc://shared/mine")
    )
    made = planned(a_service(claims))
    named = {
        name: volume["persistentVolumeClaim"]["claimName"]
        for name, volume in volumes(made).items()
        if "persistentVolumeClaim" in volume
    }
    assert named == {"source": "shared", "source-1": "other"}
    read = [mounts(init_container(made, f"fetch{of}")) for of in ("", "-detection", "-recognition")]
    assert [one["/models/source"] for one in read] == ["source", "source-1", "source"]


def test_a_builtin_module_is_read_again_when_the_image_changes() -> None:
    for resource in (BUILTIN, KEYS.with_module("recognition", "builtin:mine")):
        one = planned(a_service(resource), digest=None)
        two = planned(a_service(resource.with_("spec.runtime.image", "other:2")), digest=None)
        assert one.resolve_key != two.resolve_key
    elsewhere = planned(a_service(SHARING), digest=None)
    again = planned(a_service(SHARING.with_("spec.runtime.image", "other:2")), digest=None)
    assert elsewhere.resolve_key == again.resolve_key


@pytest.mark.parametrize(
    "module",
    [
        {"uri": "s3://models/other"},
        {"digest": MODULE_DIGEST},
        {"s3": {"endpoint": "https://other"}},
        {"credentialsRef": {"name": "others"}},
    ],
    ids=lambda module: next(iter(module)),
)
def test_what_decides_a_modules_bytes_asks_for_them_to_be_read(module: dict[str, Any]) -> None:
    before = planned(a_service(SHARING), digest=None)
    changed = KEYS.with_module(**{"name": "recognition", "uri": "s3://models/mine", **module})
    assert planned(a_service(changed), digest=None).resolve_key != before.resolve_key


def test_other_bytes_of_a_module_are_another_revision() -> None:
    service = a_service(SHARING)
    other = planned(service, modules={"recognition": a_bundle(OTHER_DIGEST)})
    assert other.target != planned(service).target


def test_the_order_of_modules_decides_nothing() -> None:
    one = KEYS.with_module("recognition", "builtin:a").with_module("detection", "builtin:b")
    two = KEYS.with_module("detection", "builtin:b").with_module("recognition", "builtin:a")
    assert planned(a_service(one)) == planned(a_service(two))


def test_an_answer_without_the_module_is_no_answer() -> None:
    service = a_service(SHARING)
    key = planned(service, digest=None).resolve_key
    alone = Resolution(str(key), a_bundle(), {}, size_bytes=1)
    assert plan(service, EVERY_DEVICE, alone, (), NOON).target is None


def test_modules_that_are_taken_back_leave_the_revision_of_before() -> None:
    world = a_world(KEYS).settles()
    before = world.serving
    world.wants(SHARING).settles()
    assert world.serving != before
    world.wants(KEYS).settles()
    assert world.serving == before


def test_a_service_with_modules_settles_and_an_upgrade_of_the_operator_replaces_no_pod() -> None:
    world = a_world(BUILTIN).settles()
    before, serving = world.look(), world.serving
    assert before.resolve_key is None
    world.platform = Platform({Device.CPU: "runtime-cpu:2"})
    assert world.look().target == serving == before.target


def test_a_module_that_is_added_waits_for_its_own_digest_while_the_old_pods_serve() -> None:
    world = a_world(KEYS).settles()
    serving = world.serving
    made = world.wants(SHARING).finds(None).reconcile()
    assert made.target is None
    assert list(resolvers(made)) == ["resolve", "resolve-recognition"]
    assert world.serving == serving


def test_each_download_has_its_time() -> None:
    alone = the(planned(a_service()), "Deployment")["spec"]["progressDeadlineSeconds"]
    beside = the(planned(a_service(SHARING)), "Deployment")["spec"]["progressDeadlineSeconds"]
    assert beside - alone == 300


def test_all_bundles_together_must_fit_into_the_volume() -> None:
    small = SHARING.with_("spec.model.preload", {"sizeLimit": "1Mi"})
    refusal = planned(a_service(small), size_bytes=2**20 + 1).refusal
    assert refusal is not None
    assert refusal.reason is Reason.MODEL_TOO_LARGE
    assert "s3://models/ppocr, s3://models/mine" in refusal.message


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        (
            {"task": "Tensor"},
            Reason.TASK_MISMATCH,
            "s3://models/mine is for task Tensor: name another bundle in spec.model.modules[recognition].uri",
        ),
        (
            {"modules": frozenset({"orient", "detect"})},
            Reason.MODULE_MISSING,
            "called recognise in bundles, and the one at s3://models/mine holds detect, orient",
        ),
        (
            {"format": "Onnx"},
            Reason.FORMAT_MISMATCH,
            "form Onnx: set spec.model.modules[recognition].format to Onnx",
        ),
    ],
    ids=["task", "module", "form"],
)
def test_a_bundle_that_cannot_give_the_module_is_refused_with_what_to_do(
    found: dict[str, Any], reason: Reason, words: str
) -> None:
    made = planned(a_service(SHARING), modules={"recognition": a_bundle(MODULE_DIGEST, **found)})
    assert made.refusal is not None
    assert made.refusal.reason is reason
    assert words in made.refusal.message
    assert made.target is None


def test_a_module_may_have_another_form_than_the_model() -> None:
    mixed = KEYS.with_module("recognition", "s3://models/mine", format="Onnx")
    assert planned(a_service(mixed)).refusal is None


def test_a_record_holds_the_stores_that_restarted_pods_read() -> None:
    record = the(planned(a_service(SHARING)), "Deployment")["metadata"]["annotations"]
    (module,) = json.loads(record["serving.paddle-sla.io/revision-inputs"])["modules"]
    assert module == {
        "name": "recognition",
        "uri": "s3://models/mine",
        "digest": MODULE_DIGEST,
        "s3": {"endpoint": "http://store:7070"},
        "credentialsRef": {"name": "keys"},
    }
