"""The pictures that everything is measured on: four strata of 50, with the exact text and its boxes.

    python -m benchmarks.corpus                 make it (half a minute), check its hash, say where it is
    python -m benchmarks.corpus --pin           write the hash of what was made into benchmarks/corpus.sha256

lines     one line each, cut out close; PNG
receipts  slips of up to 720 pixels, two columns; PNG and JPEG
pages     A4 of 1 to 2 megapixels with headings, paragraphs, tables; PNG and JPEG
photos    letters on a table, turned, tilted, unevenly lit, blurred, noisy; JPEG

It is seeded: the same fonts and the same Pillow make the same bytes, and benchmarks/corpus.sha256 says which.
The fonts are Debian's fonts-noto-cjk, fonts-dejavu-core and fonts-liberation, installed by this script when
it runs as root.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks import corpus_draw as draw
from hack.venv import CACHE

SEED = 20261125
EACH = 50
FOLDER = CACHE / "corpus"
PIN = Path(__file__).with_suffix(".sha256")
PACKAGES = ("fonts-noto-cjk", "fonts-dejavu-core", "fonts-liberation")
# Every second receipt and page is a JPEG; a camera writes nothing else.
STRATA: Mapping[str, tuple[Callable[[random.Random], draw.Sheet], tuple[int | None, ...]]] = {
    "lines": (draw.single_line, (None,)),
    "receipts": (draw.receipt, (None, 90, None, 80)),
    "pages": (draw.page, (None, 92, None, 85)),
    "photos": (draw.photo, (85, 70, 55)),
}


@dataclass(frozen=True)
class Picture:
    """One file with its truth: pieces of text, in reading order, each with its row and its box."""

    name: str
    stratum: str
    media_type: str
    width: int
    height: int
    body: bytes
    lines: tuple[draw.Line, ...]

    def rows(self) -> list[str]:
        """The text as a reader takes it: one entry a row, the pieces of a row apart by a space."""
        found: dict[int, list[str]] = {}
        for line in self.lines:
            found.setdefault(line.row, []).append(line.text)
        return [" ".join(found[row]) for row in sorted(found)]


def corpus(folder: Path = FOLDER) -> list[Picture]:
    """All pictures, made when they are not there or are others than the committed hash says."""
    pinned = PIN.read_text().strip() if PIN.exists() else ""
    if not (folder / "corpus.json").exists() or digest(folder) != pinned:
        make(folder)
        if (made := digest(folder)) != pinned:
            raise SystemExit(
                f"the corpus in {folder} has sha256 {made}, benchmarks/corpus.sha256 says {pinned}: another "
                "version of the fonts or of Pillow made other pictures, and their figures cannot be compared "
                "with the committed ones. Use Debian 12's fonts and the locked Pillow, or pin what you have "
                "with: python -m benchmarks.corpus --pin"
            )
    return load(folder)


def interleaved(pictures: Sequence[Picture], most: int | None = None) -> list[Picture]:
    """The strata in turn, so that any beginning of the list holds as many of each."""
    kinds = {name: [each for each in pictures if each.stratum == name] for name in STRATA}
    return [each for group in zip(*kinds.values(), strict=True) for each in group][:most]


def make(folder: Path) -> None:
    """Draw every picture into an empty folder."""
    ensure_fonts()
    scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    entries = [make_one(scratch, stratum, number) for stratum in STRATA for number in range(EACH)]
    text = json.dumps({"seed": SEED, "pictures": entries}, ensure_ascii=False, indent=1)
    (scratch / "corpus.json").write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)


def make_one(folder: Path, stratum: str, number: int) -> dict[str, object]:
    """Draw one picture; its entry in corpus.json."""
    drawer, qualities = STRATA[stratum]
    chance = random.Random(f"{SEED} {stratum} {number}")
    sheet = drawer(chance)
    quality = qualities[number % len(qualities)]
    name = f"{stratum}-{number:02d}.{'png' if quality is None else 'jpg'}"
    (folder / name).write_bytes(draw.encoded(sheet, quality))
    lines = [
        {"text": line.text, "row": line.row, "box": [[round(x, 1), round(y, 1)] for x, y in line.box]}
        for line in sheet.lines
    ]
    width, height = sheet.image.size
    return {"name": name, "stratum": stratum, "width": width, "height": height, "lines": lines}


def load(folder: Path) -> list[Picture]:
    """The pictures of a folder that `make` wrote."""
    listed = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    return [
        Picture(
            name=entry["name"],
            stratum=entry["stratum"],
            media_type="image/png" if entry["name"].endswith(".png") else "image/jpeg",
            width=entry["width"],
            height=entry["height"],
            body=(folder / entry["name"]).read_bytes(),
            lines=tuple(
                draw.Line(line["text"], line["row"], tuple((x, y) for x, y in line["box"]))
                for line in entry["lines"]
            ),
        )
        for entry in listed["pictures"]
    ]


def digest(folder: Path) -> str:
    """One hash over every file's name and bytes."""
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        whole.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


@cache
def ensure_fonts() -> None:
    """Install Debian's packages as root, else say which are needed."""
    missing = [path for path in (*draw.CHINESE, *draw.LATIN) if not path.exists()]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit(f"{missing[0]} is not there: install {' '.join(PACKAGES)}")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=FOLDER)
    parser.add_argument("--pin", action="store_true")
    asked = parser.parse_args()
    if asked.pin:
        make(asked.into)
        PIN.write_text(digest(asked.into) + "\n")
    pictures = corpus(asked.into)
    for stratum in STRATA:
        here = [each for each in pictures if each.stratum == stratum]
        lines, characters = sum(len(p.lines) for p in here), sum(len(t) for p in here for t in p.rows())
        size = sum(len(p.body) for p in here)
        print(f"{stratum}: {len(here)} pictures, {lines} lines, {characters} characters, {size:,} bytes")
    print(f"{asked.into}: sha256 {digest(asked.into)}")


if __name__ == "__main__":
    main()
