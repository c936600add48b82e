"""The gate's memory as text: what is damaged is refused with what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddle_operator.rollout.gate.judge import Memory
from paddle_operator.rollout.gate.memory import document_of, memory_from, memory_of, text_of
from tests.operator.rollout.gates import gate, judged, look, pair

_COUNTS = (pair((300, 3), (900, 9)), pair((300, 0), (900, 1)))
MEMORY, _ = judged(gate("99", "99.9"), [look(*_COUNTS, step=1)] * 2 + [look(*_COUNTS, step=1, alone=True)])


def test_a_memory_is_the_same_after_writing_and_reading() -> None:
    assert memory_from(text_of(MEMORY)) == MEMORY
    assert memory_from(text_of(Memory())) == Memory()


def test_it_may_be_part_of_a_larger_document() -> None:
    document = json.loads(json.dumps({"gate": document_of(MEMORY), "step": 1}))
    assert memory_of(document["gate"]) == MEMORY


def test_a_memory_of_eight_objectives_and_ten_steps_is_small() -> None:
    settings = gate(*["99.9"] * 8, steps=10)
    looks = [look(*[pair((2**40, 12345), (2**40, 6789))] * 8, step=step) for step in range(10)]
    memory, _ = judged(settings, looks)
    assert len(text_of(memory)) < 30_000


def damaged(*path: Any, value: Any) -> str:
    document: Any = document_of(MEMORY)
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(document)


O0 = ("objectives", "o0")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not the memory of a canary gate"),
        (text_of(MEMORY)[:-9], "not the memory of a canary gate"),
        ("[]", "must have objectives, version"),
        (damaged("version", value=1), "version 1 is not 2"),
        (damaged("objectives", value=7), "not the memory"),
        (damaged(*O0, value={}), "objective o0 must have"),
        (damaged(*O0, "more", value=1), "objective o0 must have"),
        (damaged(*O0, "canary", value=[3]), "not enough values"),
        (damaged(*O0, "canary", value=[3, 4]), "4 bad of 3 requests"),
        (damaged(*O0, "canary", value=[900, 8]), "are not those of its canary"),
        (damaged(*O0, "proof", value=[1.5, 0]), "must be a whole number, 0 or more, and is 1.5"),
        (damaged(*O0, "shared", value=1), "neither true nor false"),
        (damaged(*O0, "trouble", "since", value=None), "not the memory"),
        (damaged(*O0, "both", "usual", "drift", value=[0.0]), "must be 7 numbers"),
        (damaged(*O0, "both", "usual", "drift", 0, value=float("nan")), "must be 7 numbers"),
        (damaged(*O0, "both", "usual", "drift", 0, value=0.5), "must be 7 numbers of 0 or less"),
        (damaged(*O0, "both", "usual", "bad", value=2), "are not those of its canary"),
        (damaged(*O0, "timesJudged", value=True), "a number of o0 must be whole, 0 or more, and is True"),
        (damaged(*O0, "both", "usual", "bad", value=-1), "0 or more, and is -1"),
        ("[" * 100_000, "not the memory"),
    ],
)
def test_a_damaged_memory_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        memory_from(text)
