"""A sample of traffic: a folder of pictures, each with what it says beside it; looked through before use."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from paddle_runtime.errors import Fault, Invalid
from paddle_runtime.pipeline.picture import decode_picture

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
MAX_NAMED = 5  # of the wrong files in one message


class SampleFault(Fault):
    """A sample cannot be used: the message names the file and what to do."""


def sample_pictures(folder: Path, limit: int) -> list[Path]:
    """Pictures in a folder and below it, spread evenly over all that there are."""
    found = _pictures(folder)
    step = max(1, math.ceil(len(found) / limit))
    return found[::step]


def checked_pictures(folder: Path, limit: int, told: Callable[[str, float], None]) -> list[Path]:
    """The same, each decoded once and its text read: what is wrong is said before minutes of measuring.

    told(picture, share done). SampleFault: nothing there, or files that are no pictures or no text.
    """
    pictures = sample_pictures(folder, limit)
    if not pictures:
        raise SampleFault(
            f"{folder} holds no picture ({', '.join(sorted(PICTURE_SUFFIXES))}): "
            "put some of your traffic there."
        )
    problems = []
    for number, picture in enumerate(pictures):
        told(f"checking {picture.name}", number / len(pictures))
        try:
            decode_picture(memoryview(picture.read_bytes()))
        except Invalid as fault:
            problems.append(f"{picture}: {fault}")
        text_beside(picture)
    if problems:
        more = f" And {len(problems) - MAX_NAMED} more." if len(problems) > MAX_NAMED else ""
        raise SampleFault(
            f"{len(problems)} of {len(pictures)} pictures cannot be read. "
            f"{' '.join(problems[:MAX_NAMED])}{more} "
            "Replace them or take them out of the sample; nothing was measured yet."
        )
    return pictures


def text_beside(picture: Path) -> str | None:
    """What a picture of a sample says, from the file of its name that ends in .txt; None without one."""
    file = picture.with_suffix(".txt")
    try:
        return file.read_text(encoding="utf-8") if file.exists() else None
    except UnicodeDecodeError as error:
        raise SampleFault(
            f"{file} is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8."
        ) from error


def texts_alone(folder: Path) -> Sequence[Path]:
    """Texts without a picture of their name: a wrong name, or no right text at all."""
    named = {picture.with_suffix("") for picture in _pictures(folder)}
    return sorted(path for path in folder.rglob("*.txt") if path.with_suffix("") not in named)


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
