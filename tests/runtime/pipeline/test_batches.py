"""Lines into buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.pipeline.batches import Slot, plan_batches

slots = st.lists(
    st.builds(Slot, batch=st.sampled_from([1, 2, 6, 8]), width=st.sampled_from([96, 160, 320, 640])),
    min_size=1,
    unique=True,
)


@given(slots=slots, data=st.data())
def test_every_line_is_in_one_batch_that_holds_it_and_is_declared(
    slots: list[Slot], data: st.DataObject
) -> None:
    widest = max(slot.width for slot in slots)
    widths = data.draw(st.lists(st.integers(1, widest), max_size=40))
    planned = plan_batches(widths, slots)
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


def test_full_batches_come_before_part_filled_ones() -> None:
    planned = plan_batches([90] * 9, [Slot(1, 96), Slot(4, 96)])
    assert [batch.slot.batch for batch in planned] == [4, 4, 1]


def test_a_line_wider_than_every_bucket_is_a_mistake_of_the_code() -> None:
    with pytest.raises(ValueError, match="line 1 is 700 pixels wide"):
        plan_batches([5, 700], [Slot(1, 640)])
