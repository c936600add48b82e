"""A canary whose pods are ready at once, so that only the gate decides: the operator's own machine. Pure.

Nothing of a rollout is decided here. A look is handed to `advance`, as the operator does it, and what has
become of the canary is put into a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from paddle_operator.rollout.advance import Advance, advance
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Attempt, Memory
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.spec.rollout import Rollout

STABLE, CANARY = "stable", "canary"
PODS = 100
"""Of each revision: one for each percent of the requests."""
START = datetime(2000, 1, 1, tzinfo=UTC)


class Action(StrEnum):
    """What follows from a verdict."""

    ROLL_BACK = "RollBack"
    """On evidence."""
    HOLD = "Hold"
    """The weight stays, and the time of the step stands still."""
    WAIT = "Wait"
    """The step has not passed yet."""
    AWAIT_APPROVAL = "AwaitApproval"
    """It has, and a person must say so."""
    NEXT_STEP = "NextStep"
    PROMOTE = "Promote"
    END_UNPROVEN = "EndUnproven"
    """The step's time is over. Nothing was found against the canary, and too little for it."""


_BY_STATE = {
    State.HELD: Action.HOLD,
    State.AWAITING_APPROVAL: Action.AWAIT_APPROVAL,
    State.ROLLED_BACK: Action.ROLL_BACK,
    State.UNPROVEN: Action.END_UNPROVEN,
}


def begun(rollout: Rollout, reach: Reach) -> Advance:
    """Let a canary begin; where it cannot be proven in time, a person lets it begin all the same."""
    memory = Memory(since=START, stable=STABLE, served=True)
    for asked in ("", f"approve/{CANARY}/1"):
        made = advance(memory, rollout, _situation(reach=reach, asked=asked), START)
        if made.course.canary_weight:
            break
        memory = made.memory
    return made


def after(seconds: float) -> datetime:
    """Return the moment so long after the beginning."""
    return START + timedelta(seconds=seconds)


def look(memory: Memory, rollout: Rollout, verdict: Verdict, now: datetime) -> tuple[Advance, Action]:
    """Return what a verdict makes of a rollout, and what that is called."""
    made = advance(memory, rollout, _situation(verdict=verdict), now)
    return made, _action(memory, made.memory, verdict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A canary in the step that it was in when its counts were recorded."""

    attempt: Attempt
    memory: Memory

    @classmethod
    def of(cls, attempt: Attempt, looked_at: datetime) -> Recorded:
        """Remember no more than the step and how long it runs."""
        memory = Memory(
            state=State.STEP,
            since=looked_at,
            stable=STABLE,
            served=True,
            attempt=attempt,
            looked_at=looked_at,
        )
        return cls(attempt, memory)

    @classmethod
    def in_step(cls, step: int, weight: int, looked_at: datetime) -> Recorded:
        """Let a step begin."""
        return cls.of(Attempt(canary=CANARY, step=step, weight=weight, checked=True), looked_at)

    def look(self, rollout: Rollout, verdict: Verdict, now: datetime) -> tuple[Recorded, Action]:
        """Go on in the step for as long as what was recorded does, whatever would have become of it."""
        made, action = look(self.memory, rollout, verdict, now)
        attempt = made.memory.attempt
        if attempt is not None and action in {Action.WAIT, Action.HOLD}:
            return Recorded(attempt, made.memory), action
        passed = int((now - (self.memory.looked_at or now)).total_seconds())
        longer = self.attempt.but(running_seconds=self.attempt.running_seconds + passed)
        return Recorded.of(longer, now), action


def _situation(*, verdict: Verdict | None = None, reach: Reach | None = None, asked: str = "") -> Situation:
    ready = {STABLE: PODS, CANARY: PODS}
    return Situation(CANARY, Course(STABLE), ready, full=PODS, verdict=verdict, reach=reach, asked=asked)


def _action(before: Memory, memory: Memory, verdict: Verdict) -> Action:
    if memory.stable == CANARY:
        return Action.PROMOTE
    if memory.state in _BY_STATE:
        return _BY_STATE[memory.state]
    if before.attempt and memory.attempt and memory.attempt.step > before.attempt.step:
        return Action.NEXT_STEP
    return Action.HOLD if verdict.finding is Finding.NO_DATA else Action.WAIT
