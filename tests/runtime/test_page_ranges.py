"""Which pages: text to numbers, and never more than may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime import page_ranges
from paddle_runtime.errors import Invalid, RequestReason


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("2", [[2, 2]]),
        (2, [[2, 2]]),
        ("1-3", [[1, 3]]),
        ("7, 1-3", [[1, 3], [7, 7]]),
        ("3,1,2", [[1, 3]]),
        ("1-5,2-3", [[1, 5]]),
        ("9999", [[9999, 9999]]),
    ],
)
def test_pages_are_said_in_any_order_and_kept_rising(text: object, ranges: list[list[int]]) -> None:
    assert page_ranges.parse("pages", text) == ranges


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "3-1", "1-", "a", "1;2", "1.5", "10000", "١", "1," * 60 + "1", None, True, 1.0, [1]],
)
def test_what_is_no_page_is_malformed(text: object) -> None:
    with pytest.raises(Invalid, match="option pages is") as fault:
        page_ranges.parse("pages", text)
    assert fault.value.reason is RequestReason.MALFORMED


# 33 numbers of two digits are the most that the option's text may hold; longer ones are told above.
@given(st.sets(st.integers(1, 60), min_size=1, max_size=33), st.integers(1, 60), st.integers(1, 60))
def test_the_chosen_pages_are_the_ones_asked_for_or_there_is_a_reason(
    wanted: set[int], pages: int, most: int
) -> None:
    ranges = page_ranges.parse("pages", ",".join(map(str, wanted)))
    try:
        numbers = page_ranges.chosen(ranges, pages, most)
    except Invalid as fault:
        beyond = max(wanted) > pages
        assert len(wanted) > most or beyond
        assert fault.reason in {RequestReason.TOO_MANY_PAGES, RequestReason.NO_SUCH_PAGE}  # noqa: PT017
    else:
        assert numbers == sorted(wanted)
        assert len(numbers) <= most
        assert numbers[-1] <= page_ranges.last_needed(ranges, most)


@given(st.integers(1, 30), st.integers(1, 30))
def test_without_a_wish_all_pages_are_read_when_they_are_few_enough(pages: int, most: int) -> None:
    if pages <= most:
        assert page_ranges.chosen(None, pages, most) == list(range(1, pages + 1))
    else:
        with pytest.raises(Invalid, match=f"pages=1-{most}"):
            page_ranges.chosen(None, min(pages, page_ranges.last_needed(None, most)), most)
