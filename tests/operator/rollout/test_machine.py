"""The table, and that its words are the documented ones."""

from __future__ import annotations

import pytest

from paddle_operator.rollout.machine import (
    ATTEMPTING,
    ENDED,
    TABLE,
    TRYING,
    Event,
    IllegalEvent,
    State,
    after,
)
from paddle_operator.rollout.memory import Attempt, Cause, Memory
from tests.operator.rollout.story import NEW, START


def test_an_illegal_event_raises_and_changes_nothing() -> None:
    memory = Memory(since=START, stable=NEW)
    with pytest.raises(IllegalEvent, match="filled does not happen in Steady"):
        memory.moved(Event.FILLED, START, stable="other")
    assert memory == Memory(since=START, stable=NEW)


def test_every_state_is_left_by_some_event() -> None:
    for state in State:
        assert any(at is state and to is not state for (at, _), to in TABLE.items()), state


def test_every_state_and_every_event_is_reached() -> None:
    assert set(TABLE.values()) == set(State)
    assert {event for _, event in TABLE} == set(Event)


def test_a_newer_spec_leads_out_of_everywhere() -> None:
    assert {after(state, Event.BEGUN) for state in State} == {State.BLOCKED}


def test_only_a_promotion_and_a_return_change_who_serves() -> None:
    ways = {(at, event) for (at, event), to in TABLE.items() if to is State.BAKING}
    assert ways == {(State.PROMOTING, Event.FILLED), (State.RETURNING, Event.KEPT)}, "who is kept served"
    assert {at for (at, event), _ in TABLE.items() if event is Event.RETURNED} == {State.RETURNING}


def test_an_attempt_is_remembered_exactly_where_there_is_one() -> None:
    assert set(TRYING) < set(ATTEMPTING)
    assert not set(ENDED) & set(ATTEMPTING)
    with pytest.raises(ValueError, match="Step needs an attempt"):
        Memory(since=START, state=State.STEP)
    with pytest.raises(ValueError, match="Steady has no attempt"):
        Memory(since=START, attempt=Attempt(canary=NEW))


def test_every_cause_ends_a_canary_from_every_state_in_which_it_is_tried() -> None:
    for cause in Cause:
        assert {after(state, cause.event) for state in TRYING} <= set(ENDED)


def test_an_ending_for_want_of_proof_is_a_state_of_its_own() -> None:
    assert {one for one in Cause if after(State.STEP, one.event) is State.UNPROVEN} == {
        Cause.UNPROVEN,
        Cause.METRICS_UNAVAILABLE,
    }
