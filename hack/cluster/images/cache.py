"""Where images and their stamps are kept between runs."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hack.cluster.commands import run
from hack.cluster.images.store import ImageStore
from hack.cluster.layout import cache_root

PREFIX = "localhost/paddle-sla"
# Scratch folders of the modules beside this one, all of them used under the lock.
UNFINISHED = (".load-*", ".layer-*", ".base-*")
_COPY_SECONDS = 600.0


def images_root() -> Path:
    """Where images and their stamps are kept."""
    return cache_root() / "images"


def stamps() -> Path:
    """What each image was last made of."""
    return images_root() / "stamps"


def store() -> ImageStore:
    """All images that were built here, with every layer once."""
    return ImageStore(images_root() / "oci")


@contextmanager
def locked() -> Iterator[None]:
    """Builds and hand-overs take turns: two at once would take each other's new layers for garbage."""
    images_root().mkdir(parents=True, exist_ok=True)
    with (images_root() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for folder in (images_root(), images_root() / "oci"):
            _remove_unfinished(folder)
        yield


def _remove_unfinished(folder: Path) -> None:
    """What a killed run left: we hold the lock, so that none is in use."""
    for pattern in UNFINISHED:
        for scratch in folder.glob(pattern):
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def archive_file() -> Iterator[Path]:
    """Where an archive may be written, for as long as the block runs."""
    with tempfile.TemporaryDirectory(dir=images_root(), prefix=".load-") as folder:
        yield Path(folder) / "image.tar"


def copy(source: str, target: str, environment: Mapping[str, str] | None = None) -> None:
    """Copy an image between a builder's storage, the store and a registry, all as skopeo names them."""
    # Uncompressed layers keep their digests, so that what is there already is neither read nor packed.
    flags = ["--quiet", "--insecure-policy", "--dest-oci-accept-uncompressed-layers"]
    run(["skopeo", "copy", *flags, source, target], env=environment, timeout=_COPY_SECONDS)
