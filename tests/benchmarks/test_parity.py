"""Which lines of two readings are the same one, and who of two is right."""

from __future__ import annotations

import pytest

from benchmarks.parity import Difference, crops_compared, pairs_of, shared, who_is_right
from benchmarks.text_error import Piece


def piece(text: str, left: float, top: float, width: float = 100, height: float = 20) -> Piece:
    right, bottom = left + width, top + height
    return Piece(text, [(left, top), (right, top), (right, bottom), (left, bottom)])


@pytest.mark.parametrize(("left", "share"), [(0, 1.0), (50, 1 / 3), (100, 0.0), (500, 0.0)])
def test_boxes_share_their_intersection_over_their_union(left: float, share: float) -> None:
    assert shared(piece("", 0, 0).box, piece("", left, 0).box) == pytest.approx(share, abs=1e-6)


def test_lines_are_matched_once_and_the_best_first() -> None:
    ours = [piece("a", 0, 0), piece("b", 0, 100), piece("c", 0, 200)]
    theirs = [piece("B", 10, 101), piece("A", 20, 0), piece("near A", 2, 1), piece("D", 0, 900)]
    pairs, only_ours, only_theirs = pairs_of(ours, theirs)
    assert [(a.text, b.text) for a, b in pairs] == [("a", "near A"), ("b", "B")]
    assert [each.text for each in only_ours] == ["c"]
    assert [each.text for each in only_theirs] == ["A", "D"]


def test_the_truth_says_who_is_right() -> None:
    truth = "Total 12.50 EUR"
    told = [("Total 12.50 EUR", "Total12.50 EUR"), ("Totai", "Total"), ("x", "y"), ("Total", "EUR")]
    counts = who_is_right([Difference("p", mine, other, truth) for mine, other in told])
    assert counts == {"ours": 1, "theirs": 1, "neither": 1, "both": 1}


def test_crops_are_compared_with_and_without_spaces() -> None:
    crops = {"/x/a.png": ("a b", 0.9), "/x/b.png": ("ab", 0.9), "/x/c.png": ("c", 0.9)}
    figures = crops_compared(crops, [("ab", 0.9), ("ab", 0.8), ("d", 0.7)])
    assert (figures["lines"], figures["equal"], figures["equalWithoutSpaces"]) == (3, 0.3333, 0.6667)
    assert [each["line"] for each in figures["differences"]] == ["a", "c"]
