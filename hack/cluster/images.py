"""The project's images: built from the Dockerfile, kept as OCI images, handed to whatever cluster is used.

    python -m hack.cluster.images build              operator and runtime into the cache
    python -m hack.cluster.images load [--name N]    ... and into the embedded node
    python -m hack.cluster.images kind [--name N]    ... and into a kind cluster
    python -m hack.cluster.images push PREFIX        ... and to a registry, as PREFIX/operator:dev ...

Building is skipped while the content that decides an image is unchanged. The embedded node gets only the
layers that it does not have yet, so that a change of source costs seconds and not the whole image again.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hack.cluster import constants, images_base, images_engine, packages
from hack.cluster.api import ClusterInfo
from hack.cluster.commands import run
from hack.cluster.errors import ClusterError, ProgramMissing
from hack.cluster.images_engine import Engine
from hack.cluster.images_inputs import Stamp, digest_of, inputs_of
from hack.cluster.images_store import Image, ImageStore
from hack.cluster.layout import cache_root
from hack.cluster.progress import Progress, seconds

REPOSITORY = Path(__file__).parents[2]
TARGETS = ("operator", "runtime")
PREFIX = "localhost/paddle-sla"
TAG = "dev"
BUILD_PACKAGES = ("buildah", "debootstrap", "skopeo")
PREFIX_VARIABLE = "IMAGE_PREFIX"
BASE_VARIABLE = "BASE_IMAGE"
PUBLIC_BASE = "debian:bookworm-slim"
# Scratch folders of this and the neighbouring modules, all of them used under the lock.
UNFINISHED = (".load-*", ".layer-*", ".base-*")
_BUILD_SECONDS = 1800.0
_COPY_SECONDS = 600.0


@dataclass(frozen=True)
class Settings:
    """How images are built: with which engine, on which base (None: made here), for which device."""

    engine: Engine
    base: str | None
    arguments: Mapping[str, str]

    @classmethod
    def of(cls, engine: Engine, environment: Mapping[str, str] = os.environ) -> Settings:
        """From the environment; BASE_IMAGE, DEVICE, PADDLE_WHEEL and PYTHON go to the Dockerfile."""
        made_here = engine.local_base and images_base.possible()
        base = environment.get(BASE_VARIABLE) or (None if made_here else PUBLIC_BASE)
        names = ("DEVICE", "PADDLE_WHEEL", "PYTHON")
        return cls(engine, base, {name: environment[name] for name in names if environment.get(name)})


def name_of(target: str) -> str:
    """The name that charts and tests use for a target's image on a cluster without a registry."""
    return f"{PREFIX}/{target}:{TAG}"


def images_root() -> Path:
    """Where images and their stamps are kept."""
    return cache_root() / "images"


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


def build(progress: Progress, targets: Sequence[str] = TARGETS) -> dict[str, Image]:
    """Build what changed among the targets; returns every one of them, whether or not it was built now."""
    unknown = sorted(set(targets) - set(TARGETS))
    if unknown:
        raise ClusterError(f"no image {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    engine = _engine(progress)
    settings = Settings.of(engine)
    with locked():
        _forget_killed_builds(engine)
        base = images_base.ensure(store(), _stamps(), progress) if settings.base is None else None
        before = {target: store().find(name_of(target)) for target in targets}
        built = {target: _ensure(target, settings, base, progress) for target in targets}
        if any(before[target] != built[target] for target in targets):
            store().prune()
    return built


def _engine(progress: Progress) -> Engine:
    """A working engine, and beside it the programs that its images pass through."""
    try:
        engine = images_engine.find()
    except ProgramMissing:
        if shutil.which("apt-get") is None:
            raise
        packages.ensure(BUILD_PACKAGES, progress)
        engine = images_engine.find()
    missing = [name for name in ("skopeo", "debootstrap") if shutil.which(name) is None]
    if missing and images_base.possible():
        packages.ensure(BUILD_PACKAGES, progress)
    elif "skopeo" in missing:
        raise ProgramMissing("skopeo is needed beside the image builder: install the package `skopeo`")
    return engine


def _storage(engine: Engine) -> dict[str, str]:
    return engine.environment(images_root() / "storage")


def _forget_killed_builds(engine: Engine) -> None:
    """A killed build leaves its containers in the storage, which is ours alone: remove them all."""
    environment = _storage(engine)
    if engine.program == "buildah" and environment:
        run(["buildah", "rm", "--all"], env=environment)


def _stamps() -> Path:
    return images_root() / "stamps"


def _ensure(target: str, settings: Settings, base: Image | None, progress: Progress) -> Image:
    chosen = base.digest if base else str(settings.base)
    inputs = digest_of(
        REPOSITORY, inputs_of(target), {**settings.arguments, "base": chosen, "by": settings.engine.program}
    )
    stamp_file = _stamps() / f"{target}.json"
    image = store().find(name_of(target))
    if image is not None and Stamp.read(stamp_file) == Stamp(inputs, image.digest):
        return image
    with progress.step(f"image {target} ({settings.engine.program})") as step:
        if base is not None:
            _give_base(settings.engine, base)
        command = settings.engine.build_command(
            target=target,
            tag=name_of(target),
            context=REPOSITORY,
            arguments={**settings.arguments, "BASE_IMAGE": settings.base or images_base.BASE},
        )
        storage = _storage(settings.engine)
        images_engine.follow(command, step, timeout=_BUILD_SECONDS, cwd=REPOSITORY, env=storage)
        step.note("taking its layers over")
        image = _take_over(settings.engine, name_of(target))
        step.done_as(f"{image.size_bytes / 1e6:.0f} MB in {len(image.blobs) - 2} layers")
    Stamp(inputs, image.digest).write(stamp_file)
    return image


def _give_base(engine: Engine, base: Image) -> None:
    """Put the base image where the engine looks for it, unless it is there."""
    wanted = base.blobs[1].removeprefix("sha256:")
    listed = [engine.program, "images", "--no-trunc", "-q", images_base.BASE]
    if wanted not in run(listed, env=_storage(engine), check=False).stdout:
        source = f"oci:{store().root}:{images_base.BASE}"
        _copy(source, engine.source(images_base.BASE), _storage(engine))


def _take_over(engine: Engine, name: str) -> Image:
    _copy(engine.source(name), f"oci:{store().root}:{name}", _storage(engine))
    image = store().find(name)
    if image is None:
        raise ClusterError(f"{name} did not arrive in {store().root}: is the disk full?")
    return image


def _copy(source: str, target: str, environment: Mapping[str, str] | None = None) -> None:
    # Uncompressed layers keep their digests, so that what is there already is neither read nor packed.
    flags = ["--quiet", "--insecure-policy", "--dest-oci-accept-uncompressed-layers"]
    run(["skopeo", "copy", *flags, source, target], env=environment, timeout=_COPY_SECONDS)


def load(cluster: ClusterInfo, progress: Progress, images: Sequence[Image]) -> None:
    """Hand images to the embedded node; of each only what the node does not have yet."""
    have = node_images(cluster)
    missing = [image for image in images if have.get(image.name) != image.digest]
    for image in missing:
        with progress.step(f"loading {image.name.rsplit('/', 1)[-1]} into the node") as step, locked():
            moved = _load_one(cluster, image)
            step.done_as(f"{moved / 1e6:.1f} MB of {image.size_bytes / 1e6:.0f} MB moved")


def _load_one(cluster: ClusterInfo, image: Image) -> int:
    blobs = frozenset(cluster.ctr("content", "ls", "-q").split())
    with _scratch() as archive:
        moved = store().archive(image, archive, without=blobs)
        cluster.load(archive)
    return moved


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=images_root(), prefix=".load-") as folder:
        yield Path(folder) / "image.tar"


