"""A bundle that cannot be had or trusted: the condition says so, and what serves goes on serving."""

from __future__ import annotations

import uuid

import httpx
import pytest

from hack.demo.kubectl import Kube, KubectlRefused
from tests.e2e.resources import Resource, digits
from tests.e2e.testbed import Testbed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
INFER = {"inputs": [{"name": "x", "shape": [1, 64], "datatype": "FP32", "data": [0.0] * 64}]}


@pytest.fixture(scope="module")
def serving(kube: Kube) -> Resource:
    """A digit classifier that serves, to be given a bad bundle."""
    resource = digits("steadfast")
    kube.apply(resource.body)
    kube.wait_condition("steadfast", "Ready", "True", timeout=200)
    return resource


@pytest.fixture
def prefix(site: Testbed) -> str:
    """A prefix of its own in the store with a copy of the digits bundle, to be spoilt."""
    name = f"spoilt-{uuid.uuid4().hex[:8]}"
    site.copy_bundle("digits", name)
    return name


def still_serves(kube: Kube) -> bool:
    """Whether the stable revision answers."""
    address = kube.get("service", "steadfast")["spec"]["clusterIP"]
    url = f"http://{address}/v2/models/steadfast/infer"
    return httpx.post(url, json=INFER, timeout=10).status_code == 200


def test_a_missing_bundle_says_what_to_do_and_replaces_nothing(kube: Kube, serving: Resource) -> None:
    kube.apply(serving.model(uri="s3://models/nobody-put-it-here").body)
    condition = kube.wait_condition("steadfast", "ModelLoaded", "False", reason="ModelNotFound")
    assert "s3://models/nobody-put-it-here" in condition["message"]
    assert "spec.model.uri" in condition["message"]
    assert still_serves(kube)
    kube.apply(serving.body)
    kube.wait_condition("steadfast", "ModelLoaded", "True")


def test_a_forbidden_bundle_names_the_secret(kube: Kube, serving: Resource) -> None:
    kube.run(
        "create", "secret", "generic", "s3-wrong", "--from-literal=accessKeyId=nobody",
        "--from-literal=secretAccessKey=wrong",
    )  # fmt: skip
    kube.apply(serving.model(credentialsRef={"name": "s3-wrong"}).body)
    condition = kube.wait_condition("steadfast", "ModelLoaded", "False", reason="ModelForbidden")
    assert "credentialsRef" in condition["message"] or "s3-wrong" in condition["message"]
    assert still_serves(kube)
    kube.apply(serving.body)


def test_a_missing_secret_is_named(kube: Kube) -> None:
    kube.apply(digits("keyless").model(credentialsRef={"name": "not-there"}).body)
    condition = kube.wait_condition("keyless", "ModelLoaded", "False")
    assert "not-there" in condition["message"]
    kube.delete("pms", "keyless")


def test_a_truncated_file_is_found_by_its_hash(site: Testbed, kube: Kube, prefix: str) -> None:
    site.truncate(prefix, ".pdiparams")
    kube.apply(digits("cut", f"s3://models/{prefix}").body)
    condition = kube.wait_condition("cut", "ModelLoaded", "False", reason="BundleInvalid", timeout=120)
    assert ".pdiparams" in condition["message"]
    failure = kube.get("pms", "cut")["status"]["model"]["lastFailure"]
    assert failure["exitCode"] == 13
    assert failure["pod"]
    site.copy_bundle("digits", prefix)
    kube.wait_condition("cut", "Ready", "True", timeout=200)
    kube.delete("pms", "cut")


def test_another_digest_than_the_pinned_one_is_refused(kube: Kube, serving: Resource) -> None:
    wrong = "sha256:" + "0" * 64
    kube.apply(serving.model(digest=wrong).body)
    condition = kube.wait_condition("steadfast", "ModelLoaded", "False", reason="DigestMismatch")
    assert wrong in condition["message"]
    assert still_serves(kube)
    body = serving.body
    kube.run("delete", "pms", "steadfast", "--wait=true")
    kube.apply(body)
    kube.wait_condition("steadfast", "Ready", "True", timeout=200)


def test_changed_bytes_under_the_same_address_never_reach_a_new_pod(
    site: Testbed, kube: Kube, prefix: str
) -> None:
    kube.apply(digits("pinned", f"s3://models/{prefix}").body)
    kube.wait_condition("pinned", "Ready", "True", timeout=200)
    site.rewrite_manifest(prefix)
    kube.run("scale", "pms/pinned", "--replicas=2")
    condition = kube.wait_condition("pinned", "ModelLoaded", "False", reason="DigestMismatch", timeout=120)
    assert "digest" in condition["message"].lower()
    revision = kube.get("pms", "pinned")["status"]["stable"]["revision"]
    assert kube.get("deployment", revision)["status"]["readyReplicas"] == 1
    kube.delete("pms", "pinned")


@pytest.mark.parametrize(
    ("field", "resource"),
    [
        ("uri", digits("bad").model(uri="ftp://models/digits")),
        ("digest", digits("bad").model(digest="md5:1")),
        ("objectives", digits("bad").sla(objectives=[{"name": "none"}])),
        ("parentRefs", Resource(digits("bad").body)._with(routing={"type": "GatewayAPI"})),
        ("device", digits("bad").runtime(device="TPU")),
        ("replicas", digits("bad").replicas(-1)),
        ("name", digits("a-name-that-is-far-longer-than-forty-characters-in-all")),
    ],
)
def test_an_invalid_resource_is_refused_with_the_field(kube: Kube, field: str, resource: Resource) -> None:
    with pytest.raises(KubectlRefused) as refused:
        kube.apply(resource.body)
    assert field in str(refused.value)


def test_an_unknown_field_is_refused_by_kubectl(kube: Kube) -> None:
    with pytest.raises(KubectlRefused, match="replcas"):
        kube.apply(Resource(digits("bad").body)._with(scaling={"replcas": 3}).body)
