"""Fitting pictures into buckets, and boxes out of a probability map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.bundle.constants import DetectConstants
from paddle_runtime.pipeline.detect import MAX_ENLARGEMENT, Detector, fit_bucket, mean_inside
from tests.runtime.pipeline.builders import ocr_bundle

BUCKETS = [(shape[2], shape[3]) for shape in ocr_bundle().manifest.modules["detect"].shapes()]
sides = st.integers(1, 12_000)


@given(height=sides, width=sides)
def test_a_picture_lies_inside_its_bucket_and_keeps_its_proportions(height: int, width: int) -> None:
    fit = fit_bucket(height, width, BUCKETS)
    assert fit.bucket in BUCKETS
    assert 1 <= fit.height <= fit.bucket[0]
    assert 1 <= fit.width <= fit.bucket[1]
    assert 0 <= fit.top <= fit.bucket[0] - fit.height
    assert 0 <= fit.left <= fit.bucket[1] - fit.width
    scale = min(MAX_ENLARGEMENT, fit.bucket[0] / height, fit.bucket[1] / width)
    assert fit.height == pytest.approx(height * scale, abs=1)
    assert fit.width == pytest.approx(width * scale, abs=1)


@pytest.mark.parametrize(
    ("size", "bucket"),
    [
        ((960, 1280), (768, 960)),
        ((1280, 905), (960, 704)),
        ((1080, 1920), (544, 960)),
        ((100, 200), (320, 320)),
    ],
)
def test_usual_pages_take_the_smallest_bucket_that_shows_them_largest(
    size: tuple[int, int], bucket: tuple[int, int]
) -> None:
    assert fit_bucket(*size, BUCKETS).bucket == bucket


def detector() -> Detector:
    return Detector.__new__(Detector)


def boxes_of(probability: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> list[np.ndarray]:  # type: ignore[type-arg]
    finder = detector()
    finder._constants = DetectConstants(dilate=False)
    return list(finder.boxes(probability))


def test_a_bright_bar_becomes_one_box_grown_on_every_side() -> None:
    probability = np.zeros((200, 400), dtype=np.float32)
    probability[90:110, 100:300] = 0.95
    (box,) = boxes_of(probability)
    grown = 199 * 19 * 1.6 / (2 * (199 + 19))
    assert box[0] == pytest.approx([100 - grown, 90 - grown], abs=1)
    assert box[2] == pytest.approx([299 + grown, 109 + grown], abs=1)


@pytest.mark.parametrize("value", [0.0, 0.29, 0.45])
def test_faint_regions_are_no_text(value: float) -> None:
    probability = np.zeros((100, 200), dtype=np.float32)
    probability[40:60, 50:150] = value
    assert boxes_of(probability) == []


def test_specks_are_no_text() -> None:
    probability = np.zeros((100, 200), dtype=np.float32)
    probability[50:52, 50:52] = 0.99
    assert boxes_of(probability) == []


def test_the_mean_inside_a_box_leaves_out_what_is_around_it() -> None:
    values = np.zeros((50, 50), dtype=np.float32)
    values[10:20, 10:20] = 1
    corners = np.array([[10, 10], [19, 10], [19, 19], [10, 19]], dtype=np.float32)
    assert mean_inside(values, corners) == pytest.approx(1)
