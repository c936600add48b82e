"""How wrong a reading is: edit distance over the length of the truth, one rule for every system.

1. Each piece that a system found goes to the row of the truth whose band its middle lies in; a band runs
   along its row over the whole picture. A piece further than half a row's height from every band was never
   written: all its characters count as errors.
2. The pieces of a row are put in order along the row and joined by spaces. So it makes no difference whether
   a system finds words, lines, or a receipt's two columns at once.
3. Spaces: several count as one, and one that touches a Chinese character or full-width sign as none, since
   such text has no spaces and some systems write one between any two pieces. In English a missing space is
   an error.
4. Errors of all rows over characters of all rows.

`loose` is a second opinion: full-width signs equal to their plain forms (NFKC), no spaces at all.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.corpus import Picture
from benchmarks.corpus_draw import Line, Point
from paddle_runtime.text_error import edit_distance

# Chinese characters, their punctuation, full-width forms.
WIDE = r"[　-〿㐀-䶿一-鿿豈-﫿＀-￯‘’“”…—]"
AROUND_WIDE = re.compile(rf"(?<={WIDE})\s+|\s+(?={WIDE})")
# Beyond this share of its height above or below a row a piece does not belong to it.
REACH = 0.5


@dataclass(frozen=True)
class Piece:
    """A text that a system found, with the corners of where."""

    text: str
    box: Sequence[Point]


@dataclass(frozen=True)
class Errors:
    """Wrong characters and characters of the truth, by the strict and by the loose rule."""

    strict: int
    loose: int
    characters: int
    loose_characters: int

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.strict + other.strict,
            self.loose + other.loose,
            self.characters + other.characters,
            self.loose_characters + other.loose_characters,
        )

    @property
    def rate(self) -> float:
        return self.strict / max(1, self.characters)

    @property
    def loose_rate(self) -> float:
        return self.loose / max(1, self.loose_characters)


NO_ERRORS = Errors(0, 0, 0, 0)


def errors(picture: Picture, pieces: Sequence[Piece]) -> Errors:
    """What a reading of one picture has wrong."""
    bands, texts = bands_of(picture), picture.rows()
    found: list[list[tuple[float, str]]] = [[] for _ in bands]
    total = NO_ERRORS
    for piece in pieces:
        x, y = middle(piece.box)
        places = [band.place(x, y) for band in bands]
        nearest = min(range(len(bands)), key=lambda row: places[row][1])
        along, away = places[nearest]
        if away > REACH:
            total += compared("", piece.text)
        else:
            found[nearest].append((along, piece.text))
    for text, row in zip(texts, found, strict=True):
        total += compared(text, " ".join(part for _, part in sorted(row)))
    return total


def compared(truth: str, got: str) -> Errors:
    """One row."""
    strict, loose = plain(truth), bare(truth)
    return Errors(edit_distance(strict, plain(got)), edit_distance(loose, bare(got)), len(strict), len(loose))


def plain(text: str) -> str:
    """Spaces by the third rule."""
    return " ".join(AROUND_WIDE.sub("", text).split())


def bare(text: str) -> str:
    """No spaces, compatibility forms made equal."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def middle(box: Sequence[Point]) -> Point:
    return sum(x for x, _ in box) / len(box), sum(y for _, y in box) / len(box)


@dataclass(frozen=True)
class Band:
    """A row: a straight line of some thickness."""

    x: float
    y: float
    along: Point
    height: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        """How far along the row, and how far outside of it in shares of its height (0 is inside)."""
        dx, dy = x - self.x, y - self.y
        across = abs(dy * self.along[0] - dx * self.along[1])
        return dx * self.along[0] + dy * self.along[1], max(0.0, across / self.height - 0.5)


def bands_of(picture: Picture) -> list[Band]:
    """The rows of a picture, in reading order."""
    rows: dict[int, list[Line]] = {}
    for line in picture.lines:
        rows.setdefault(line.row, []).append(line)
    return [band_of(rows[row]) for row in sorted(rows)]


def band_of(lines: Sequence[Line]) -> Band:
    """The band through the pieces of a row."""
    left = min((line.box for line in lines), key=lambda box: box[0][0])
    right = max((line.box for line in lines), key=lambda box: box[1][0])
    start = ((left[0][0] + left[3][0]) / 2, (left[0][1] + left[3][1]) / 2)
    end = ((right[1][0] + right[2][0]) / 2, (right[1][1] + right[2][1]) / 2)
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    heights = [math.dist(line.box[0], line.box[3]) for line in lines]
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    return Band(*start, along, max(heights))
