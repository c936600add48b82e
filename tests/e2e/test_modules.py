"""A module of another bundle reads in the place of the model's own; a wrong one is told, not served."""

from __future__ import annotations

import httpx
import pytest

from hack.demo.kubectl import Kube
from hack.demo.page import render
from paddle_runtime.bundle.store import Bundle
from tests.e2e.resources import Resource, ocr
from tests.e2e.testbed import Testbed, ready_pods
from tests.runtime.pipeline.test_ocr_modules import other_letters

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
CAPITALS = "s3://models/capitals"
LINES = ("The quick brown fox jumps over", "Payment due in thirty days")


@pytest.fixture(scope="module")
def capitals(site: Testbed, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A recogniser alone, in the store, that writes capitals where the model's own writes small letters."""
    made = other_letters(tmp_path_factory.mktemp("capitals"))
    site.site.upload(made.path, "capitals")
    return made


def with_recogniser(resource: Resource, uri: str, **module: str) -> Resource:
    """Replace the recogniser; the store and its Secret are the model's."""
    return resource.model(modules=[{"name": "recognition", "uri": uri, **module}])


def test_a_replaced_recogniser_reads_the_page(kube: Kube, capitals: Bundle) -> None:
    kube.apply(with_recogniser(ocr("capitals"), CAPITALS).body)
    kube.wait_condition("capitals", "Ready", "True", timeout=300)
    stable = kube.get("pms", "capitals")["status"]["stable"]
    assert stable["modules"] == [{"name": "recognition", "digest": capitals.digest}]
    assert stable["modelDigest"] not in {"", capitals.digest}
    address = kube.get("service", "capitals")["spec"]["clusterIP"]
    picture, kind = render(LINES).png, {"content-type": "image/png"}
    answer = httpx.post(f"http://{address}/v1/ocr", content=picture, headers=kind, timeout=30)
    assert answer.status_code == 200, answer.text
    assert [line["text"] for line in answer.json()["lines"]] == [line.upper() for line in LINES]
    (pod,) = ready_pods(kube, "capitals")
    mounts = kube.run("exec", pod, "-c", "runtime", "--", "cat", "/proc/mounts")
    assert any(line.split()[1:3] == ["/models/bundle", "tmpfs"] for line in mounts.splitlines())
    assert "model.yaml" in kube.run("exec", pod, "-c", "runtime", "--", "ls", "/models/bundle/@recognise")
    kube.delete("pms", "capitals")


def test_a_module_of_another_digest_than_the_pinned_one_is_refused(kube: Kube, capitals: Bundle) -> None:
    wrong = "sha256:" + "0" * 64
    kube.apply(with_recogniser(ocr("pinned"), CAPITALS, digest=wrong).body)
    condition = kube.wait_condition("pinned", "ModelLoaded", "False", reason="DigestMismatch", timeout=120)
    for words in ("container resolve-recognition", CAPITALS, wrong, capitals.digest):
        assert words in condition["message"]
    assert "stable" not in kube.get("pms", "pinned")["status"]
    kube.apply(with_recogniser(ocr("pinned"), "s3://models/digits").body)
    condition = kube.wait_condition("pinned", "ModelLoaded", "False", reason="TaskMismatch", timeout=120)
    assert "spec.model.modules[recognition].uri" in condition["message"]
    kube.delete("pms", "pinned")


def test_programs_of_another_form_than_declared_are_refused_with_what_to_write(kube: Kube) -> None:
    body = ocr("onnx").body
    body["spec"]["model"] = {"uri": "builtin:ppocr-v4-mobile-onnx"}
    kube.apply(body)
    condition = kube.wait_condition("onnx", "ModelLoaded", "False", reason="FormatMismatch", timeout=120)
    assert "set spec.model.format to Onnx" in condition["message"]
    kube.delete("pms", "onnx")
