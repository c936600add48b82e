"""The history of promises: what held when, whatever was edited in which order, and that it stays small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.promises import (
    LARGEST_BYTES,
    History,
    changes_after,
    history_from,
    in_force,
    text_of,
    with_present,
)
from paddle_operator.spec.promise import Sla

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOURS = 12


def promised(*minutes: int, name: str = "m") -> Sla:
    """A promise with an exclusion of ten minutes at each of these minutes of every hour."""
    exclusions = [
        {"name": f"{name}{one}", "schedule": f"{one} * * * *", "durationMinutes": 10} for one in minutes
    ]
    up = {"name": "up", "availability": {"targetPercent": "99"}}
    return Sla.model_validate({"objectives": (up,), "exclusions": tuple(exclusions)}, by_alias=True)


edits = st.lists(
    st.tuples(st.integers(1, 7200), st.sets(st.sampled_from((0, 20, 40)))), min_size=1, max_size=8
)


@given(edits, st.integers(0, HOURS * 3600 - 1))
def test_a_moment_is_excluded_by_what_was_promised_at_that_moment_and_by_nothing_else(
    made: list[tuple[int, set[int]]], second: int
) -> None:
    history: History = ()
    now, at, held = NOON, NOON + timedelta(seconds=second), set[int]()
    for later, minutes in made:
        now += timedelta(seconds=later)
        history = with_present(history, promised(*minutes), NOON - timedelta(days=1), now)
        held = minutes if now <= at else held
    history = history_from(text_of(history))
    within = Interval(NOON, NOON + timedelta(hours=HOURS))
    excluded = any(at in part for one in in_force(history) for part in one.spans(within).parts)
    assert excluded is any(minute <= at.minute < minute + 10 for minute in held)


@given(edits)
def test_every_change_is_told_once_with_what_was_before(made: list[tuple[int, set[int]]]) -> None:
    history: History = ()
    for place, (_, minutes) in enumerate(made):
        history = with_present(history, promised(*minutes), NOON, NOON + timedelta(hours=place))
    seen = [minutes for _, minutes in made]
    assert len(list(changes_after(history, NOON))) == sum(one != other for one, other in pairwise(seen))


def test_a_young_service_promised_from_its_creation_and_another_from_when_it_was_seen() -> None:
    for age, since in ((timedelta(seconds=30), NOON), (timedelta(hours=1), NOON + timedelta(hours=1))):
        assert with_present((), promised(), NOON, NOON + age)[0].since == since


def test_who_edits_without_end_loses_the_oldest_promises_and_no_more() -> None:
    history: History = ()
    for place in range(300):
        one = promised(*range(0, 60, 8), name=f"n{place}-")
        history = with_present(history, one, NOON, NOON + timedelta(minutes=place))
    text = text_of(history)
    kept = history_from(text)
    assert len(text) <= LARGEST_BYTES
    assert kept == history[-len(kept) :]
    assert len(kept) > 40


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"version": 7}', '{"version": 1, "promises": [{}]}'])
def test_what_is_no_history_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        history_from(text)
