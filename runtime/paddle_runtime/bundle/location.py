"""Where a bundle is: the four forms of a model URI, parsed once. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from paddle_runtime.errors import BundleFault, BundleReason

PVC_MOUNT = Path("/models/source")
BUCKET = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
NAME = re.compile(r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")
FORMS = "s3://bucket/prefix, https://host/path/, pvc://claim/path or builtin:name"


@dataclass(frozen=True)
class S3Location:
    """A folder in a bucket; the prefix has no slash at its ends and may be empty."""

    bucket: str
    prefix: str


@dataclass(frozen=True)
class HttpsLocation:
    """A folder on a web server; the base ends with a slash."""

    base: str


@dataclass(frozen=True)
class FolderLocation:
    """A folder of this container: a claim mounted at /models/source."""

    path: Path


@dataclass(frozen=True)
class BuiltinLocation:
    """A bundle that came with the image."""

    name: str


Location = S3Location | HttpsLocation | FolderLocation | BuiltinLocation


def parse_location(uri: str, pvc_mount: Path = PVC_MOUNT) -> Location:
    """A URI to its location; BundleFault ModelNotFound says what is wrong with it."""
    if uri.startswith("builtin:"):
        name = uri.removeprefix("builtin:")
        if not NAME.match(name):
            raise _wrong(uri, "a builtin name has small letters, digits, '-' and '.'")
        return BuiltinLocation(name)
    try:
        parts = urlsplit(uri)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError as error:
        raise _wrong(uri, str(error)) from error
    if parts.query or parts.fragment or parts.username or parts.password or not port_is_readable:
        raise _wrong(uri, "a model URI has no query, fragment, user or password")
    if parts.scheme == "s3":
        if not BUCKET.match(parts.netloc):
            raise _wrong(uri, f"{parts.netloc!r} is no bucket name")
        return S3Location(parts.netloc, _inside(uri, parts.path))
    if parts.scheme == "https":
        if not parts.hostname:
            raise _wrong(uri, "the host is missing")
        folder = _inside(uri, parts.path)
        return HttpsLocation(f"https://{parts.netloc}/{folder}/" if folder else f"https://{parts.netloc}/")
    if parts.scheme == "pvc":
        return FolderLocation(pvc_mount / _inside(uri, parts.path))
    raise _wrong(uri, "the form is unknown")


def _inside(uri: str, path: str) -> str:
    """A path without slashes at its ends and without ways out."""
    if ".." in PurePosixPath(path).parts or "\\" in path or any(ord(char) < 32 for char in path):
        raise _wrong(uri, "its path may not hold '..', a backslash or control characters")
    return path.strip("/")


def _wrong(uri: str, problem: str) -> BundleFault:
    return BundleFault(BundleReason.ModelNotFound, f"model URI {uri[:200]!r}: {problem}; it must be {FORMS}.")
