"""A line wider than every bucket is cut between words, where no ink stands, and its texts joined again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddle_runtime.pipeline.picture import Picture

# Narrowing a line by up to this factor loses no character; beyond it the line is cut.
MAX_SQUEEZE = 1.15
# A gap this wide (share of the line's height) between Latin letters is a space.
SPACE_SHARE = 0.15
INK_DIFFERENCE = 40


@dataclass(frozen=True)
class Cut:
    """Where a line is cut (column) and how wide the empty gap around it is."""

    column: int
    gap: int


def cuts(line: Picture, max_width: int) -> list[Cut]:
    """Columns at which to cut a line so that every piece is at most max_width wide."""
    width = line.shape[1]
    if width <= max_width * MAX_SQUEEZE:
        return []
    empty = ~ink_columns(line)
    found: list[Cut] = []
    start = 0
    while width - start > max_width * MAX_SQUEEZE:
        # Not before half of a piece: a few long pieces, and always an advance.
        cut = widest_gap(empty, start + max_width // 2, min(start + max_width, width - 1))
        found.append(cut)
        start = cut.column
    return found


def ink_columns(line: Picture) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For every column whether anything but background stands in it."""
    grey = line.mean(axis=2)
    # A line's box has room around the letters, so its first and last rows show the ground.
    background = np.median(grey[[0, 1, -2, -1]])
    ink: np.ndarray[tuple[int], np.dtype[np.bool_]] = (np.abs(grey - background) > INK_DIFFERENCE).any(axis=0)
    return ink


def widest_gap(empty: np.ndarray[tuple[int], np.dtype[np.bool_]], low: int, high: int) -> Cut:
    """The middle of the widest run of empty columns within [low, high); `high` when there is none."""
    best = Cut(high, 0)
    column = low
    while column < high:
        if not empty[column]:
            column += 1
            continue
        end = column
        while end < high and empty[end]:
            end += 1
        if end - column >= best.gap:
            best = Cut((column + end) // 2, end - column)
        column = end
    return best


def join(texts: Sequence[str], gaps: Sequence[int], height: int) -> str:
    """Pieces to one text; a wide gap between two Latin characters was a space."""
    joined = texts[0]
    for text, gap in zip(texts[1:], gaps, strict=True):
        latin = joined[-1:].isascii() and text[:1].isascii() and bool(joined) and bool(text)
        joined = joined.rstrip() + (" " if latin and gap >= SPACE_SHARE * height else "") + text.lstrip()
    return joined
