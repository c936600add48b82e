"""How far answers are apart, by task."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.compare.content import Content, content_of
from paddle_runtime.compare.difference import Box, Measure, differences, overlap
from tests.runtime.compare.answers import classified, found, read, tensor

labels = st.sampled_from(["a", "b", "c"])
scores = st.floats(0, 1)
sides = st.integers(0, 20)
boxes = st.tuples(sides, sides, sides, sides).map(
    lambda b: (float(b[0]), float(b[1]), float(b[0] + b[2]), float(b[1] + b[3]))
)
values = st.floats(-1e6, 1e6)
contents = st.one_of(
    st.lists(st.text("ab", max_size=5), max_size=4).map(lambda lines: read(*lines)),
    st.lists(labels, max_size=3).map(lambda names: classified(*names)),
    st.lists(st.tuples(labels, boxes.map(list)), max_size=5).map(lambda objects: found(*objects)),
    st.lists(values, min_size=1, max_size=5).map(lambda data: tensor(*data)),
).map(content_of)


def measured(wanted: dict[str, Any], got: dict[str, Any]) -> dict[Measure, float]:
    """The greatest amount of each measure that is not 0."""
    amounts: dict[Measure, float] = {}
    for one in differences(content_of(wanted), content_of(got)):
        amounts[one.measure] = max(amounts.get(one.measure, 0.0), one.amount)
    return {measure: amount for measure, amount in amounts.items() if amount}


@given(contents)
def test_an_answer_differs_in_nothing_from_itself(content: Content) -> None:
    found = list(differences(content, content))
    assert all(one.amount == 0 for one in found)


@given(contents, contents)
def test_two_answers_differ_alike_from_either_side(one: Content, other: Content) -> None:
    there, back = (
        sorted((each.measure, round(each.amount, 6)) for each in differences(*pair))
        for pair in ((one, other), (other, one))
    )
    assert there == back


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(one: Box, other: Box) -> None:
    assert overlap(one, other) == overlap(other, one)
    assert 0 <= overlap(one, other) <= 1
    assert overlap(one, one) == 1


def test_a_text_is_held_to_its_characters() -> None:
    (difference,) = differences(content_of(read("abcd", "xy")), content_of(read("abcd", "xz")))
    assert (difference.measure, difference.amount, difference.of) == (Measure.TEXT, 1, 7)
    assert difference.where == "'xz' instead of 'xy'"


def test_a_class_is_held_to_its_first_label_and_to_its_score_where_one_is_wanted() -> None:
    assert measured(classified("cat", "dog"), classified("cat", "cow")) == {}
    assert measured(classified("cat"), classified("dog")) == {Measure.LABEL: 1}
    assert measured(classified("cat"), {"classes": []}) == {Measure.LABEL: 1}
    drift = measured(classified("cat", score=0.9), classified("cat", score=0.6))
    assert drift == {Measure.NUMBER: pytest.approx(0.3)}
    assert measured({"classes": ["cat"]}, classified("cat", score=0.6)) == {}


def test_objects_find_their_partners_in_any_order() -> None:
    one, other = ("cup", [0, 0, 10, 10]), ("cup", [20, 0, 30, 10])
    assert measured(found(one, other), found(other, one)) == {}
    moved = found(("cup", [0, 0, 10, 5]), other)
    assert measured(found(one, other), moved) == {Measure.BOX: pytest.approx(50)}


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (found(), "was not found"),
        (found(("cup", [0, 0, 9, 9]), ("cup", [50, 50, 60, 60])), "was found beside"),
        (found(("jug", [0, 0, 9, 9])), "was not found"),
    ],
)
def test_an_object_without_a_partner_overlaps_nothing(got: dict[str, Any], words: str) -> None:
    wanted = content_of(found(("cup", [0, 0, 9, 9])))
    told = [one for one in differences(wanted, content_of(got)) if one.amount]
    assert told[0].measure is Measure.BOX
    assert told[0].amount == 100
    assert words in told[0].where


def test_tensors_are_held_to_their_worst_value() -> None:
    (difference,) = differences(content_of(tensor(1, 2, 3)), content_of(tensor(1, 2.5, 3)))
    assert (difference.measure, difference.amount) == (Measure.NUMBER, 0.5)
    assert difference.where == "output y, value 1: 2.5 instead of 2"


def test_a_difference_that_no_number_can_tell_is_the_largest_one() -> None:
    (difference,) = differences(content_of(tensor(1.7e308)), content_of(tensor(-1.7e308)))
    assert difference.amount == sys.float_info.max


@pytest.mark.parametrize(
    ("wanted", "got", "words"),
    [
        (tensor(1, 2), tensor(1), "has shape [1] instead of [2]"),
        (tensor(1, 2), tensor(1, 2, shape=[2, 1]), "has shape [2, 1] instead of [2]"),
        (tensor(1), tensor(1, name="z"), "there is no output y"),
        (tensor(1), read("one"), "text instead of tensors"),
        ({"results": [classified("a")] * 2}, classified("a"), "classes of 1 inputs instead of 2"),
    ],
)
def test_an_answer_of_another_form_is_one(wanted: dict[str, Any], got: dict[str, Any], words: str) -> None:
    (difference,) = differences(content_of(wanted), content_of(got))
    assert difference.measure is Measure.FORM
    assert words in difference.where
