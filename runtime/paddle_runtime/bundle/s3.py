"""An S3 store as a source: addressing, credentials from mounted files, signatures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlsplit

from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3
from urllib3.util import parse_url

from paddle_runtime.bundle.addresses import AddressPolicy, checked_pool
from paddle_runtime.bundle.http_source import HttpSource
from paddle_runtime.bundle.location import S3Location
from paddle_runtime.errors import BundleFault, BundleReason

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
KEY_FILES = ("accessKeyId", "secretAccessKey")


class Addressing(StrEnum):
    """Where the bucket's name goes: endpoint/bucket or bucket.endpoint."""

    PATH = "Path"
    VIRTUAL_HOST = "VirtualHost"


@dataclass(frozen=True)
class S3Options:
    """endpoint: http(s)://host[:port], None is Amazon's of the region. credentials_dir: None is anonymous."""

    endpoint: str | None = None
    region: str = "us-east-1"
    addressing: Addressing = Addressing.PATH
    credentials_dir: Path | None = None


def s3_source(location: S3Location, options: S3Options, *, allow_loopback: bool) -> HttpSource:
    """A source for a bundle in a bucket; a private address is allowed only when the endpoint was declared."""
    policy = AddressPolicy(private=options.endpoint is not None, loopback=allow_loopback)
    credentials = read_credentials(options.credentials_dir)
    return HttpSource(
        checked_pool(policy),
        base_url(location, options),
        sign=signer(credentials, options.region),
        on_forbidden=on_forbidden(options.credentials_dir),
    )


def base_url(location: S3Location, options: S3Options) -> str:
    """The URL of the bundle's folder, ending with a slash."""
    endpoint = options.endpoint or f"https://s3.{options.region}.amazonaws.com"
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or "@" in parts.netloc:
        raise BundleFault(
            BundleReason.AddressRefused,
            f"S3 endpoint {endpoint!r} must be http(s)://host[:port], without user or query.",
        )
    folder = quote(f"{location.prefix}/" if location.prefix else "", safe="/-_.~")
    path = parts.path.strip("/")
    root = f"{path}/" if path else ""
    if options.addressing is Addressing.VIRTUAL_HOST:
        return f"{parts.scheme}://{location.bucket}.{parts.netloc}/{root}{folder}"
    return f"{parts.scheme}://{parts.netloc}/{root}{location.bucket}/{folder}"


def read_credentials(folder: Path | None) -> Credentials | None:
    """The mounted Secret's two files; None is anonymous."""
    if folder is None:
        return None
    values = []
    for name in KEY_FILES:
        try:
            value = (folder / name).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = (
                getattr(error, "strerror", None) or "it is not ASCII"
            )  # the error itself shows bytes of the key
            raise BundleFault(
                BundleReason.ModelForbidden,
                f"the Secret of spec.model.credentialsRef has no readable key {name!r} ({why}): "
                f"it needs the keys {' and '.join(KEY_FILES)}.",
            ) from None
        if not value.isprintable():  # a line break in it would begin another header
            raise BundleFault(
                BundleReason.ModelForbidden,
                f"the Secret of spec.model.credentialsRef has a line break or a control character inside key "
                f"{name!r}: write it anew.",
            )
        values.append(value)
    if not all(values):
        raise BundleFault(
            BundleReason.ModelForbidden,
            f"the Secret of spec.model.credentialsRef has an empty key: it needs {' and '.join(KEY_FILES)}.",
        )
    return Credentials(values[0], values[1])


def on_forbidden(folder: Path | None) -> str:
    """What to do about a refusal."""
    keys = " and ".join(KEY_FILES)
    if folder is None:
        return f"set spec.model.credentialsRef to a Secret with {keys}, or make the bucket public to read."
    return f"check {keys} in the Secret of spec.model.credentialsRef, and its right to read this prefix."


class _Signer:
    """Adds the signature's headers; a fresh date each time."""

    def __init__(self, credentials: Credentials, region: str) -> None:
        self._credentials = credentials
        self._region = region

    def __call__(self, method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        now = datetime.now(UTC)
        parts = parse_url(url)
        sent: dict[str, str | list[str] | tuple[str]] = {
            **headers,
            "Host": parts.netloc or "",
            "x-amz-content-sha256": EMPTY_SHA256,
            "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        }
        signed = sign_v4_s3(
            method=method,
            url=urlsplit(url),
            region=self._region,
            headers=sent,
            credentials=self._credentials,
            content_sha256=EMPTY_SHA256,
            date=now,
        )
        return {name: value for name, value in signed.items() if isinstance(value, str)}


def signer(credentials: Credentials | None, region: str) -> _Signer | None:
    """A signing function, or None for anonymous requests."""
    return None if credentials is None else _Signer(credentials, region)
