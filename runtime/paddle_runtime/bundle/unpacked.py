"""A bundle of this machine as a folder, whether it is one, is built in, or is an archive."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paddle_runtime.bundle.archive.kinds import READ, REMEDY, ArchiveKind, archive_kind
from paddle_runtime.bundle.deadline import Deadline
from paddle_runtime.bundle.extract import Archive, Rules, extract, read_archive_manifest
from paddle_runtime.bundle.sources import FolderSource
from paddle_runtime.bundle.store import Bundle, builtin_path, open_bundle
from paddle_runtime.bundle.stream import Stream
from paddle_runtime.errors import BundleFault, BundleReason

BUILTIN = "builtin:"
NO_LIMIT_BYTES = 1 << 62  # what model.yaml may name when nothing of it is unpacked


def bundle_path(text: str) -> Path:
    """A path, or where builtin:NAME lies; the address of a store is none of this machine."""
    if "://" in text:
        raise BundleFault(
            BundleReason.ModelNotFound,
            f"{text} is an address; wanted is a folder, an archive or builtin:NAME. Bring the bundle here "
            f"first with 'paddle-runtime fetch --uri {text} --into DIR', and name DIR.",
        )
    return builtin_path(text.removeprefix(BUILTIN)) if text.startswith(BUILTIN) else Path(text)


@contextmanager
def unpacked(path: Path, digest: str | None = None) -> Iterator[Path]:
    """The bundle's folder. An archive is unpacked into a private one, which is gone afterwards."""
    kind = _kind(path)
    if kind is None:
        yield path
        return
    scratch = Path(tempfile.mkdtemp(prefix="paddle-runtime-bundle-"))
    try:
        with _reading(path) as stream:
            room = shutil.disk_usage(scratch).free
            extract(Archive(str(path), kind, stream), Rules(digest, room), scratch / "bundle")
        yield scratch / "bundle"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def described(path: Path) -> Bundle:
    """A bundle by its model.yaml; of an archive nothing else is read."""
    kind = _kind(path)
    if kind is None:
        return open_bundle(path)
    with _reading(path) as stream:
        found = read_archive_manifest(Archive(str(path), kind, stream), Rules(None, NO_LIMIT_BYTES))
    return Bundle(path=path, manifest=found.manifest, digest=found.digest)


def _kind(path: Path) -> ArchiveKind | None:
    """None for a folder, also for one that is not there: opening it says so."""
    if not path.is_file():
        return None
    kind = archive_kind(path.name)
    if kind is None:
        raise BundleFault(
            BundleReason.BundleInvalid, f"{path} is neither a folder nor an archive ({READ}): {REMEDY}."
        )
    return kind


def _reading(path: Path) -> Stream:
    return Stream(FolderSource(path.parent), path.name, Deadline.after(float("inf")))
