"""Scores to classes: which are told, and what a self-test says of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from paddle_runtime.bundle.selftest import ExpectedClass
from paddle_runtime.errors import BundleFault, Failed
from paddle_runtime.pipeline.classes import Choice, best, classes_problem, load_labels, probabilities

LABELS = ("a", "b", "c")


def told(scores: list[float], top_k: int = 5, min_score: float = 0.0) -> list[object]:
    return [each["label"] for each in best(np.array(scores), LABELS, Choice(top_k, min_score))]  # type: ignore[index, call-overload]


def test_the_surest_stands_first_and_of_equals_the_first() -> None:
    assert told([0.1, 0.7, 0.2]) == ["b", "c", "a"]
    assert told([0.25, 0.5, 0.25]) == ["b", "a", "c"]


def test_a_caller_has_fewer_of_them() -> None:
    assert told([0.1, 0.7, 0.2], top_k=1) == ["b"]
    assert told([0.1, 0.7, 0.2], min_score=0.2) == ["b", "c"]
    assert Choice(5, 0.0).changed({"topK": 2, "minScore": 0.3}) == Choice(2, 0.3)


@given(arrays(np.float32, (3, 4), elements=st.floats(-80, 80, width=32)))
def test_a_softmax_gives_shares_in_the_same_order(scores: np.ndarray) -> None:  # type: ignore[type-arg]
    shares = probabilities(scores, "Softmax")
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    in_order = np.take_along_axis(shares, scores.argsort(axis=1), 1)
    assert (np.diff(in_order, axis=1) >= 0).all()


def test_not_a_number_is_no_answer() -> None:
    with pytest.raises(Failed, match="NaN"):
        probabilities(np.array([[0.5, np.nan]]), "None")


def test_labels_must_be_as_many_as_classes() -> None:
    assert load_labels("一\ntwo\n\n".encode(), 2) == ("一", "two")
    with pytest.raises(BundleFault, match="tells 3 classes apart, its labels name 2"):
        load_labels(b"a\nb\n", 3)


def test_a_self_test_tells_another_label_and_another_score() -> None:
    body = {"classes": best(np.array([0.1, 0.7, 0.2]), LABELS, Choice(5, 0))}
    expected = [ExpectedClass(label="b", score=0.71)]
    assert classes_problem(expected, body, 0.02) is None  # type: ignore[arg-type]
    assert "allowed is a difference of 0.001" in (classes_problem(expected, body, 0.001) or "")  # type: ignore[arg-type]
    other = [ExpectedClass(label="a", score=0.7)]
    assert "expected 'a' with score 0.7" in (classes_problem(other, body, 1) or "")  # type: ignore[arg-type]
