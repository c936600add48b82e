"""Lines into buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.pipeline.batches import Slot, plan_batches, squeezed

slots = st.lists(
    st.builds(Slot, batch=st.sampled_from([1, 2, 6, 8]), width=st.sampled_from([96, 160, 320, 640])),
    min_size=1,
    unique=True,
)


@given(slots=slots, rows_cost=st.booleans(), data=st.data())
def test_every_line_is_in_one_batch_that_holds_it_and_is_declared(
    slots: list[Slot], rows_cost: bool, data: st.DataObject
) -> None:
    widest = max(slot.width for slot in slots)
    widths = data.draw(st.lists(st.integers(1, widest), max_size=40))
    planned = plan_batches(widths, slots, rows_cost=rows_cost)
    assert sorted(line for batch in planned for line in batch.lines) == list(range(len(widths)))
    for batch in planned:
        assert batch.slot in slots
        assert 0 < len(batch.lines) <= batch.slot.batch
        assert all(widths[line] <= batch.slot.width for line in batch.lines)


@given(slots=slots, data=st.data())
def test_a_line_takes_the_narrowest_width_that_holds_it(slots: list[Slot], data: st.DataObject) -> None:
    width = data.draw(st.integers(1, max(slot.width for slot in slots)))
    (batch,) = plan_batches([width], slots)
    assert batch.slot.width == min(slot.width for slot in slots if slot.width >= width)


@given(
    widths=st.lists(st.integers(50, 1600), min_size=1, max_size=12, unique=True), width=st.integers(1, 1800)
)
def test_a_line_is_narrowed_a_little_into_a_smaller_bucket_and_never_widened(
    widths: list[int], width: int
) -> None:
    chosen = squeezed(width, widths, 1.15)
    assert chosen <= min(width, max(widths))
    assert chosen == width or chosen in widths
    if width <= max(widths) * 1.15:
        assert width <= chosen * 1.15


def test_a_line_takes_the_bucket_below_when_it_is_up_to_15_percent_too_wide_for_it() -> None:
    assert [squeezed(width, [320, 400], 1.15) for width in (310, 330, 368, 369)] == [310, 320, 320, 369]


def test_full_batches_come_before_part_filled_ones() -> None:
    planned = plan_batches([90] * 9, [Slot(1, 96), Slot(4, 96)])
    assert [batch.slot.batch for batch in planned] == [4, 4, 1]


def test_where_calls_cost_and_rows_do_not_one_call_takes_all_that_it_can() -> None:
    slots = [Slot(1, 96), Slot(4, 96), Slot(8, 96)]
    sizes = {
        lines: [batch.slot.batch for batch in plan_batches([90] * lines, slots, rows_cost=False)]
        for lines in (1, 2, 5, 9, 17)
    }
    assert sizes == {1: [1], 2: [4], 5: [8], 9: [8, 1], 17: [8, 8, 1]}


def test_a_line_wider_than_every_bucket_is_a_mistake_of_the_code() -> None:
    with pytest.raises(ValueError, match="line 1 is 700 pixels wide"):
        plan_batches([5, 700], [Slot(1, 640)])
