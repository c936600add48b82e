"""One rule of what counts as an error of reading, for every system."""

from __future__ import annotations

import math

import pytest

from benchmarks.corpus import Picture
from benchmarks.corpus_draw import Line, Point
from benchmarks.text_error import Piece, errors, plain

ROWS = (("合计", "12.50"), ("Olive oil", "3.20"), ("谢谢惠顾，欢迎再次光临",))


def box(x: float, y: float, width: float, height: float = 20, angle: float = 0) -> tuple[Point, ...]:
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    cos, sin = math.cos(angle), math.sin(angle)
    return tuple((a * cos - b * sin, a * sin + b * cos) for a, b in corners)


def receipt(angle: float = 0) -> Picture:
    """Three rows, the first two with a second piece on the right."""
    lines = tuple(
        Line(text, row, box(20 + 200 * column, 30 * row, 10 * len(text), angle=angle))
        for row, pieces in enumerate(ROWS)
        for column, text in enumerate(pieces)
    )
    return Picture("receipt.png", "receipts", "image/png", 400, 100, b"", lines)


def as_found(picture: Picture) -> list[Piece]:
    return [Piece(line.text, line.box) for line in picture.lines]


@pytest.mark.parametrize("angle", [0, 0.1, -0.1])
def test_the_truth_has_no_errors_whatever_the_order_it_is_found_in(angle: float) -> None:
    picture = receipt(angle)
    assert errors(picture, as_found(picture)[::-1]).strict == 0
    assert errors(picture, as_found(picture)).characters == sum(len(plain(row)) for row in picture.rows())


def test_whole_rows_and_single_words_count_alike() -> None:
    rows = [Piece(" ".join(pieces), box(20, 30 * row, 250)) for row, pieces in enumerate(ROWS)]
    words = [
        *(Piece("合", box(20, 0, 10)), Piece("计", box(30, 0, 10)), Piece("12.50", box(220, 0, 50))),
        *(Piece("Olive", box(20, 30, 50)), Piece("oil", box(80, 30, 30)), Piece("3.20", box(220, 30, 40))),
        Piece("谢谢惠顾，欢迎再次光临", box(20, 60, 110)),
    ]
    assert errors(receipt(), rows).strict == errors(receipt(), words).strict == 0


def test_a_missing_line_a_wrong_letter_and_an_invented_piece_each_count_by_character() -> None:
    found = as_found(receipt())
    assert errors(receipt(), found[:-1]).strict == len("谢谢惠顾，欢迎再次光临")
    assert (
        errors(
            receipt(), [Piece("0live oil" if p.text == "Olive oil" else p.text, p.box) for p in found]
        ).strict
        == 1
    )
    assert errors(receipt(), [*found, Piece("ghost", box(20, 300, 50))]).strict == len("ghost")


def test_a_missing_space_is_an_error_in_english_and_not_beside_chinese() -> None:
    assert plain("合同 第 3 条  of  two") == "合同第3条of two"
    squeezed = [Piece(p.text.replace(" ", ""), p.box) for p in as_found(receipt())]
    assert errors(receipt(), squeezed).strict == 1
    assert errors(receipt(), squeezed).loose == 0


def test_the_loose_rule_takes_full_width_signs_for_their_plain_forms() -> None:
    plain_comma = [Piece(p.text.replace("，", ","), p.box) for p in as_found(receipt())]
    assert errors(receipt(), plain_comma).strict == 1
    assert errors(receipt(), plain_comma).loose == 0
