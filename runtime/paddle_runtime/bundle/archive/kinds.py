"""Which archives are read, told by the end of their name. Pure."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from paddle_runtime.errors import BundleFault, BundleReason

REMEDY = "make it with 'paddle-runtime bundle DIR --archive FILE', or upload the bundle as a folder"
OTHER_ARCHIVES = (".tar.zst", ".tar.xz", ".tar.bz2", ".tzst", ".txz", ".tbz2", ".7z", ".rar", ".zst", ".gz")


class ArchiveKind(StrEnum):
    """By the end of the name: the first bytes would let whoever sends them choose the reader."""

    TAR = ".tar"
    TAR_GZ = ".tar.gz"
    TGZ = ".tgz"
    ZIP = ".zip"


READ = " ".join(kind.value for kind in ArchiveKind)


def archive_kind(name: str) -> ArchiveKind | None:
    """What an archive is by its name; None is no archive, and a kind that is not read is a fault."""
    low = name.lower()
    if kind := next((kind for kind in ArchiveKind if low.endswith(kind.value)), None):
        return kind
    if other := next((end for end in OTHER_ARCHIVES if low.endswith(end)), None):
        raise BundleFault(
            BundleReason.BundleInvalid,
            f"{name[-200:]}: archives of the kind {other} are not read, only {READ}: {REMEDY}.",
        )
    return None


def kind_to_write(path: Path) -> ArchiveKind:
    """What to pack, by the name wished for."""
    kind = archive_kind(path.name)
    if kind is None:
        raise BundleFault(
            BundleReason.BundleInvalid, f"{path} must end in one of {READ}: choose another name."
        )
    return kind
