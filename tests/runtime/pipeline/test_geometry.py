"""Boxes and their reading order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.pipeline.geometry import (
    Box,
    ordered_corners,
    reading_order,
    side_lengths,
    turned_back,
    unclip_distance,
)

sizes = st.floats(4, 400)
places = st.floats(0, 2000)


def box(left: float, top: float, width: float, height: float) -> Box:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float32)


@given(left=places, top=places, width=sizes, height=sizes, order=st.permutations(range(4)))
def test_corners_in_any_order_become_clockwise_from_the_top_left(
    left: float, top: float, width: float, height: float, order: list[int]
) -> None:
    upright = box(left, top, width, height)
    assert np.array_equal(ordered_corners(upright[order]), upright)


@given(width=sizes, height=sizes, ratio=st.floats(0.1, 5))
def test_growing_a_box_by_its_distance_adds_area_in_the_ratio_to_its_perimeter(
    width: float, height: float, ratio: float
) -> None:
    distance = unclip_distance(width, height, ratio)
    assert distance * 2 * (width + height) == pytest.approx(width * height * ratio)


def test_a_point_does_not_grow() -> None:
    assert unclip_distance(0, 0, 1.6) == 0


def test_side_lengths_take_the_longer_of_opposite_sides() -> None:
    corners = np.array([[0, 0], [10, 0], [12, 5], [0, 4]], dtype=np.float32)
    width, height = side_lengths(corners)
    assert width == pytest.approx(12.04, abs=0.01)
    assert height == pytest.approx(5.39, abs=0.01)


@given(st.data())
def test_a_grid_is_read_row_by_row_however_it_is_listed_and_turned(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    angle = data.draw(st.sampled_from([0, 90, 180, 270]))
    jitter = st.floats(-8, 8)
    grid = [
        box(300 * column, 60 * row + data.draw(jitter), 200, 40)
        for row in range(rows)
        for column in range(columns)
    ]
    # Turning back by the opposite angle turns the page.
    turned = [turned_back(one, -angle) for one in grid]
    shuffled = data.draw(st.permutations(range(len(grid))))
    order = reading_order([turned[index] for index in shuffled], angle)
    assert [shuffled[place] for place in order] == list(range(len(grid)))


@given(st.lists(st.tuples(places, places, sizes, sizes), max_size=12))
def test_every_box_is_read_once(boxes: list[tuple[float, float, float, float]]) -> None:
    assert sorted(reading_order([box(*one) for one in boxes])) == list(range(len(boxes)))
