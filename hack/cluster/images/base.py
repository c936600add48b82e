"""The base image where no registry can be reached: Debian with Python, made by debootstrap.

debootstrap checks Debian's signatures on what it downloads. Kept in the cache and made again only when the
recipe below changes; the project's Dockerfile takes it as BASE_IMAGE in place of debian:bookworm-slim.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from hack.cluster.commands import run
from hack.cluster.errors import ProgramMissing
from hack.cluster.images.engine import follow
from hack.cluster.images.inputs import Stamp
from hack.cluster.images.store import Image, ImageStore
from hack.cluster.progress import Progress, Step

BASE = "localhost/paddle-sla/base:bookworm"
_SUITE = "bookworm"
_PACKAGES = ("python3", "ca-certificates")
# Emptied: what a container never reads, and what differs from one machine or day to the next.
_EMPTIED = (
    "dev",
    "run",
    "tmp",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache",
    "var/lib/apt/lists",
    "var/log",
)
_REMOVED = ("etc/hostname", "etc/machine-id", "etc/resolv.conf", "var/lib/dpkg/status-old")
_CONFIG = {
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "Cmd": ["/bin/sh"],
}
_BUILD_SECONDS = 1200.0
_MTIME = "@1700000000"


def recipe() -> str:
    """A hash of all that decides the base image, apart from Debian's own updates."""
    parts = [_SUITE, _PACKAGES, _EMPTIED, _REMOVED, _CONFIG, _MTIME, os.uname().machine]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def possible() -> bool:
    """Whether this machine can make the base image: debootstrap, or apt-get to install it, and root."""
    return os.geteuid() == 0 and any(shutil.which(name) for name in ("debootstrap", "apt-get"))


def ensure(store: ImageStore, stamps: Path, progress: Progress) -> Image:
    """The base image in the store; made when it is missing or its recipe changed."""
    stamp, image = Stamp.read(stamps / "base.json"), store.find(BASE)
    if image is not None and stamp == Stamp(recipe(), image.digest):
        return image
    if shutil.which("debootstrap") is None:
        raise ProgramMissing("debootstrap is needed for the base image: `apt-get install debootstrap`")
    store.root.mkdir(parents=True, exist_ok=True)
    with progress.step(f"base image: Debian {_SUITE} with {', '.join(_PACKAGES)}") as step:
        image = _make(store, step)
        step.done_as(f"{image.size_bytes / 1e6:.0f} MB")
    Stamp(recipe(), image.digest).write(stamps / "base.json")
    return image


def _make(store: ImageStore, step: Step) -> Image:
    with tempfile.TemporaryDirectory(dir=store.root, prefix=".base-") as scratch:
        root, layer = Path(scratch) / "root", Path(scratch) / "layer.tar"
        step.note("debootstrap downloads and unpacks about 60 packages")
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", _SUITE, str(root)]
        follow(command, step, timeout=_BUILD_SECONDS, cwd=store.root)
        _trim(root)
        step.note("packing")
        tar = ["tar", "--sort=name", f"--mtime={_MTIME}", "--numeric-owner", "-C", str(root)]
        run([*tar, "-cf", str(layer), "."], timeout=_BUILD_SECONDS)
        return store.add(BASE, [layer], config=_CONFIG)


def _trim(root: Path) -> None:
    for folder in _EMPTIED:
        for entry in (root / folder).iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    for name in _REMOVED:
        (root / name).unlink(missing_ok=True)
    for path in (root / "usr/share/doc").rglob("*"):
        # Licences stay.
        if path.name != "copyright" and not path.is_dir():
            path.unlink()
    for cache in root.rglob("__pycache__"):
        shutil.rmtree(cache)
