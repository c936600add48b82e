"""Numbers as people read them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from paddle_operator.sla.figures import duration_text, number_text, percent_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ("0", "0 s"), ("0.26", "260 ms"), ("0.0000864", "0.0864 ms"), ("2.592", "2.59 s"), ("3", "3 s"),
        ("25.92", "25 s"), ("59.9", "59 s"), ("60", "1 min"), ("2592", "43 min 12 s"), ("3600", "1 h"),
        ("3661", "1 h 1 min"), ("129600", "1 d 12 h"), ("2592000", "30 d"),
    ],
)  # fmt: skip
def test_a_time_has_at_most_two_units(seconds: str, text: str) -> None:
    assert duration_text(Fraction(seconds)) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [("0.001", "0.1 %"), ("0.0000001", "0.00001 %"), ("0.95", "95 %"), ("1/3", "33.3333 %")],
)
def test_a_share_is_a_percentage_without_an_exponent(share: str, text: str) -> None:
    assert percent_text(Fraction(share)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [("0", "0"), ("2", "2"), ("0.123456", "0.123"), ("12.34", "12.3"), ("1234567", "1234567")],
)
def test_a_number_has_three_digits_or_all_before_the_point(number: str, text: str) -> None:
    assert number_text(Fraction(number)) == text
