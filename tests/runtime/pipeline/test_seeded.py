"""Seeded inputs of a self-test are the same for ever, and a thinned output still catches a difference."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from paddle_runtime.bundle.selftest import Seeded, SelfTest, TensorValue
from paddle_runtime.bundle.signature import Datatype
from paddle_runtime.pipeline.seeded import seeded_array, uniform
from paddle_runtime.pipeline.selftest import output_problem

X = {"name": "x", "datatype": "FP32", "shape": [2]}


def test_the_values_are_those_of_the_published_generator() -> None:
    first = 0xE220A8397B1DCDAF  # what SplitMix64 gives first for seed 0
    assert uniform(0, 1)[0] == (first >> 11) * 2.0**-53
    assert uniform(7, 3).tolist() == uniform(7, 9)[:3].tolist()


@pytest.mark.parametrize("datatype", list(Datatype))
def test_every_type_stays_between_its_bounds_and_takes_both_ends(datatype: Datatype) -> None:
    array = seeded_array(datatype, (20, 20), Seeded(seed=3, low=0, high=5))
    assert array.shape == (20, 20)
    if datatype is Datatype.BOOL:
        assert 150 < int(array.sum()) < 250
    elif array.dtype.kind == "f":
        assert 0 <= array.min() < 0.1
        assert 4.9 < array.max() <= 5
    else:
        assert sorted(set(array.ravel().tolist())) == [0, 1, 2, 3, 4, 5]


def test_a_thinned_output_is_compared_at_the_values_it_keeps() -> None:
    got = np.arange(7, dtype=np.float32)
    wanted = TensorValue.model_validate({**X, "shape": [7], "data": [0, 3, 6], "every": 3})
    assert output_problem(wanted, got, 0) is None
    got[3] = 9
    assert "differs by 6" in (output_problem(wanted, got, 0.5) or "")
    assert "has shape" in (output_problem(wanted, got[:6], 9) or "")


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        ({**X, "data": [1]}, {**X, "data": [1, 2]}, "has 1 values"),
        ({**X, "data": [1, 2], "seeded": {"seed": 1}}, {**X, "data": [1, 2]}, "give one of them"),
        ({**X, "data": [1], "every": 2}, {**X, "data": [1, 2]}, "an input is whole"),
        ({**X, "data": [1, 2]}, {**X, "seeded": {"seed": 1}}, "an output is what was seen"),
        ({**X, "seeded": {"seed": 1, "low": 2, "high": 1}}, {**X, "data": [1, 2]}, "is above high"),
        ({**X, "shape": [1 << 20, 1 << 20], "seeded": {"seed": 1}}, {**X, "data": [1, 2]}, "more than"),
    ],
)
def test_a_self_test_that_cannot_be_run_is_refused_when_it_is_read(
    inputs: dict[str, object], outputs: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        SelfTest.model_validate({"inputs": [inputs], "outputs": [outputs]})
