"""A folder of images in OCI layout: what every image passes through on its way to the node.

Layers lie here uncompressed, each once however many images share it. That is what makes handing over cheap:
the digest of a layer is known without packing it again, so an unchanged layer is neither copied nor hashed,
and an archive can leave out whatever the node already has.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

REF_NAME = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME = "io.containerd.image.name"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CHUNK_BYTES = 1024 * 1024
_CREATED = "2023-11-14T22:13:20Z"  # fixed, so that equal layers give an equal image


@dataclass(frozen=True)
class Image:
    """An image in the store: its name, its manifest's digest, its blobs in order and their bytes."""

    name: str
    digest: str
    blobs: tuple[str, ...]
    size_bytes: int

    def named_by_content(self) -> Image:
        """The same image under a tag that is the beginning of its digest."""
        repository, _, _ = self.name.rpartition(":")
        return replace(self, name=f"{repository}:{self.digest.removeprefix('sha256:')[:12]}")


@dataclass(frozen=True)
class ImageStore:
    """The layout folder; every write ends in a rename, so a kill leaves it usable."""

    root: Path

    @property
    def index(self) -> Path:
        """The list of images."""
        return self.root / "index.json"

    def blob(self, digest: str) -> Path:
        """Where the bytes of that digest lie."""
        return self.root / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def find(self, name: str) -> Image | None:
        """The image of that name, or None when it or any part of it is missing."""
        for entry in self._entries():
            if entry.get("annotations", {}).get(REF_NAME) == name and self.blob(entry["digest"]).is_file():
                return self._image(name, entry["digest"])
        return None

    def _image(self, name: str, digest: str) -> Image | None:
        manifest = self._json(digest)
        parts = [manifest["config"], *manifest["layers"]]
        if not all(self.blob(part["digest"]).is_file() for part in parts):
            return None
        size = sum(int(part["size"]) for part in parts)
        return Image(name, digest, (digest, *(part["digest"] for part in parts)), size)

    def add(
        self, name: str, layers: Sequence[Path], *, base: str | None = None, config: Mapping[str, Any]
    ) -> Image:
        """Make an image of layer archives put on top of another image (or of nothing); moves the layers in.

        `config` is the part that a container inherits: Env, Cmd, Entrypoint, User, ...
        """
        descriptors, document = self._base(base)
        for layer in layers:
            descriptor = self._take(layer, _LAYER)
            descriptors.append(descriptor)
            document["rootfs"]["diff_ids"].append(descriptor["digest"])
            # Builders refuse an image whose history does not account for every layer.
            document["history"].append({"created": _CREATED, "created_by": name})
        document["config"] = {**document["config"], **config}
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._put(_canonical(document), _CONFIG),
            "layers": descriptors,
        }
        entry = self._put(_canonical(manifest), _MANIFEST)
        self._name(name, entry)
        image = self._image(name, entry["digest"])
        assert image is not None, "an image was just written whole"
        return image

    def _base(self, base: str | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        if base is None:
            machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "amd64")
            empty: dict[str, Any] = {"type": "layers", "diff_ids": []}
            document = {"architecture": machine, "os": "linux", "created": _CREATED, "rootfs": empty}
            return [], {**document, "config": {}, "history": []}
        image = self.find(base)
        if image is None:
            raise LookupError(f"image {base} is not in {self.root}: build it first")
        manifest = self._json(image.digest)
        return list(manifest["layers"]), {
            "config": {},
            "history": [],
            **self._json(manifest["config"]["digest"]),
        }

    def archive(self, image: Image, target: Path, *, without: Collection[str] = ()) -> int:
        """Write the image as an OCI archive that containerd reads; returns its bytes.

        Blobs named in `without` are left out: for a node that has them already. Manifest and configuration
        always travel, since they are what the node is told the image consists of.
        """
        always = image.blobs[:2]
        size = self.blob(image.digest).stat().st_size
        entry = {
            "mediaType": _MANIFEST,
            "digest": image.digest,
            "size": size,
            "annotations": {_CONTAINERD_NAME: image.name, REF_NAME: image.name},
        }
        with tarfile.open(target, "w") as tar:
            _add_bytes(tar, "oci-layout", _canonical({"imageLayoutVersion": "1.0.0"}))
            _add_bytes(tar, "index.json", _canonical({"schemaVersion": 2, "manifests": [entry]}))
            for digest in dict.fromkeys(image.blobs):
                if digest in always or digest not in without:
                    tar.add(self.blob(digest), f"blobs/sha256/{digest.removeprefix('sha256:')}")
        return target.stat().st_size

    def drop(self, unwanted: Callable[[str], bool]) -> None:
        """Forget images by name; `prune` then frees what only they needed."""
        kept = [
            entry for entry in self._entries() if not unwanted(entry.get("annotations", {}).get(REF_NAME, ""))
        ]
        self._write_index(kept)

    def prune(self) -> int:
        """Remove blobs that no named image needs any more; returns the bytes freed."""
        # An image whose name went to a newer one stays in the index without a name.
        self.drop(lambda name: not name)
        kept: set[str] = set()
        for entry in self._entries():
            image = self._image(entry.get("annotations", {}).get(REF_NAME, ""), entry["digest"])
            kept.update(image.blobs if image else (entry["digest"],))
        freed = 0
        for path in (self.root / "blobs" / "sha256").glob("*"):
            if f"sha256:{path.name}" not in kept:
                freed += path.stat().st_size
                path.unlink()
        return freed

    def _entries(self) -> list[dict[str, Any]]:
        if not self.index.is_file():
            return []
        entries: list[dict[str, Any]] = json.loads(self.index.read_text())["manifests"]
        return entries

    def _json(self, digest: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.blob(digest).read_text())
        return document

    def _name(self, name: str, entry: dict[str, Any]) -> None:
        others = [other for other in self._entries() if other.get("annotations", {}).get(REF_NAME) != name]
        named = {**entry, "annotations": {REF_NAME: name}}
        self._write_index([*others, named])

    def _write_index(self, entries: Sequence[Mapping[str, Any]]) -> None:
        _write(self.root / "oci-layout", _canonical({"imageLayoutVersion": "1.0.0"}))
        _write(self.index, _canonical({"schemaVersion": 2, "manifests": list(entries)}))

    def _put(self, data: bytes, media_type: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        _write(self.blob(digest), data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def _take(self, path: Path, media_type: str) -> dict[str, Any]:
        digest = f"sha256:{_sha256(path)}"
        size = path.stat().st_size
        self.blob(digest).parent.mkdir(parents=True, exist_ok=True)
        path.replace(self.blob(digest))
        return {"mediaType": media_type, "digest": digest, "size": size}


def write_layer(target: Path, files: Mapping[str, tuple[Path, int]]) -> None:
    """Write a layer: path in the image -> (file here, mode). Equal files give equal bytes."""
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        for folder in sorted({parent for path in files for parent in _parents(path)}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path, (source, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = source.stat().st_size, mode
            with source.open("rb") as stream:
                tar.addfile(entry, stream)


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in Path(path).parents if str(parent) not in (".", "/")]


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        stream.write(data)
    Path(stream.name).chmod(0o644)
    Path(stream.name).replace(path)
