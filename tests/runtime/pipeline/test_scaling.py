"""A picture into a program's input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.pipeline import scaling
from paddle_runtime.pipeline.scaling import Placer, resized

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


def test_a_picture_is_resized_in_the_way_that_is_named() -> None:
    edge = np.zeros((1, 4, 3), dtype=np.uint8)
    edge[:, 2:] = 200
    linear, cubic = (resized(edge, (1, 12), how)[0, :, 0].tolist() for how in ("Linear", "Cubic"))
    assert max(linear) == 200 < max(cubic)  # curves go beyond an edge
    shown = Placer([(1, 12)], "BGR", NONE, ONE, "Cubic").whole(edge, keep_ratio=False).image[0, 0, 0]
    assert (shown * 255).round().tolist() == cubic


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


@given(st.integers(1, 40), st.integers(1, 3000), st.booleans())
def test_it_is_the_same_middle_when_only_that_is_resized(short: int, long: int, upright: bool) -> None:
    ramp = np.linspace(0, 255, long).astype(np.uint8)[np.newaxis, :, np.newaxis]
    given = np.ascontiguousarray(np.broadcast_to(ramp, (short, long, 3)))
    given = given.transpose(1, 0, 2) if upright else given
    shape = tuple(max(32, round(side * max(32 / short, 32 / long))) for side in given.shape[:2])
    top, left = ((side - 32) // 2 for side in shape)
    whole = resized(given, (shape[0], shape[1]))[top : top + 32, left : left + 32].transpose(2, 0, 1) / 255
    assert np.abs(placer((32, 32)).middle(given, 1).image[0] - whole).max() < 0.03


@pytest.mark.parametrize("shape", [(1, 16384), (16384, 1)])
def test_a_thread_of_a_picture_is_not_enlarged_whole(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(
        scaling, "resized", lambda given, to, how: made.append(to[0] * to[1]) or resized(given, to, how)
    )
    assert (placer((224, 224)).middle(picture(*shape), 256).image > 0).all()
    assert made[0] < 1_000_000


def test_the_bucket_that_shows_a_picture_largest_is_taken() -> None:
    two = placer((64, 128), (128, 64), (256, 256))
    assert two.bucket_for((100, 100)) == (256, 256)
    flat = placer((64, 128), (128, 64))
    assert (flat.bucket_for((50, 100)), flat.bucket_for((100, 50))) == ((64, 128), (128, 64))
