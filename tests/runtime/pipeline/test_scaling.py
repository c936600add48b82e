"""A picture into a program's input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.pipeline.scaling import Placer

NONE = (0.0, 0.0, 0.0)
ONE = (1.0, 1.0, 1.0)
sides = st.integers(1, 300)


def placer(*buckets: tuple[int, int], channels: str = "BGR") -> Placer:
    return Placer(buckets, channels, NONE, ONE)


def picture(height: int, width: int) -> np.ndarray:  # type: ignore[type-arg]
    """Blue 51, green 102, red 255."""
    return np.full((height, width, 3), (51, 102, 255), dtype=np.uint8)


@pytest.mark.parametrize(("channels", "first"), [("BGR", 0.2), ("RGB", 1.0)])
def test_channels_come_in_the_order_of_the_constants(channels: str, first: float) -> None:
    image = placer((4, 4), channels=channels).whole(picture(4, 4), keep_ratio=False).image
    assert image.shape == (1, 3, 4, 4)
    assert image[0, 0, 0, 0] == pytest.approx(first)


@given(sides, sides)
def test_a_picture_that_keeps_its_ratio_is_in_the_top_left_and_zeros_beside_it(
    height: int, width: int
) -> None:
    placed = placer((64, 96)).whole(picture(height, width), keep_ratio=True)
    rows, columns = placed.shape
    assert (rows, columns) == (64, columns) or (rows, columns) == (rows, 96)
    assert placed.scale == (rows / height, columns / width)
    assert (placed.image[0, :, :rows, :columns] > 0).all()
    assert (placed.image[0, :, rows:] == 0).all()
    assert (placed.image[0, :, :, columns:] == 0).all()


@given(sides, sides)
def test_a_stretched_picture_fills_its_bucket(height: int, width: int) -> None:
    placed = placer((64, 96)).whole(picture(height, width), keep_ratio=False)
    assert placed.shape == (64, 96)
    assert (placed.image > 0).all()


@given(sides, sides, st.integers(1, 80))
def test_the_middle_is_cut_out_of_any_picture(height: int, width: int, short: int) -> None:
    image = placer((32, 48)).middle(picture(height, width), short).image
    assert image.shape == (1, 3, 32, 48)
    assert (image > 0).all()


def test_what_is_cut_out_is_the_middle() -> None:
    wide = np.zeros((32, 96, 3), dtype=np.uint8)
    wide[:, 32:64] = 255
    assert (placer((32, 32)).middle(wide, 32).image == 1).all()


def test_the_bucket_that_shows_a_picture_largest_is_taken() -> None:
    two = placer((64, 128), (128, 64), (256, 256))
    assert two.bucket_for((100, 100)) == (256, 256)
    flat = placer((64, 128), (128, 64))
    assert (flat.bucket_for((50, 100)), flat.bucket_for((100, 50))) == ((64, 128), (128, 64))
