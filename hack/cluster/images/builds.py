"""Operator and runtime as images, built from the Dockerfile where what decides them has changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hack.cluster import packages
from hack.cluster.commands import run
from hack.cluster.errors import ClusterError, ProgramMissing
from hack.cluster.images import base as base_image
from hack.cluster.images import engine as engines
from hack.cluster.images.cache import PREFIX, copy, images_root, locked, stamps, store
from hack.cluster.images.engine import Engine
from hack.cluster.images.inputs import Stamp, digest_of, inputs_of
from hack.cluster.images.store import Image
from hack.cluster.progress import Progress

REPOSITORY = Path(__file__).parents[3]
TARGETS = ("operator", "runtime")
BUILD_PACKAGES = ("buildah", "debootstrap", "skopeo")
BASE_VARIABLE = "BASE_IMAGE"
PUBLIC_BASE = "debian:bookworm-slim"
_BUILD_SECONDS = 1800.0


@dataclass(frozen=True)
class Settings:
    """How images are built: with which engine, on which base (None: made here), for which device."""

    engine: Engine
    base: str | None
    arguments: Mapping[str, str]

    @classmethod
    def of(cls, engine: Engine, environment: Mapping[str, str] = os.environ) -> Settings:
        """From the environment; BASE_IMAGE, DEVICE, the two wheels and PYTHON go to the Dockerfile."""
        made_here = engine.local_base and base_image.possible()
        base = environment.get(BASE_VARIABLE) or (None if made_here else PUBLIC_BASE)
        names = ("DEVICE", "PADDLE_WHEEL", "ONNXRUNTIME_WHEEL", "PYTHON")
        return cls(engine, base, {name: environment[name] for name in names if environment.get(name)})


def name_of(target: str) -> str:
    """The name under which the newest image of a target is kept here."""
    return f"{PREFIX}/{target}:dev"


def ensure(progress: Progress) -> dict[str, Image]:
    """Build what changed; returns every target's image, whether or not it was built now.

    The names change with the content, as a registry's release tags do. Under one moving tag a new build
    would reach pods that restart and no others, and helm would see no change.
    """
    engine = _engine(progress)
    settings = Settings.of(engine)
    with locked():
        _forget_killed_builds(engine)
        base = base_image.ensure(store(), stamps(), progress) if settings.base is None else None
        before = {target: store().find(name_of(target)) for target in TARGETS}
        built = {target: _ensure(target, settings, base, progress) for target in TARGETS}
        if before != built:
            store().prune()
    return {target: image.named_by_content() for target, image in built.items()}


def _engine(progress: Progress) -> Engine:
    """A working engine, and beside it the programs that its images pass through."""
    try:
        engine = engines.find()
    except ProgramMissing:
        if shutil.which("apt-get") is None:
            raise
        packages.ensure(BUILD_PACKAGES, progress)
        engine = engines.find()
    missing = [name for name in ("skopeo", "debootstrap") if shutil.which(name) is None]
    if missing and base_image.possible():
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


def _ensure(target: str, settings: Settings, base: Image | None, progress: Progress) -> Image:
    chosen = base.digest if base else str(settings.base)
    inputs = digest_of(
        REPOSITORY, inputs_of(target), {**settings.arguments, "base": chosen, "by": settings.engine.program}
    )
    stamp_file = stamps() / f"{target}.json"
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
            arguments={**settings.arguments, "BASE_IMAGE": settings.base or base_image.BASE},
        )
        storage = _storage(settings.engine)
        engines.follow(command, step, timeout=_BUILD_SECONDS, cwd=REPOSITORY, env=storage)
        step.note("taking its layers over")
        image = _take_over(settings.engine, name_of(target))
        step.done_as(f"{image.size_bytes / 1e6:.0f} MB in {len(image.blobs) - 2} layers")
    Stamp(inputs, image.digest).write(stamp_file)
    return image


def _give_base(engine: Engine, base: Image) -> None:
    """Put the base image where the engine looks for it, unless it is there."""
    wanted = base.blobs[1].removeprefix("sha256:")
    listed = [engine.program, "images", "--no-trunc", "-q", base_image.BASE]
    if wanted not in run(listed, env=_storage(engine), check=False).stdout:
        source = f"oci:{store().root}:{base_image.BASE}"
        copy(source, engine.source(base_image.BASE), _storage(engine))


def _take_over(engine: Engine, name: str) -> Image:
    copy(engine.source(name), f"oci:{store().root}:{name}", _storage(engine))
    image = store().find(name)
    if image is None:
        raise ClusterError(f"{name} did not arrive in {store().root}: is the disk full?")
    return image
