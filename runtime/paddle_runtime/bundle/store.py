"""Bundles on disk: where they are, and opening one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from paddle_runtime.bundle.engine import Device
from paddle_runtime.bundle.manifest import MANIFEST_MAX_BYTES, Manifest, digest_of, parse_manifest
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.errors import BundleFault, BundleReason

BUILTIN_DIR_ENV = "PADDLE_RUNTIME_BUILTIN_DIR"


@dataclass(frozen=True)
class Bundle:
    """A bundle in a folder: manifest read, digest known; verify.verify() checks the files' bytes.

    parts: folders of other bundles whose files the manifest names too, by the place that it names them under.
    """

    path: Path
    manifest: Manifest
    digest: str
    parts: Mapping[str, Path] = field(default_factory=dict)

    def file(self, relative: str) -> Path:
        """Where a file that the manifest names lies."""
        place, _, rest = relative.partition("/")
        return self.parts[place] / rest if place in self.parts else self.path / relative

    def on(self, device: Device) -> Bundle:
        """The bundle as that device runs it."""
        return replace(self, manifest=self.manifest.on(device))


@dataclass(frozen=True)
class Resolved:
    """A bundle whose model.yaml was read, wherever its files are."""

    manifest: Manifest
    digest: str
    data: bytes


def accept_manifest(data: bytes, where: str, digest: str | None, size_limit_bytes: int) -> Resolved:
    """model.yaml, of the digest asked for and within the size limit; `where` is for messages."""
    actual = digest_of(data)
    require_digest(actual, digest, where)
    manifest = parse_manifest(data)
    if manifest.size_bytes > size_limit_bytes:
        raise BundleFault(
            BundleReason.ModelTooLarge,
            f"{where} names {manifest.size_bytes} bytes, the limit is {size_limit_bytes}: use a smaller "
            "model or raise --size-limit-bytes.",
        )
    return Resolved(manifest=manifest, digest=actual, data=data)


def open_bundle(path: Path, expected_digest: str | None = None) -> Bundle:
    """Read model.yaml, compare its digest, and check that every file is there with its size."""
    data = read_manifest_bytes(path)
    digest = digest_of(data)
    require_digest(digest, expected_digest, str(path))
    return Bundle(path=path, manifest=parse_manifest(data), digest=digest)


def read_manifest_bytes(path: Path) -> bytes:
    """The bytes of model.yaml, no more than its cap plus one."""
    try:
        with (path / MANIFEST_NAME).open("rb") as file:
            return file.read(MANIFEST_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BundleFault(
            BundleReason.ModelNotFound,
            f"{path} holds no {MANIFEST_NAME} and no program with its weights (NAME.pdmodel or NAME.json, "
            "and NAME.pdiparams): name a bundle's folder, or that of an exported model.",
        ) from error
    except PermissionError as error:
        raise BundleFault(
            BundleReason.ModelForbidden,
            f"{path / MANIFEST_NAME} cannot be read by uid {os.getuid()}: change its mode or its owner.",
        ) from error


def require_digest(actual: str, expected: str | None, where: str) -> None:
    """Refuse a bundle that is not the one asked for."""
    if expected is not None and actual != expected:
        raise BundleFault(
            BundleReason.DigestMismatch,
            f"{where} has digest {actual}, asked for was {expected}: somebody changed the bundle, or the "
            "digest belongs to another version. Upload the right bundle or write the new digest.",
        )


def require_task(bundle: Bundle, task: str) -> None:
    """Refuse a bundle of another task than the one that was named; empty is none."""
    if task and bundle.manifest.task != task:
        raise BundleFault(
            BundleReason.BundleInvalid,
            f"{bundle.path} is of task {bundle.manifest.task}, asked for was {task}: name its own or none.",
        )


def builtin_root() -> Path:
    """Where bundles that came with the image or the virtual environment lie."""
    override = os.environ.get(BUILTIN_DIR_ENV)
    return Path(override) if override else Path(sys.prefix) / "share" / "paddle-runtime" / "models"


def require_not_builtin(path: Path) -> None:
    """Refuse to write into what came with the image."""
    if path.resolve().is_relative_to(builtin_root().resolve()):
        raise BundleFault(
            BundleReason.BundleInvalid,
            f"{path} is built in, so nothing is written into it: copy it to a folder of your own and name "
            "that.",
        )


def builtin_path(name: str) -> Path:
    """The folder of builtin:NAME; a fault lists what exists."""
    root = builtin_root()
    present = sorted(entry.parent.name for entry in root.glob(f"*/{MANIFEST_NAME}"))
    if name not in present:
        have = ", ".join(present) or "nothing: run 'python hack/models.py --into " + str(root) + "'"
        raise BundleFault(BundleReason.ModelNotFound, f"builtin:{name} is not under {root}; there is {have}.")
    return root / name
