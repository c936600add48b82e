"""Write model.yaml: a description of the modules plus the hash and size of every file in the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import yaml
from pydantic import JsonValue

from paddle_runtime.bundle.manifest import Manifest, ManifestFault, parse_manifest
from paddle_runtime.bundle.paths import MANIFEST_NAME, unsafe_path
from paddle_runtime.bundle.store import read_manifest_bytes
from paddle_runtime.errors import BundleFault, BundleReason

NOTHING: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True)
class Contents:
    """Files of a folder, by their names in a bundle: what one can hold, and what is left out of it."""

    held: tuple[str, ...]
    left_out: tuple[str, ...]


def contents(folder: Path) -> Contents:
    """All that is in a folder but its model.yaml. Checkpoints, scripts and hidden files are left out."""
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    files = [name.as_posix() for name in names if name != Path(MANIFEST_NAME)]
    held = tuple(name for name in files if unsafe_path(name) is None)
    return Contents(held, tuple(name for name in files if name not in held))


def make_manifest(
    folder: Path, description: Mapping[str, JsonValue], made: Mapping[str, bytes] = NOTHING
) -> bytes:
    """The bytes of model.yaml for a folder: the description, with every file that a bundle can hold.

    ManifestFault where that is no bundle. made: files that are not in the folder yet, by name.
    """
    names = {*contents(folder).held, *made}
    files: dict[str, JsonValue] = {
        name: _entry(made[name]) if name in made else _entry_of(folder / name)
        for name in sorted(names, key=PurePosixPath)
    }
    document = {**{key: value for key, value in description.items() if key != "files"}, "files": files}
    data = yaml.safe_dump(
        document, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    ).encode()
    parse_manifest(data)
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
    try:
        data = make_manifest(folder, description)
    except ManifestFault as fault:
        raise BundleFault(
            fault.reason,
            f"{folder / MANIFEST_NAME} {fault.problem}. Put that right there, and the files that it names "
            "into the folder.",
        ) from fault
    place_manifest(folder, data)
    return parse_manifest(data)


def place_manifest(folder: Path, data: bytes) -> None:
    """Put model.yaml there in one step."""
    place = folder / MANIFEST_NAME
    scratch = place.with_name(f".{MANIFEST_NAME}.new")
    scratch.write_bytes(data)
    scratch.replace(place)


def _entry(data: bytes) -> JsonValue:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _entry_of(path: Path) -> JsonValue:
    return {"size": path.stat().st_size, "sha256": sha256_of(path)}


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
