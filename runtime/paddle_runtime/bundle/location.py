"""Where a bundle is: the four forms of a model URI, parsed once. Pure.

Three of them name a folder or one archive; it is an archive when the last name ends like one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from paddle_runtime.bundle.archive.kinds import ArchiveKind, archive_kind
from paddle_runtime.errors import BundleFault, BundleReason

PVC_MOUNT = Path("/models/source")
BUCKET = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
NAME = re.compile(r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")
FORMS = "s3://bucket/prefix, https://host/path/, pvc://claim/path or builtin:name"


@dataclass(frozen=True)
class ArchiveFile:
    """An archive in the folder of its location."""

    name: str
    kind: ArchiveKind


@dataclass(frozen=True)
class S3Location:
    """A folder in a bucket; the prefix has no slash at its ends and may be empty."""

    bucket: str
    prefix: str
    archive: ArchiveFile | None = None


@dataclass(frozen=True)
class HttpsLocation:
    """A folder on a web server; the base ends with a slash."""

    base: str
    archive: ArchiveFile | None = None


@dataclass(frozen=True)
class FolderLocation:
    """A folder of this container: a claim mounted at /models/source."""

    path: Path
    archive: ArchiveFile | None = None


@dataclass(frozen=True)
class BuiltinLocation:
    """A bundle that came with the image."""

    name: str


Location = S3Location | HttpsLocation | FolderLocation | BuiltinLocation


def parse_location(uri: str, pvc_mount: Path = PVC_MOUNT) -> Location:
    """A URI to its location; BundleFault ModelNotFound says what is wrong with it."""
    if uri.startswith("builtin:"):
        name = uri.removeprefix("builtin:")
        if not NAME.fullmatch(name):
            raise _wrong(uri, "a builtin name has small letters, digits, '-' and '.'")
        return BuiltinLocation(name)
    try:
        parts = urlsplit(uri)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError as error:
        raise _wrong(uri, str(error)) from error
    if parts.query or parts.fragment or "@" in parts.netloc or not port_is_readable:
        raise _wrong(uri, "a model URI has no query, fragment, user or password")
    # What a character means in a URI is written as %XX; the raw form is for the web server alone.
    folder, archive = _folder_and_archive(_inside(uri, unquote(parts.path)))
    if parts.scheme == "s3":
        if not BUCKET.fullmatch(parts.netloc):
            raise _wrong(uri, f"{parts.netloc!r} is no bucket name")
        return S3Location(parts.netloc, folder, archive)
    if parts.scheme == "https":
        if not parts.hostname:
            raise _wrong(uri, "the host is missing")
        raw, _ = _folder_and_archive(_inside(uri, parts.path))
        return HttpsLocation(f"https://{parts.netloc}/{raw}/" if raw else f"https://{parts.netloc}/", archive)
    if parts.scheme == "pvc":
        return FolderLocation(pvc_mount / folder, archive)
    raise _wrong(uri, "the form is unknown")


def _inside(uri: str, path: str) -> str:
    """A path without slashes at its ends and without ways out."""
    if ".." in PurePosixPath(path).parts or "\\" in path or any(ord(char) < 32 for char in path):
        raise _wrong(uri, "its path may not hold '..', a backslash or control characters")
    return path.lstrip("/")


def _folder_and_archive(path: str) -> tuple[str, ArchiveFile | None]:
    """A path with a slash at its end is a folder, whatever it is called."""
    folder, _, name = path.rpartition("/")
    kind = archive_kind(name)
    if kind is None:
        return path.rstrip("/"), None
    return folder, ArchiveFile(name, kind)


def _wrong(uri: str, problem: str) -> BundleFault:
    return BundleFault(BundleReason.ModelNotFound, f"model URI {uri[:200]!r}: {problem}; it must be {FORMS}.")
