"""Classes to text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.pipeline.ctc import BLANK, decode_row, load_characters

CHARACTERS = load_characters("甲\n乙\nc\n".encode())


def rows(classes: list[int], probability: float = 0.9) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    values = np.full((len(classes), len(CHARACTERS)), (1 - probability) / len(CHARACTERS), dtype=np.float32)
    values[np.arange(len(classes)), classes] = probability
    return values


def test_the_table_is_blank_then_the_dictionary_then_space() -> None:
    assert CHARACTERS == ("", "甲", "乙", "c", " ")


def test_windows_line_ends_are_no_part_of_a_character() -> None:
    assert load_characters(b"a\r\nb\r\n") == ("", "a", "b", " ")


def test_repeats_join_and_a_blank_parts_them() -> None:
    assert decode_row(rows([1, 1, BLANK, 1, 2, 2, 3]), CHARACTERS).text == "甲甲乙c"


def test_only_blanks_are_no_text_with_score_zero() -> None:
    answer = decode_row(rows([BLANK] * 6), CHARACTERS)
    assert (answer.text, answer.score) == ("", 0.0)


def test_the_score_is_the_mean_of_the_characters_not_of_the_blanks() -> None:
    values = rows([1, BLANK, 2])
    values[2, 2] = 0.5
    assert decode_row(values, CHARACTERS).score == pytest.approx(0.7)


def test_space_inside_stays_and_at_the_ends_goes() -> None:
    assert decode_row(rows([4, 1, 4, 2, 4]), CHARACTERS).text == "甲 乙"


@given(st.lists(st.sampled_from("甲乙c"), max_size=30))
def test_any_text_written_with_blanks_between_is_read_back(text: list[str]) -> None:
    classes = [index for char in text for index in (BLANK, CHARACTERS.index(char))]
    if not classes:
        classes = [BLANK]
    assert decode_row(rows(classes), CHARACTERS).text == "".join(text)


def test_a_dictionary_of_another_length_is_told_with_both_lengths() -> None:
    with pytest.raises(BundleFault, match="tells 7 classes apart, its dictionary gives 4") as fault:
        load_characters(b"a\nb\n", classes=7)
    assert fault.value.reason is BundleReason.LoadFailed


def test_a_dictionary_that_is_not_text_is_an_invalid_bundle() -> None:
    with pytest.raises(BundleFault, match="not UTF-8") as fault:
        load_characters(b"\xff\xfe")
    assert fault.value.reason is BundleReason.BundleInvalid
