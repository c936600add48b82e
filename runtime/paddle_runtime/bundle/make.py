"""Write model.yaml: a description of the modules plus the hash and size of every file in the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import JsonValue

from paddle_runtime.bundle.manifest import Manifest, ManifestFault, parse_manifest
from paddle_runtime.bundle.paths import MANIFEST_NAME
from paddle_runtime.bundle.store import read_manifest_bytes
from paddle_runtime.errors import BundleFault, BundleReason


def make_manifest(folder: Path, description: Mapping[str, JsonValue]) -> bytes:
    """The bytes of model.yaml for a folder: the description, checked, with every file under it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST_NAME)
    files: dict[str, JsonValue] = {
        path.relative_to(folder).as_posix(): {"size": path.stat().st_size, "sha256": sha256_of(path)}
        for path in paths
    }
    document = {**{key: value for key, value in description.items() if key != "files"}, "files": files}
    data = yaml.safe_dump(
        document, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    ).encode()
    try:
        parse_manifest(data)
    except ManifestFault as fault:
        raise BundleFault(
            fault.reason,
            f"{folder / MANIFEST_NAME} {fault.problem}. Put that right there, and the files that it names "
            "into the folder.",
        ) from fault
    return data


def write_manifest(folder: Path, description: Mapping[str, JsonValue] | None = None) -> Manifest:
    """Write folder/model.yaml; without a description the one that is there is brought up to date."""
    if description is None:
        present = yaml.safe_load(read_manifest_bytes(folder))
        if not isinstance(present, dict):
            raise BundleFault(
                BundleReason.BundleInvalid,
                f"{folder / MANIFEST_NAME} is no mapping: it describes name, version, task and modules.",
            )
        description = present
    data = make_manifest(folder, description)
    place = folder / MANIFEST_NAME
    scratch = place.with_name(f".{MANIFEST_NAME}.new")
    scratch.write_bytes(data)
    scratch.replace(place)
    return parse_manifest(data)


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
