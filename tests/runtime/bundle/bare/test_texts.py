"""What PaddleNLP writes beside a classifier of texts."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_runtime.bundle.bare.described import Described, Exported
from paddle_runtime.bundle.bare.texts import describe_texts, tells_its_task
from paddle_runtime.errors import BundleFault
from tests.runtime.bundle.bare.exports import exported, network_document, tokenizer_document

NAMES = ["bad", "good"]
IDS = [("input_ids", "INT64", (-1, -1)), ("token_type_ids", "INT64", (-1, -1))]
SCORES = [("y", "FP32", (-1, 2))]


def folder(inputs: list[Any] = IDS, outputs: list[Any] = SCORES, **documents: Any) -> Exported:
    given = {"tokenizer_config__json": tokenizer_document(), "config__json": network_document(NAMES)}
    kept = {name: document for name, document in {**given, **documents}.items() if document is not None}
    return exported(inputs, outputs, **kept)


def described(**changes: Any) -> Described:
    return describe_texts(folder(**changes))


def test_a_classifier_takes_the_usual_lengths_and_a_softmax() -> None:
    found = described()
    assert (found.task, found.module) == ("TextClassification", "model")
    assert found.made == {"labels.txt": b"bad\ngood\n"}
    assert found.body["dictionary"] == "vocab.txt"
    assert found.body["constants"] == {"kind": "text", "lowerCase": True, "activation": "Softmax"}
    assert [tuple(bucket["input_ids"]) for bucket in found.body["buckets"]] == [
        (rows, length) for length in (16, 32, 64, 128) for rows in (1, 8)
    ]
    assert all(bucket["token_type_ids"] == bucket["input_ids"] for bucket in found.body["buckets"])


def test_capitals_may_count() -> None:
    cased = tokenizer_document(do_lower_case=False, tokenizer_class="BertTokenizer")
    assert described(tokenizer_config__json=cased).body["constants"]["lowerCase"] is False


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tokenizer_config__json": tokenizer_document(model_max_length=40)}, [16, 32, 40]),
        ({"config__json": network_document(NAMES, max_position_embeddings=64)}, [16, 32, 64]),
        ({"inputs": [("input_ids", "INT64", (-1, 48))]}, [48]),
    ],
    ids=["tokeniser", "network", "program"],
)
def test_no_text_is_longer_than_the_network_can_take(changes: Any, told: list[int]) -> None:
    buckets = described(**changes).body["buckets"]
    assert sorted({bucket["input_ids"][1] for bucket in buckets}) == told


def test_classes_may_be_named_in_a_file_of_their_own() -> None:
    alone = folder(config__json=None, id2label__json={"1": "good", "0": "bad"})
    assert not tells_its_task(alone)
    assert describe_texts(alone).made == {"labels.txt": b"bad\ngood\n"}
    assert tells_its_task(folder())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"tokenizer_config__json": tokenizer_document(tokenizer_class="RobertaBPETokenizer")},
            "tokenizer_class = ",
        ),
        ({"tokenizer_config__json": {"do_lower_case": True}}, "tokenizer_class"),
        ({"tokenizer_config__json": tokenizer_document(strip_accents=False)}, "strip_accents = False"),
        (
            {"config__json": network_document(NAMES, architectures=["ErnieForTokenClassification"])},
            "classify no texts",
        ),
        (
            {"config__json": network_document(NAMES, problem_type="multi_label_classification")},
            "problem_type = ",
        ),
        ({"config__json": {"architectures": []}}, "nothing names the classes.*write id2label.json"),
        ({"config__json": network_document(["a", "b", "c"])}, "names 3 classes, the program tells .2. apart"),
        ({"id2label__json": {"1": "good", "2": "bad"}}, "numbers its classes .1, 2., not from 0 on"),
        ({"id2label__json": {"zero": "good"}}, "id2label.json: .*zero"),
        ({"inputs": [*IDS, ("position", "INT64", (-1,))]}, "not numbers of pieces"),
        ({"outputs": [("y", "FP32", (-1, -1, 2))]}, "not .-1, classes."),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_network_that_works_otherwise_is_refused(changes: Any, told: str) -> None:
    with pytest.raises(BundleFault, match=told):
        described(**changes)
