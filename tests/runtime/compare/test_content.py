"""What an answer says, in all forms that the endpoints have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddle_runtime.compare.content import (
    Class,
    Classes,
    Incomparable,
    Object,
    Objects,
    Tensor,
    Tensors,
    Text,
    content_of,
)
from tests.runtime.compare.answers import classified, found, read, tensor


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (read("one", "two"), Text("one\ntwo")),
        ({"lines": ["one", "two"]}, Text("one\ntwo")),
        ({"lines": []}, Text("")),
        ({"text": "one", "score": 0.5}, Text("one")),
        ({"pages": [read("one"), read("two", "three")]}, Text("one\ntwo\nthree")),
        (classified("cat", "dog"), Classes((Class("cat", 0.9),))),
        ({"classes": ["cat"]}, Classes((Class("cat"),))),
        ({"classes": []}, Classes((None,))),
        (
            {"results": [classified("cat"), classified("dog")]},
            Classes((Class("cat", 0.9), Class("dog", 0.9))),
        ),
        (found(("cup", [1, 2, 3, 4])), Objects((Object("cup", 0.9, (1, 2, 3, 4)),))),
        (tensor(1, 2, shape=[1, 2]), Tensors({"y": Tensor("y", (1, 2), (1, 2))})),
        ({"outputs": [{"name": "y", "data": [[1], [2.5]]}]}, Tensors({"y": Tensor("y", None, (1, 2.5))})),
    ],
)
def test_what_an_answer_says(answer: dict[str, Any], content: object) -> None:
    assert content_of(answer) == content


@pytest.mark.parametrize(
    ("name", "answer"),
    [("lines", read("one")), ("classes", classified("cat")), ("objects", found(("cup", [1, 2, 3, 4])))],
)
def test_the_open_inference_protocol_says_the_same_as_the_tasks_own_address(
    name: str, answer: dict[str, Any]
) -> None:
    elements = [json.dumps(each) for each in answer[name]]
    output = {"name": name, "datatype": "BYTES", "shape": [len(elements)], "data": elements}
    assert content_of({"outputs": [output]}) == content_of(answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "it has nothing"),
        ({"angle": 0}, "it has angle, and none of lines"),
        ([1], "is no JSON object"),
        ({"lines": 3}, "'3' is no list"),
        ({"objects": [{"label": "cup"}]}, "'box'"),
        ({"objects": [{"label": "cup", "box": [1, 2, 3, "x"]}]}, "a box holds 'x'"),
        ({"outputs": [{"name": "y", "parameters": {"binary_data_size": 8}}]}, "without binary_data"),
        ({"outputs": [{"name": "y", "data": ["a"]}]}, "output y holds 'a', which is no number"),
        ({"outputs": [{"name": "y", "data": [float("nan")]}]}, "output y holds 'nan'"),
    ],
)
def test_what_says_nothing_that_is_compared_is_told(answer: object, words: str) -> None:
    with pytest.raises(Incomparable) as told:
        content_of(answer)
    assert words in str(told.value)
