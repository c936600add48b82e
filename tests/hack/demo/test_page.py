"""Pages are rendered with the font of this tree, which has what is written on them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from hack.demo.page import FONT, INVOICE, draw_result, font, render
from hack.demo.site import ROOT

NO_CHARACTER = "\ue000"  # of Unicode's private use: no font of text has it


def drawn(character: str) -> bytes:
    return bytes(font(40).getmask(character))


def test_the_font_lies_in_this_tree_with_its_licence() -> None:
    assert FONT.is_relative_to(ROOT)
    assert "SIL OPEN FONT LICENSE" in (FONT.parent / "OFL.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", [*INVOICE, "春眠不觉晓处处闻啼鸟", "（１２３）、。《》！？；：“”￥%&@#~"])
def test_every_character_of_a_line_has_a_picture_of_its_own(line: str) -> None:
    missing = drawn(NO_CHARACTER)
    assert [character for character in line if drawn(character) == missing] == []


def test_the_picture_of_what_was_read_has_the_page_on_the_left_and_the_text_on_the_right() -> None:
    page = render(INVOICE[:1])
    line = {"text": INVOICE[0], "box": [[48, 40], [300, 40], [300, 90], [48, 90]]}
    picture = Image.open(io.BytesIO(draw_result(page.png, [line])))
    whole = Image.open(io.BytesIO(page.png))
    assert picture.size == (whole.width * 2, whole.height)
    right = picture.crop((whole.width, 0, picture.width, picture.height))
    assert (20, 60, 140) in {pixel for _, pixel in right.getcolors(1 << 20)}
