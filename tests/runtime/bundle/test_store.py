"""Bundles on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paddle_runtime.bundle.make import write_manifest
from paddle_runtime.bundle.store import builtin_path, open_bundle
from paddle_runtime.bundle.termination import MAX_BYTES, termination_bytes, write_termination
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.builders import FILES, small_bundle


def test_a_written_bundle_opens_with_its_digest_and_verifies(tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "b")
    assert open_bundle(bundle.path, bundle.digest) == bundle
    assert verify(bundle) == sum(len(data) for data in FILES.values())


def test_writing_the_manifest_again_changes_nothing(tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "b")
    write_manifest(bundle.path)
    assert open_bundle(bundle.path).digest == bundle.digest


def test_another_digest_is_told_with_both(tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "b")
    wanted = "sha256:" + "0" * 64
    with pytest.raises(BundleFault) as fault:
        open_bundle(bundle.path, wanted)
    assert fault.value.reason is BundleReason.DigestMismatch
    assert bundle.digest in str(fault.value)
    assert wanted in str(fault.value)


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_verify_names_the_file_that_differs(damage: str, tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path / "b")
    path = bundle.file("model.pdiparams")
    data = FILES["model.pdiparams"]
    match damage:
        case "cut":
            path.write_bytes(data[:-1])
        case "changed":
            path.write_bytes(b"\xff" + data[1:])
        case _:
            path.unlink()
    with pytest.raises(BundleFault, match="pdiparams") as fault:
        verify(bundle)
    assert fault.value.reason is BundleReason.BundleInvalid


def test_a_folder_without_a_manifest_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(BundleFault, match="holds no model") as fault:
        open_bundle(tmp_path)
    assert fault.value.reason is BundleReason.ModelNotFound


def test_an_unknown_builtin_lists_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_bundle(tmp_path / "one")
    monkeypatch.setenv("PADDLE_RUNTIME_BUILTIN_DIR", str(tmp_path))
    assert builtin_path("one") == tmp_path / "one"
    with pytest.raises(BundleFault, match="there is one"):
        builtin_path("two")


def test_the_committed_ocr_manifest_fits_the_files_that_the_script_assembles() -> None:
    verify(open_bundle(builtin_path("ppocr-v4-mobile")))


def test_a_long_message_still_fits_and_stays_json() -> None:
    data = termination_bytes({"reason": "LoadFailed", "message": "列" * 9000})
    assert len(data) <= MAX_BYTES
    assert json.loads(data)["reason"] == "LoadFailed"


def test_the_kubelets_file_is_written_where_it_is_and_made_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "termination-log"
    monkeypatch.setattr("paddle_runtime.bundle.termination.KUBELETS_FILE", theirs)
    write_termination(theirs, {"reason": "LoadFailed"})
    assert not theirs.exists()
    theirs.touch()
    write_termination(theirs, {"reason": "LoadFailed"})
    assert json.loads(theirs.read_text()) == {"reason": "LoadFailed"}


def test_a_termination_log_that_cannot_be_written_is_no_second_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_termination(tmp_path / "no" / "log", {"reason": "LoadFailed"})
    assert "cannot write the termination message" in caplog.text
