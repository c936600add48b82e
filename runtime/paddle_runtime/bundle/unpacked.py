"""A bundle of this machine as a folder, whether it is one, is bare, is built in, or is an archive."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paddle_runtime.bundle.archive.kinds import READ, REMEDY, ArchiveKind, archive_kind
from paddle_runtime.bundle.bare.folder import Bare, is_bare, read_bare
from paddle_runtime.bundle.deadline import Deadline
from paddle_runtime.bundle.extract import Archive, Rules, extract, read_archive_manifest
from paddle_runtime.bundle.links import require_inside
from paddle_runtime.bundle.manifest import Manifest, digest_of, parse_manifest
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.bundle.sources import FolderSource
from paddle_runtime.bundle.store import Bundle, builtin_path, open_bundle, require_task
from paddle_runtime.bundle.stream import Stream
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.settings import SettingsFault
from paddle_runtime.tasks import Task

log = logging.getLogger(__name__)
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


def modules_of(text: str) -> dict[str, Path]:
    """`recognise=FOLDER,orient=FOLDER` to paths by module."""
    pairs = [each.partition("=") for each in text.split(",") if each]
    if any(not name or not place for name, _, place in pairs):
        raise SettingsFault(
            f"--modules={text!r} is no list of NAME=FOLDER: for instance recognise=./my-recogniser"
        )
    if len({name for name, _, _ in pairs}) != len(pairs):
        raise SettingsFault(f"--modules={text!r} names a module twice; give each one folder")
    return {name: bundle_path(place) for name, _, place in pairs}


@contextmanager
def unpacked(path: Path, digest: str | None = None, task: str = "") -> Iterator[Path]:
    """The bundle's folder. Of an archive or a bare folder it is a private one, which is gone afterwards.

    task: what a bare folder is for, where its files do not tell it; empty is as they tell it.
    """
    kind = _kind(path)
    if kind is None and not is_bare(path):
        require_inside(path, lambda: _named(path))
        yield path
        return
    scratch = Path(tempfile.mkdtemp(prefix="paddle-runtime-bundle-"))
    try:
        if kind is None:
            _lay_out(path, _read_bare(path, task), scratch / "bundle")
        else:
            with _reading(path) as stream:
                room = shutil.disk_usage(scratch).free
                extract(Archive(str(path), kind, stream), Rules(digest, room), scratch / "bundle")
        yield scratch / "bundle"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def described(path: Path, task: str = "") -> Bundle:
    """A bundle by its model.yaml; of an archive nothing else is read. task: as of unpacked()."""
    kind = _kind(path)
    if kind is not None:
        with _reading(path) as stream:
            found = read_archive_manifest(Archive(str(path), kind, stream), Rules(None, NO_LIMIT_BYTES))
        bundle = Bundle(path=path, manifest=found.manifest, digest=found.digest)
    elif is_bare(path):
        data = _read_bare(path, task).manifest
        bundle = Bundle(path=path, manifest=parse_manifest(data), digest=digest_of(data))
    else:
        bundle = open_bundle(path)
    require_task(bundle, task)
    return bundle


def _named(path: Path) -> Iterator[str]:
    yield MANIFEST_NAME
    yield from open_bundle(path).manifest.files


def _read_bare(path: Path, task: str) -> Bare:
    bare = read_bare(path, Task(task) if task else None)
    log.info(
        "%s has no model.yaml and is taken for task %s, read from %s; 'paddle-runtime bundle' writes it down",
        path, bare.task, bare.configuration or "the program alone",
    )  # fmt: skip
    return bare


def _lay_out(path: Path, bare: Bare, folder: Path) -> None:
    """What the folder has, as links, and what it lacks."""
    manifest: Manifest = parse_manifest(bare.manifest)
    for name in manifest.files:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if name not in bare.made:
            place.symlink_to((path / name).resolve())
    for name, data in bare.files.items():
        (folder / name).write_bytes(data)


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
