"""Quantities are added and compared as Kubernetes means them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.spec.quantity import bytes_of, in_bytes, same_amount


@pytest.mark.parametrize(
    ("quantity", "count"),
    [("512Mi", 2**29), ("1Gi", 2**30), ("1G", 10**9), ("1.5Ki", 1536), ("100m", 1), (7, 7), ("0.5", 1)],
)
def test_a_quantity_is_a_number_of_bytes_rounded_up(quantity: str | int, count: int) -> None:
    assert bytes_of(quantity) == count


@given(st.integers(min_value=0, max_value=2**62))
def test_bytes_written_and_read_are_the_same(count: int) -> None:
    assert bytes_of(in_bytes(count)) == count


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("500m", "0.5", True),
        ("1024Mi", "1Gi", True),
        (1, "1", True),
        ("1Gi", "1G", False),
        ("a", "a", True),
        ("0.0005", "500u", True),
        ("5n", "0.000000005", True),
        ("0.0300001", "31m", True),
        ("20E", "9223372036854775807", True),
        ("1001m", "1.0001", True),
        ("1.001", "1.002", False),
    ],
)
def test_spelling_is_not_amount(one: object, other: object, same: bool) -> None:
    assert same_amount(one, other) is same
