"""The corpus is the same every time, and can be read: no character that the dictionary lacks."""

from __future__ import annotations

import hashlib
import random

import pytest

from benchmarks import corpus_draw as draw
from benchmarks.corpus import STRATA, ensure_fonts
from tests.runtime.pipeline.builders import ocr_bundle


@pytest.fixture(scope="module", autouse=True)
def fonts() -> None:
    """Debian's packages: installed as root, else named."""
    ensure_fonts()


@pytest.mark.parametrize("stratum", STRATA)
def test_the_same_seed_draws_the_same_bytes(stratum: str) -> None:
    drawer, (quality, *_) = STRATA[stratum]
    first, second = (draw.encoded(drawer(random.Random(f"test {stratum}")), quality) for _ in range(2))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


@pytest.mark.parametrize("stratum", STRATA)
def test_every_piece_lies_in_the_picture_and_no_two_of_a_row_meet(stratum: str) -> None:
    for seed in range(4):
        sheet = STRATA[stratum][0](random.Random(seed))
        width, height = sheet.image.size
        for line in sheet.lines:
            assert all(0 <= x <= width and 0 <= y <= height for x, y in line.box), line
        for one, next_ in zip(sheet.lines, sheet.lines[1:], strict=False):
            assert one.row != next_.row or one.box[1][0] < next_.box[0][0], (one, next_)


def test_every_character_is_in_the_recognisers_dictionary() -> None:
    known = set(ocr_bundle().file("recognise/characters.txt").read_text(encoding="utf-8")) | {" "}
    for stratum, (drawer, _) in STRATA.items():
        for seed in range(4):
            written = {character for line in drawer(random.Random(seed)).lines for character in line.text}
            assert written <= known, (stratum, written - known)
