"""The shortest rollout that a gate can drive: steps with a clock, and what follows from each verdict. Pure.

It moves no capacity and waits for nobody; the machine of real rollouts does. The clock of a step runs only
while nothing is against the canary and something is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.spec.rollout import OnDoubt, OnRegression, Rollout


class Action(StrEnum):
    """What follows from a verdict."""

    ROLL_BACK = "RollBack"
    """On evidence."""
    HOLD = "Hold"
    """The weight stays, and the clock stands still."""
    WAIT = "Wait"
    """The step has not passed yet."""
    NEXT_STEP = "NextStep"
    PROMOTE = "Promote"
    END_UNPROVEN = "EndUnproven"
    """The step's time is over. Nothing was found against the canary, and too little for it."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a rollout is."""

    step: int = 0
    """Its index."""
    seconds: float = 0.0
    """How long the step has lasted, without what does not count."""


def act(rollout: Rollout, clock: Clock, verdict: Verdict, seconds: float) -> tuple[Clock, Action]:
    """Return where a rollout is after an interval of so many seconds, and what follows from its verdict."""
    finding, tolerated = verdict.finding, rollout.analysis.on_regression_within_sla
    if finding is Finding.BROKEN or (finding, tolerated) == (Finding.REGRESSION, OnRegression.ROLLBACK):
        return clock, Action.ROLL_BACK
    ignored = (finding, tolerated) == (Finding.REGRESSION, OnRegression.IGNORE)
    if finding is not Finding.NOTHING_AGAINST and not ignored:
        return clock, Action.HOLD
    step, last = rollout.steps[clock.step], clock.step == len(rollout.steps) - 1
    clock = Clock(clock.step, clock.seconds + seconds)
    if clock.seconds >= step.min_duration_seconds and verdict.step_passes and (verdict.proven or not last):
        return (clock, Action.PROMOTE) if last else (Clock(clock.step + 1), Action.NEXT_STEP)
    if clock.seconds < step.max_duration_seconds:
        return clock, Action.WAIT
    return clock, Action.HOLD if rollout.analysis.on_unproven is OnDoubt.HOLD else Action.END_UNPROVEN
