"""A claim that holds an exported model: resolved, fetched and served under one digest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paddle_runtime.bundle.fetch import FetchOptions, fetch, resolve
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.bundle.unpacked import described
from paddle_runtime.bundle.verify import verify
from paddle_runtime.cli.fetch import named_task
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.main import main
from tests.runtime.bundle.bare.exports import exported_folder, recogniser_document
from tests.runtime.bundle.builders import serving

RECOGNISER = builtin_path("ppocr-v4-mobile") / "recognise"


@pytest.fixture
def claim(tmp_path: Path) -> Path:
    characters = (RECOGNISER / "characters.txt").read_text(encoding="utf-8").splitlines()
    documents = {"inference.yml": recogniser_document(characters)}
    return exported_folder(RECOGNISER / "inference.pdmodel", tmp_path / "claim" / "rec", documents)


def test_what_is_resolved_is_what_is_fetched_and_what_is_there(claim: Path, tmp_path: Path) -> None:
    options = FetchOptions(pvc_mount=claim.parent)
    found = resolve("pvc://models/rec", options)
    assert found.digest == described(claim).digest
    pinned = FetchOptions(pvc_mount=claim.parent, digest=found.digest, task="OCR")
    bundle = fetch("pvc://models/rec", pinned, tmp_path / "into")
    assert bundle.digest == found.digest
    assert verify(open_bundle(tmp_path / "into", found.digest))
    assert (tmp_path / "into" / "characters.txt").is_file()
    assert not (claim / "model.yaml").exists()


def test_other_bytes_under_the_same_address_have_another_digest(claim: Path, tmp_path: Path) -> None:
    digest = resolve("pvc://models/rec", FetchOptions(pvc_mount=claim.parent)).digest
    (claim / "inference.yml").write_text((claim / "inference.yml").read_text() + "# changed\n")
    with pytest.raises(BundleFault) as fault:
        fetch("pvc://models/rec", FetchOptions(pvc_mount=claim.parent, digest=digest), tmp_path / "into")
    assert fault.value.reason is BundleReason.DigestMismatch


def test_a_link_out_of_the_claim_is_not_read(claim: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.yml"
    outside.write_text("secret: [\n")
    (claim / "inference.yml").unlink()
    (claim / "inference.yml").symlink_to(outside)
    with pytest.raises(BundleFault, match="a link out of the bundle"):
        resolve("pvc://models/rec", FetchOptions(pvc_mount=claim.parent))


def test_the_task_of_the_service_is_held_against_the_model(claim: Path) -> None:
    with pytest.raises(BundleFault, match=r"it is of task OCR, asked for was Detection.*spec\.model\.task"):
        resolve("pvc://models/rec", FetchOptions(pvc_mount=claim.parent, task="Detection"))
    assert named_task({"PADDLE_RUNTIME_TASK": "Tensor"}) == "Tensor"
    assert named_task({}) == ""
    with pytest.raises(SystemExit, match="PADDLE_RUNTIME_TASK = 'Speech' must be one of OCR"):
        named_task({"PADDLE_RUNTIME_TASK": "Speech"})


def test_at_another_store_the_remedy_is_told(
    claim: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "termination-log"
    monkeypatch.setenv("PADDLE_RUNTIME_TERMINATION_LOG", str(log))
    monkeypatch.setenv("PADDLE_RUNTIME_ALLOW_LOOPBACK_STORE", "1")
    with serving(claim.parents[1]) as store:
        monkeypatch.setenv("PADDLE_RUNTIME_S3_ENDPOINT", store.url)
        assert main(["fetch", "--resolve", "--uri", "s3://claim/rec", "--timeout-seconds", "5"]) == 10
    assert "gets its model.yaml from 'paddle-runtime bundle DIR'" in json.loads(log.read_text())["message"]
