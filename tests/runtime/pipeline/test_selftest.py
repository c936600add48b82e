"""Edit distance and verdicts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.pipeline.orient import doubtful
from paddle_runtime.pipeline.selftest import edit_distance, error_rate

texts = st.text("ab中", max_size=12)


def test_known_distances() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert error_rate("abcd", "abxd") == 0.25
    assert error_rate("", "") == 0
    assert error_rate("", "x") == 1


@given(texts, texts, texts)
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


def test_a_lone_upside_down_line_on_an_upright_page_is_read_both_ways() -> None:
    assert doubtful([False, True, False, False]) == [1]


def test_an_upside_down_page_is_believed_but_for_its_upright_line() -> None:
    assert doubtful([True, True, False, True]) == [2]


def test_one_or_two_upside_down_lines_alone_are_read_both_ways() -> None:
    assert doubtful([True]) == [0]
    assert doubtful([True, True]) == [0, 1]
    assert doubtful([False, False]) == []
