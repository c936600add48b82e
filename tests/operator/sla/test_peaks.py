"""The highest load, by day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paddle_operator.sla.peaks import Peaks, asked_for, from_json, offered, to_json
from tests.operator.sla.counters import NOON

MINUTE = timedelta(minutes=1)


def minutes(loads: list[int], peaks: Peaks | None = None, days: int = 30) -> Peaks:
    """One look a minute, each with so many requests a second before it."""
    found = peaks or Peaks()
    for place, load in enumerate(loads):
        found = offered(found, load * 60, 60.0, NOON + place * MINUTE, days)
    return found


def test_a_burst_within_five_minutes_is_their_mean() -> None:
    assert minutes([10, 10, 60, 10, 10]).highest == 20


def test_nothing_is_a_peak_before_five_minutes_are_over() -> None:
    assert minutes([10, 10, 10, 10]).highest is None


def test_the_highest_stays() -> None:
    assert minutes([10] * 5 + [30] * 5 + [20] * 5).highest == 30


def test_a_day_beyond_the_window_is_forgotten() -> None:
    old = minutes([30] * 5)
    assert offered(old, 0, 0.0, NOON + timedelta(days=29), 30).highest == 30
    assert offered(old, 0, 0.0, NOON + timedelta(days=30), 30).highest is None


def test_it_is_kept_as_json_and_read_back() -> None:
    found = minutes([10] * 5 + [30] * 6)
    assert from_json(to_json(found)) == found
    assert from_json({"byDay": {"never": 1}}) == Peaks()


@pytest.mark.parametrize(
    ("at_replicas", "refused", "attempts", "callers"),
    [
        (1000, 0, 4, 1000),
        (1000, 500, 1, 1000),  # nobody repeats
        (1000, 1000, 4, 250),  # all were tried four times in vain
        (1875, 938, 4, 1000),  # half of all attempts are refused
        (0, 0, 4, 0),
    ],
)
def test_what_a_gateway_repeats_is_asked_for_once(
    at_replicas: int, refused: int, attempts: int, callers: int
) -> None:
    assert asked_for(at_replicas, refused, attempts) == pytest.approx(callers, abs=2)
