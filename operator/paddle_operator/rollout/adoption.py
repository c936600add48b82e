"""What a rollout goes on from where nothing is remembered: what lives. No weight moves for it. Pure.

So it is after an upgrade from a release without rollouts, when the memory was deleted or damaged, and when
a backup was restored. What was proven is not known any more: evidence begins anew.
"""

from __future__ import annotations

from datetime import datetime

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Attempt, Cause, Memory, Rejection
from paddle_operator.spec.rollout import Rollout, Strategy


def adopted(lives: Course, rollout: Rollout, now: datetime) -> Memory:
    """Return a memory that comes to what lives."""
    found = Memory(
        state=State.BAKING if lives.previous else State.STEADY,
        since=now,
        stable=lives.stable or lives.canary,
        served=lives.stable is not None,
        previous=lives.previous,
        rejected=tuple(
            Rejection(revision=name, cause=_cause(why), told="", at=now)
            for name, why in sorted(lives.rejected.items())
        ),
        history=lives.history,
        looked_at=now,
    )
    if lives.stable is None or lives.canary is None:
        return found
    weight = lives.canary_weight
    attempt = Attempt(
        canary=lives.canary,
        strategy=Strategy.RECREATE if lives.recreates else Strategy.CANARY,
        step=_step_of(weight, rollout),
        weight=weight,
        checked=weight > 0,
    )
    return found.but(state=State.STEP if weight else State.PREPARING, previous=None, attempt=attempt)


def _step_of(weight: int, rollout: Rollout) -> int:
    """The step with the weight, or the one before which it lies."""
    return next(
        (number for number, step in enumerate(rollout.steps) if step.weight >= weight), len(rollout.steps) - 1
    )


def _cause(why: str) -> Cause:
    """Read a recorded cause; one of another release only says that it was rejected."""
    return next((one for one in Cause if one == why), Cause.SENT_BACK)
