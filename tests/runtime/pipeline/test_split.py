"""Cutting a line that is too wide."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_runtime.pipeline.picture import Picture
from paddle_runtime.pipeline.split import MAX_SQUEEZE, cuts, join


def line(words: list[int], gap: int, height: int = 48) -> Picture:
    """Black words of the given widths on white, with gaps between."""
    width = sum(words) + gap * (len(words) + 1)
    picture = np.full((height, width, 3), 255, dtype=np.uint8)
    left = gap
    for word in words:
        picture[8:40, left : left + word] = 0
        left += word + gap
    return picture


def test_a_line_that_fits_is_not_cut() -> None:
    assert cuts(line([100] * 10, 20), max_width=1600) == []


def test_a_line_is_cut_in_a_gap() -> None:
    picture = line([100] * 30, 20)
    for cut in cuts(picture, max_width=1600):
        assert (picture[:, cut.column] == 255).all()
        assert cut.gap >= 18


def test_a_line_without_a_gap_is_cut_at_the_last_place_that_fits() -> None:
    found = cuts(np.zeros((48, 4000, 3), dtype=np.uint8) + np.uint8(200), max_width=1600)
    assert found


@settings(max_examples=40)
@given(words=st.lists(st.integers(5, 900), min_size=1, max_size=30), widest=st.integers(200, 1600))
def test_pieces_are_in_order_and_none_is_wider_than_allowed(words: list[int], widest: int) -> None:
    picture = line(words, 12)
    edges = [0, *(cut.column for cut in cuts(picture, widest)), picture.shape[1]]
    pieces = np.diff(edges)
    assert (pieces > 0).all()
    assert pieces.max() <= widest * MAX_SQUEEZE


def test_a_wide_gap_between_latin_words_was_a_space() -> None:
    assert join(["agreements ", "keep", "promises"], [20, 3], 48) == "agreements keeppromises"


def test_chinese_is_joined_without_a_space() -> None:
    assert join(["服务水平", "协议"], [20], 48) == "服务水平协议"


def test_an_empty_piece_changes_nothing() -> None:
    assert join(["", "a", ""], [20, 20], 48) == "a"
