"""Handing images over: to the embedded node, to a kind cluster, to a registry.

The embedded node gets only the layers that it does not have yet, so that a change of source costs seconds and
not the whole image again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping

from hack.cluster.api import ClusterInfo
from hack.cluster.commands import run
from hack.cluster.errors import ClusterError, ProgramMissing
from hack.cluster.images.builds import name_of
from hack.cluster.images.cache import archive_file, copy, locked, store
from hack.cluster.images.store import Image
from hack.cluster.progress import Progress

PREFIX_VARIABLE = "IMAGE_PREFIX"
_LOAD_SECONDS = 600.0


def load(cluster: ClusterInfo, progress: Progress, images: Iterable[Image]) -> None:
    """Hand images to the embedded node; of each only what the node does not have yet."""
    have = node_images(cluster)
    missing = [image for image in images if have.get(image.name) != image.digest]
    for image in missing:
        with progress.step(f"loading {image.name.rsplit('/', 1)[-1]} into the node") as step, locked():
            moved = _load_one(cluster, image)
            step.done_as(f"{moved / 1e6:.1f} MB of {image.size_bytes / 1e6:.0f} MB moved")


def _load_one(cluster: ClusterInfo, image: Image) -> int:
    blobs = frozenset(cluster.ctr("content", "ls", "-q").split())
    with archive_file() as archive:
        moved = store().archive(image, archive, without=blobs)
        cluster.load(archive)
    return moved


def node_images(cluster: ClusterInfo) -> dict[str, str]:
    """Names and manifest digests of the images that the node has."""
    rows = [line.split() for line in cluster.ctr("images", "ls").splitlines()[1:]]
    return {row[0]: row[2] for row in rows if len(row) > 2}


def load_kind(
    progress: Progress,
    images: Iterable[Image],
    *,
    name: str = "kind",
    environment: Mapping[str, str] | None = None,
) -> None:
    """Hand images to every node of a kind cluster: as archives, which kind takes whatever engine it uses."""
    if shutil.which("kind") is None:
        raise ProgramMissing("kind is not on PATH: install it, or push the images to a registry")
    for image in images:
        short = image.name.rsplit("/", 1)[-1]
        with progress.step(f"loading {short} into kind cluster {name}"), locked(), archive_file() as archive:
            store().archive(image, archive)
            command = ["kind", "load", "image-archive", str(archive), "--name", name]
            run(command, timeout=_LOAD_SECONDS, env=environment)


def push(progress: Progress, images: Mapping[str, Image], prefix: str) -> dict[str, str]:
    """Send images to a registry; returns the references by which a cluster pulls them.

    Credentials are those that `skopeo login`, `podman login` or `docker login` left.
    """
    references: dict[str, str] = {}
    for target, image in images.items():
        references[target] = f"{prefix.rstrip('/')}/{target}:{image.name.rpartition(':')[2]}"
        with progress.step(f"pushing {references[target]}"):
            copy(f"oci:{store().root}:{name_of(target)}", f"docker://{references[target]}")
    return references


def registry_prefix(environment: Mapping[str, str] = os.environ) -> str:
    """The registry that a cluster of the user's own pulls from; says how to name one when none is given."""
    prefix = environment.get(PREFIX_VARIABLE, "")
    if not prefix:
        raise ClusterError(
            f"a cluster behind KUBECONFIG pulls its images from a registry: set {PREFIX_VARIABLE}, for "
            "instance IMAGE_PREFIX=registry.example.com/you/paddle-sla, log in to it, and try again; "
            "without KUBECONFIG the embedded cluster is used, which needs none"
        )
    return prefix