def node_images(cluster: ClusterInfo) -> dict[str, str]:
    """Names and manifest digests of the images that the node has."""
    rows = [line.split() for line in cluster.ctr("images", "ls").splitlines()[1:]]
    return {row[0]: row[2] for row in rows if len(row) > 2}


def load_kind(progress: Progress, images: Sequence[Image], *, name: str = "kind") -> None:
    """Hand images to every node of a kind cluster, as archives, whichever engine built them."""
    if shutil.which("kind") is None:
        raise ProgramMissing("kind is not on PATH: install it, or push the images to a registry")
    for image in images:
        short = image.name.rsplit("/", 1)[-1]
        with progress.step(f"loading {short} into kind cluster {name}"), locked(), _scratch() as archive:
            store().archive(image, archive)
            run(["kind", "load", "image-archive", str(archive), "--name", name], timeout=_COPY_SECONDS)


def push(progress: Progress, images: Mapping[str, Image], prefix: str) -> dict[str, str]:
    """Send images to a registry; returns the references by which a cluster pulls them.

    Credentials are those that `skopeo login`, `podman login` or `docker login` left.
    """
    references: dict[str, str] = {}
    for target, image in images.items():
        references[target] = f"{prefix.rstrip('/')}/{target}:{TAG}"
        with progress.step(f"pushing {references[target]}"):
            _copy(f"oci:{store().root}:{image.name}", f"docker://{references[target]}")
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


def main(argv: Sequence[str] | None = None) -> int:
    """Build images and hand them over; see the module's description."""
    parser = argparse.ArgumentParser(
        prog="python -m hack.cluster.images",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build operator and runtime")
    loading = commands.add_parser("load", help="build, and load into the embedded node")
    loading.add_argument("--name", default=constants.DEFAULT_NAME, help="the cluster's name")
    kind = commands.add_parser("kind", help="build, and load into a kind cluster")
    kind.add_argument("--name", default="kind", help="the kind cluster's name")
    pushing = commands.add_parser("push", help="build, and push to a registry")
    pushing.add_argument("prefix", nargs="?", help=f"registry and path (default: ${PREFIX_VARIABLE})")
    arguments = parser.parse_args(argv)
    progress, started = Progress(), time.monotonic()
    try:
        built = build(progress)
        if arguments.command == "load":
            load(ClusterInfo(arguments.name), progress, list(built.values()))
        elif arguments.command == "kind":
            load_kind(progress, list(built.values()), name=arguments.name)
        elif arguments.command == "push":
            push(progress, built, arguments.prefix or registry_prefix())
    except ClusterError as problem:
        progress.say(f"error: {problem}")
        return 1
    progress.say(
        f"{', '.join(image.name for image in built.values())}: ready ({seconds(time.monotonic() - started)})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
