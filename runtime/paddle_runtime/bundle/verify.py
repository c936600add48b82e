"""Check every byte of a bundle against its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from paddle_runtime.bundle.forms import START_BYTES, form_problem
from paddle_runtime.bundle.manifest import FileEntry
from paddle_runtime.bundle.programs import BadProgram, check_program
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason

CHUNK_BYTES = 1024 * 1024


def verify(bundle: Bundle, progress: Callable[[str, float], None] | None = None) -> int:
    """Hash every file of an opened bundle; returns the bytes checked. BundleInvalid names what differs.

    progress(file, share of the bytes, 0 to 1) is called before each file.
    """
    done, size = 0, bundle.manifest.size_bytes
    for relative, entry in bundle.manifest.files.items():
        if progress is not None:
            progress(relative, done / max(1, size))
        verify_file(bundle.file(relative), entry, relative)
        require_form(bundle.file(relative), relative)
        done += entry.size
    return size


def verify_file(path: Path, entry: FileEntry, relative: str) -> None:
    """One file: there, of its size, of its hash."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            size = 0
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise differs(relative, f"cannot be read ({error.strerror})") from error
    require_same(relative, entry, size, digest.hexdigest())


def require_form(path: Path, relative: str, *, program: bool = False) -> None:
    """Refuse a file that is not what its name says, and a program that does more than compute.

    program: a module names it as its program; other JSON may be anything.
    """
    with path.open("rb") as file:
        problem = form_problem(relative, file.read(START_BYTES))
    if problem is not None:
        raise BundleFault(
            BundleReason.BundleInvalid,
            f"{relative} {problem}, which no {path.suffix} file does: only inference programs, their weights "
            "and data are served, never pickles; export the model again.",
        )
    try:
        check_program(path, certain=program)
    except BadProgram as refused:
        raise BundleFault(BundleReason.BundleInvalid, f"{relative} {refused}.") from None


def require_same(relative: str, entry: FileEntry, size: int, sha256: str) -> None:
    """Refuse bytes that are not those the manifest names."""
    if size != entry.size:
        raise differs(relative, f"has {size} bytes, model.yaml says {entry.size}")
    if sha256 != entry.sha256:
        raise differs(relative, f"has sha256 {sha256}, model.yaml says {entry.sha256}")


def differs(relative: str, what: str) -> BundleFault:
    """The fault for one file."""
    return BundleFault(
        BundleReason.BundleInvalid,
        f"{relative} {what}: the upload is incomplete or was changed; upload it again.",
    )
