"""Numbers as text: exact, and never better than they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest

from paddle_operator.sla.report.written import (
    DOWN,
    UP,
    decimal_text,
    moment_read,
    moment_text,
    percent_text,
    whole_seconds,
)


@pytest.mark.parametrize(
    ("value", "places", "towards", "text"),
    [
        (Fraction(999, 1000), 4, DOWN, "99.9"),
        (Fraction(2, 3), 4, DOWN, "66.6666"),
        (Fraction(2, 3), 4, UP, "66.6667"),
        (Fraction(1), 4, DOWN, "100"),
        (Fraction(0), 1, UP, "0"),
        (Fraction(1, 100_000), 1, UP, "0.1"),
        (Fraction(-1, 3), 1, DOWN, "-33.4"),
        (Fraction(-1, 3), 1, UP, "-33.3"),
        (Fraction(7), 0, UP, "700"),
    ],
)
def test_percentages(value: Fraction, places: int, towards: int, text: str) -> None:
    assert percent_text(value, places, towards) == text


def test_a_kept_promise_is_never_rounded_up_to() -> None:
    just_missed = Fraction(998_999_999, 1_000_000_000)
    assert percent_text(just_missed, 4, DOWN) == "99.8999"
    assert decimal_text(Fraction("1.01"), 1, UP) == "1.1"


def test_moments_are_written_in_utc_and_read_back() -> None:
    shanghai = timezone(timedelta(hours=8))
    noon = datetime(2026, 11, 1, 20, tzinfo=shanghai)
    assert moment_text(noon) == "2026-11-01T12:00:00Z"
    exact = datetime(2026, 11, 1, 12, 0, 7, 125_000, tzinfo=UTC)
    assert moment_text(exact) == "2026-11-01T12:00:07.125Z"
    assert moment_read(moment_text(exact)) == exact
    with pytest.raises(ValueError, match="no time zone"):
        moment_read("2026-11-01T12:00:00")


def test_a_begun_second_is_a_whole_one() -> None:
    assert whole_seconds(timedelta(milliseconds=1)) == 1
    assert whole_seconds(timedelta(seconds=60)) == 60
