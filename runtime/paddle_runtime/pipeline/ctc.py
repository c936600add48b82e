"""Connectionist temporal classification: rows of class probabilities to text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddle_runtime.errors import BundleFault, BundleReason

BLANK = 0


@dataclass(frozen=True)
class Text:
    """What a line says; the score is the mean probability of its characters, 0 for no character."""

    text: str
    score: float


def load_characters(data: bytes, classes: int | None = None) -> tuple[str, ...]:
    """A dictionary of one character a line to the table of classes: blank first, space last."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise BundleFault(BundleReason.BundleInvalid, f"the dictionary is not UTF-8: {error}") from error
    if lines and not lines[-1]:
        lines.pop()
    characters = ("", *(line.rstrip("\r") for line in lines), " ")
    if classes is not None and classes != len(characters):
        raise BundleFault(
            BundleReason.LoadFailed,
            f"the recogniser tells {classes} classes apart, its dictionary gives {len(characters)} "
            f"({len(characters) - 2} characters, blank and space): put the dictionary that it was trained "
            "with into the bundle.",
        )
    return characters


def decode_row(probabilities: npt.NDArray[np.floating], characters: Sequence[str]) -> Text:
    """One line: the likeliest class at each step, repeats joined, blanks dropped."""
    classes = probabilities.argmax(axis=1)
    kept = classes != BLANK
    kept[1:] &= classes[1:] != classes[:-1]
    steps = np.flatnonzero(kept)
    if steps.size == 0:
        return Text("", 0.0)
    chosen = classes[steps]
    score = float(probabilities[steps, chosen].mean())
    return Text("".join(characters[index] for index in chosen).strip(), score)
