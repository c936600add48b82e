"""Edit distance against its definition, and as a metric."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.text_error import edit_distance, error_rate

texts = st.text("ab中", max_size=12)
long_texts = st.text("abc ", max_size=150)


def by_the_table(left: str, right: str) -> int:
    """The textbook's way."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def test_known_distances() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == edit_distance("abc", "") == 3
    assert error_rate("abcd", "abxd") == 0.25
    assert error_rate("", "") == 0
    assert error_rate("", "x") == 1


@given(long_texts, long_texts)
def test_it_is_what_the_table_says_also_beyond_a_machine_word(a: str, b: str) -> None:
    assert edit_distance(a, b) == by_the_table(a, b)


@given(texts, texts, texts)
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


def test_two_long_pages_are_compared_at_once() -> None:
    began = time.monotonic()
    assert edit_distance("ab" * 5000, "ba" * 5000) == 2
    assert time.monotonic() - began < 5  # the table takes a minute
