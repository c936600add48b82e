"""The rollout as a table: the states of a service's revisions, and what leads from one to another.

An event that a state does not know is a mistake of whoever sends it: it raises and nothing changes. What may
happen is decided in advance.py; what is remembered with a state is in memory.py. The diagram in
docs/reference/rollout.md is drawn from this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Self


class Word(StrEnum):
    """A word with what it means beside it, for people."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        """Keep the documentation beside the word."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class State(Word):
    """Where the rollout is. With what traffic, and why it waits, is remembered beside it."""

    STEADY = "Steady", "The wanted revision takes all requests; nothing is rolled out."
    BLOCKED = (
        "Blocked",
        "Another one is wanted and may not begin yet: budget, room, proof out of reach, or paused.",
    )
    PREPARING = "Preparing", "Pods for the canary's next share come up; its traffic stays as it is."
    PREFLIGHT = "Preflight", "Its pods are ready, and are asked before anybody else asks them."
    STEP = "Step", "It takes its share and is judged."
    AWAITING_APPROVAL = "AwaitingApproval", "The step has passed, and a person is waited for."
    HELD = "Held", "Its share stays as it is, and the time of the step stands still."
    PROMOTING = "Promoting", "It is proven; pods for all of the traffic come up, which follows them."
    BAKING = "Baking", "It serves; the previous one stays warm, to take over again at once."
    RETURNING = "Returning", "An earlier revision takes over again, as fast as its pods are ready."
    ROLLED_BACK = "RolledBack", "The wanted revision was found bad, or taken back by a person."
    UNPROVEN = "Unproven", "Nothing was found against the wanted revision, and too little for it."
    ABORTED = "Aborted", "A person has ended the attempt."


class Event(Word):
    """What leads from one state to another."""

    BEGUN = "begun", "a revision is wanted that neither serves nor was rejected"
    WITHDRAWN = "withdrawn", "the one that serves is wanted again, or who left it may begin anew"
    ADMITTED = "admitted", "nothing keeps it from beginning"
    CHECKABLE = "checkable", "its pods are ready for the first time"
    HOSTED = "hosted", "its pods are ready for its next share"
    PASSED = "passed", "the step has passed"
    COMPLETED = "completed", "the step has passed, and needs a person's word"
    APPROVED = "approved", "a person says: go on"
    HELD = "held", "shared incident, regression, metrics lost, or unproven and to be held"
    RECOVERED = "recovered", "what held it is over, or a person says: go on"
    PROVEN = "proven", "the last step has passed with proof, or there are no steps, or a person promotes"
    LOST = "lost", "its last ready pod is gone"
    CONDEMNED = "condemned", "it was found bad, now or before"
    EXPIRED = "expired", "the step ended without proof, or counts stay away, now or before"
    ABORTED = "aborted", "a person ends it, now or before"
    FILLED = "filled", "its pods are ready for all of the traffic"
    BAKED = "baked", "the bake is over, or there is nothing to go back to"
    SENT_BACK = (
        "sent back",
        "in its bake it burns the budget fast or has no pod, or a person or the spec goes back",
    )
    KEPT = "kept", "the one that serves is wanted again before the earlier one has taken over"
    RETURNED = "returned", "the earlier revision's pods are ready for all of the traffic"


class IllegalEvent(Exception):
    """An event that does not exist in a state. Nothing has changed."""


_UNJUDGED = (State.PREPARING, State.PREFLIGHT)
_SHARING = (State.STEP, State.AWAITING_APPROVAL, State.HELD, State.PROMOTING)
TRYING = (*_UNJUDGED, *_SHARING)
"""A canary has pods."""
ENDED = (State.ROLLED_BACK, State.UNPROVEN, State.ABORTED)
"""The wanted revision was rejected, each with a meaning of its own."""
ATTEMPTING = (State.BLOCKED, *TRYING, State.RETURNING)
"""There is an attempt, of which more is remembered."""


def _rows() -> Iterable[tuple[Iterable[State], Event, State]]:
    # a wanted revision that was rejected ends whatever goes on for another one
    tried_before = (State.STEADY, State.BLOCKED, *TRYING, *ENDED)
    yield State, Event.BEGUN, State.BLOCKED
    yield (*ATTEMPTING, *ENDED), Event.WITHDRAWN, State.STEADY
    yield (State.BLOCKED,), Event.ADMITTED, State.PREPARING
    yield (State.PREPARING,), Event.CHECKABLE, State.PREFLIGHT
    yield _UNJUDGED, Event.HOSTED, State.STEP
    yield (State.STEP,), Event.PASSED, State.PREPARING
    yield (State.STEP,), Event.COMPLETED, State.AWAITING_APPROVAL
    yield (State.AWAITING_APPROVAL,), Event.APPROVED, State.PREPARING
    yield (State.PREPARING, State.STEP, State.PROMOTING), Event.HELD, State.HELD
    yield (State.HELD,), Event.RECOVERED, State.PREPARING
    yield (*_UNJUDGED, State.STEP, State.AWAITING_APPROVAL, State.HELD), Event.PROVEN, State.PROMOTING
    yield (State.PREPARING, *_SHARING), Event.LOST, State.PREPARING
    yield tried_before, Event.CONDEMNED, State.ROLLED_BACK
    yield tried_before, Event.EXPIRED, State.UNPROVEN
    yield tried_before, Event.ABORTED, State.ABORTED
    yield (State.PROMOTING,), Event.FILLED, State.BAKING
    yield (State.BAKING,), Event.BAKED, State.STEADY
    yield State, Event.SENT_BACK, State.RETURNING
    yield (State.RETURNING,), Event.KEPT, State.BAKING
    yield (State.RETURNING,), Event.RETURNED, State.ROLLED_BACK


TABLE: Mapping[tuple[State, Event], State] = MappingProxyType(
    {(state, event): after for states, event, after in _rows() for state in states}
)


def after(state: State, event: Event) -> State:
    """Return the state that an event leads to; IllegalEvent where there is none."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalEvent(f"{event} does not happen in {state}: decide again from {state}") from None
