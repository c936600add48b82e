"""Our own archives: model.yaml first, then every file by name; equal folders give equal bytes."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from paddle_runtime.bundle.archive.kinds import ArchiveKind
from paddle_runtime.bundle.disk import writing_to
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason

MODE = 0o644
FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
COPY_BYTES = 1024 * 1024
# Programs and weights shrink by a tenth; more effort than this gains nothing.
GZIP_LEVEL = 6


def write_archive(bundle: Bundle, kind: ArchiveKind, out: Path) -> int:
    """Pack a bundle whose files were checked; returns the archive's size in bytes."""
    names = [MANIFEST_NAME, *sorted(bundle.manifest.files)]
    scratch = out.with_name(f".{out.name}.new")
    with writing_to(out, bundle.manifest.size_bytes):
        try:
            with scratch.open("wb") as file:
                _PACKERS[kind](bundle, names, file)
            scratch.replace(out)
        except (ValueError, zipfile.LargeZipFile) as error:
            raise BundleFault(
                BundleReason.BundleInvalid,
                f"{bundle.path} cannot be packed as {kind.value} ({error}): upload it as a folder.",
            ) from error
        finally:
            scratch.unlink(missing_ok=True)
        return out.stat().st_size


def _tar(bundle: Bundle, names: list[str], file: BinaryIO) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as packed:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.mode = MODE
            with bundle.file(name).open("rb") as content:
                entry.size = content.seek(0, io.SEEK_END)
                content.seek(0)
                packed.addfile(entry, content)


def _tar_gz(bundle: Bundle, names: list[str], file: BinaryIO) -> None:
    with gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=file, mtime=0) as packed:
        _tar(bundle, names, packed)  # type: ignore[arg-type]


def _zip(bundle: Bundle, names: list[str], file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=False) as packed:
        for name in names:
            entry = zipfile.ZipInfo(name, FIRST_ZIP_DATE)
            entry.create_system = 3  # the mode below is Unix's
            entry.external_attr = (stat.S_IFREG | MODE) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            with bundle.file(name).open("rb") as content, packed.open(entry, "w") as place:
                while chunk := content.read(COPY_BYTES):
                    place.write(chunk)


_PACKERS: dict[ArchiveKind, Callable[[Bundle, list[str], BinaryIO], None]] = {
    ArchiveKind.TAR: _tar,
    ArchiveKind.TAR_GZ: _tar_gz,
    ArchiveKind.TGZ: _tar_gz,
    ArchiveKind.ZIP: _zip,
}
