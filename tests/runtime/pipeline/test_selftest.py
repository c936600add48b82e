"""Edit distance and verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from paddle_runtime.bundle.selftest import SelfTest
from paddle_runtime.pipeline.ocr_selftest import cell_means
from paddle_runtime.pipeline.orient import doubtful


def test_a_lone_upside_down_line_on_an_upright_page_is_read_both_ways() -> None:
    assert doubtful([False, True, False, False]) == [1]


def test_an_upside_down_page_is_believed_but_for_its_upright_line() -> None:
    assert doubtful([True, True, False, True]) == [2]


def test_one_or_two_upside_down_lines_alone_are_read_both_ways() -> None:
    assert doubtful([True]) == [0]
    assert doubtful([True, True]) == [0, 1]
    assert doubtful([False, False]) == []


GRID = {"name": "map", "datatype": "FP32", "shape": [1, 2], "data": [0.0, 0.5]}
SHOWN = {"module": "detect", "picture": "a.png", "bucket": [1, 3, 64, 64], "outputs": [GRID]}


def test_a_picture_of_known_outputs_is_shown_to_the_detector() -> None:
    assert SelfTest.model_validate(SHOWN).bucket == (1, 3, 64, 64)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bucket": None}, "with the bucket"),
        ({"bucket": [2, 3, 64, 64]}, "with the bucket"),
        ({"bucket": [64, 64]}, "with the bucket"),
        ({"module": None}, "of module detect"),
        ({"module": "recognise"}, "of module detect"),
        ({"outputs": [GRID, {**GRID, "name": "b"}]}, "one output"),
        ({"outputs": [{**GRID, "shape": [2]}]}, "one output"),
        ({"outputs": [{**GRID, "datatype": "INT64", "data": [0, 1]}]}, "one output"),
        ({"outputs": []}, "with the bucket"),
        ({"outputs": [], "bucket": None}, "of module detect has outputs"),
        ({"module": "recognise", "outputs": []}, "with the bucket"),
        ({"module": "orient", "outputs": [], "bucket": None}, "of module orient has outputs"),
        ({"module": "turn"}, "'detect', 'orient' or 'recognise'"),
    ],
)
def test_what_a_self_test_of_a_module_lacks_is_told(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SelfTest.model_validate({**SHOWN, **change})


def test_a_cell_is_the_mean_of_its_part_of_a_map() -> None:
    values = np.zeros((3, 8), dtype=np.float32)
    values[:, 4:6] = 1
    assert cell_means(values, (1, 2)).tolist() == [[0.0, 0.5]]
    assert cell_means(values, (3, 4)).tolist() == [[0, 0, 1, 0]] * 3
