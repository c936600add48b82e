"""Text to numbers as a reference does it: wordpiece.json holds what the library `tokenizers` gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.errors import BundleFault
from paddle_runtime.pipeline.wordpiece import WordPiece, load_vocabulary

REFERENCE: dict[str, Any] = json.loads(Path(__file__).with_name("wordpiece.json").read_text(encoding="utf-8"))
VOCABULARY = load_vocabulary("\n".join(REFERENCE["vocabulary"]).encode())
UNKNOWN, START, END = (REFERENCE["vocabulary"].index(piece) for piece in ("[UNK]", "[CLS]", "[SEP]"))


@pytest.mark.parametrize(
    "answer", REFERENCE["answers"], ids=lambda each: f"{each['lowerCase']}-{each['most']}"
)
def test_every_text_becomes_the_references_numbers(answer: dict[str, Any]) -> None:
    tokeniser = WordPiece(VOCABULARY, lower_case=answer["lowerCase"])
    got = [tokeniser.encode(text, answer["most"]) for text in REFERENCE["texts"]]
    assert got == answer["ids"]
    assert len({tuple(ids) for ids in got}) > len(got) / 2


@given(st.text(max_size=60), st.integers(2, 20), st.booleans())
def test_any_text_is_bounded_and_has_both_ends(text: str, most: int, lower_case: bool) -> None:
    numbers = WordPiece(VOCABULARY, lower_case=lower_case).encode(text, most)
    assert 2 <= len(numbers) <= most
    assert (numbers[0], numbers[-1]) == (START, END)
    assert START not in numbers[1:]
    assert END not in numbers[:-1]


def test_the_names_of_special_pieces_are_text_like_any_other() -> None:
    assert WordPiece(VOCABULARY, lower_case=False).encode("[SEP]", 10) == [
        START,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        END,
    ]


def test_a_vocabulary_without_special_pieces_is_refused() -> None:
    with pytest.raises(BundleFault, match="lacks \\[UNK\\], \\[CLS\\], \\[SEP\\]"):
        load_vocabulary(b"[PAD]\na\n")
