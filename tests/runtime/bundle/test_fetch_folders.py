"""Fetching from a claim and from the bundles that come with the runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddle_runtime.bundle.fetch import FetchOptions, fetch
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.bundle.verify import verify
from paddle_runtime.errors import BundleFault, BundleReason
from tests.runtime.bundle.builders import FILES, small_bundle


@pytest.fixture
def stored(tmp_path: Path) -> Bundle:
    return small_bundle(tmp_path / "store" / "models" / "small")


def test_a_claim_is_copied(stored: Bundle, tmp_path: Path) -> None:
    bundle = fetch("pvc://claim/small", FetchOptions(pvc_mount=stored.path.parent), tmp_path / "b")
    assert verify(bundle)


def test_a_link_out_of_a_claim_is_refused(stored: Bundle, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(FILES["model.pdmodel"])
    stored.file("model.pdmodel").unlink()
    stored.file("model.pdmodel").symlink_to(outside)
    with pytest.raises(BundleFault, match="a link out of the bundle") as fault:
        fetch("pvc://claim/small", FetchOptions(pvc_mount=stored.path.parent), tmp_path / "b")
    assert fault.value.reason is BundleReason.BundleInvalid


def test_a_claim_without_the_bundle_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(BundleFault) as fault:
        fetch("pvc://claim/x", FetchOptions(pvc_mount=tmp_path), tmp_path / "b")
    assert fault.value.reason is BundleReason.ModelNotFound


def test_a_builtin_is_copied(stored: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLE_RUNTIME_BUILTIN_DIR", str(stored.path.parent))
    assert fetch("builtin:small", FetchOptions(), tmp_path / "b").digest == stored.digest
