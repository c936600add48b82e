"""The planner of shapes: everything fits, and it is never worse than what was there."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.batching.buckets import Size, covers, padded_area, plan_buckets

side = st.integers(1, 40)
pairs = st.lists(st.tuples(side, side), min_size=1, max_size=12)
widths = st.lists(st.tuples(side), min_size=1, max_size=7)
limits = st.integers(1, 5)


@given(pairs, limits)
def test_every_size_that_was_asked_fits_and_the_set_is_no_larger_than_allowed(
    asked: list[Size], limit: int
) -> None:
    shapes = plan_buckets(asked, limit)
    assert covers(shapes, asked)
    assert 1 <= len(shapes) <= limit
    assert len(set(shapes)) == len(shapes)


@given(pairs, pairs)
def test_it_is_never_worse_than_the_set_that_was_there(asked: list[Size], there: list[Size]) -> None:
    there = [*there, tuple(map(max, *asked, *asked))]
    shapes = plan_buckets(asked, len(there), given=there)
    assert covers(shapes, asked)
    assert padded_area(shapes, asked) <= padded_area(there, asked)


@given(pairs, limits)
def test_room_for_one_more_shape_never_makes_more_padding_than_the_smaller_set(
    asked: list[Size], limit: int
) -> None:
    fewer = plan_buckets(asked, limit)
    more = plan_buckets(asked, limit + 1, given=fewer)
    assert padded_area(more, asked) <= padded_area(fewer, asked)


@given(pairs)
def test_with_a_shape_for_every_size_nothing_is_padded(asked: list[Size]) -> None:
    shapes = plan_buckets(asked, len(set(asked)), given=sorted(set(asked)))
    assert padded_area(shapes, asked) == sum(math.prod(size) for size in asked)


@given(widths, st.integers(1, 3))
def test_for_widths_it_is_close_to_the_best_that_there_is(asked: list[Size], limit: int) -> None:
    distinct = sorted(set(asked))
    best = min(
        padded_area(chosen, asked)
        for count in range(1, min(limit, len(distinct)) + 1)
        for chosen in combinations(distinct, count)
        if covers(chosen, asked)
    )
    assert padded_area(plan_buckets(asked, limit), asked) <= 1.2 * best


def test_tall_and_wide_pictures_get_shapes_of_their_own() -> None:
    asked: list[Size] = [(320, 960)] * 10 + [(960, 320)] * 10
    assert set(plan_buckets(asked, 2)) == {(320, 960), (960, 320)}
    assert plan_buckets(asked, 1) == ((960, 960),)


def test_another_measure_of_area_may_be_given() -> None:
    asked: list[Size] = [(1, 10), (4, 10), (8, 10)]
    assert plan_buckets(asked, 2, area=lambda size: size[0]) == ((4, 10), (8, 10))


@pytest.mark.parametrize(("asked", "limit"), [([], 3), ([(1, 1)], 0)])
def test_nothing_to_plan_for_is_refused(asked: list[Size], limit: int) -> None:
    with pytest.raises(ValueError, match="both must be at least 1"):
        plan_buckets(asked, limit)
