"""The image of the pause container: one static program, put into an OCI archive without any image builder.

The archive is a function of the program's bytes alone, so that it is written once.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import Any

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, (content, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _described(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def archive_of(program: bytes, image: str, machine: str) -> bytes:
    """An OCI archive of one image whose only file, /pause, is also its entry point."""
    layer = _tar({"pause": (program, 0o555)})
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        },
        sort_keys=True,
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _described(_CONFIG, config),
            "layers": [_described(_LAYER, layer)],
        },
        sort_keys=True,
    ).encode()
    named = {
        **_described(_MANIFEST, manifest),
        "annotations": {
            "io.containerd.image.name": image,
            "org.opencontainers.image.ref.name": image.rpartition(":")[2],
        },
    }
    index = json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [named]}).encode()
    blobs = {f"blobs/sha256/{_digest(blob)[7:]}": (blob, 0o644) for blob in (layer, config, manifest)}
    layout = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()
    return _tar({**blobs, "index.json": (index, 0o644), "oci-layout": (layout, 0o644)})


def write_archive(program: Path, image: str, target: Path) -> Path:
    """Write the archive for this machine's architecture and return its path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(archive_of(program.read_bytes(), image, platform.machine()))
    return target
