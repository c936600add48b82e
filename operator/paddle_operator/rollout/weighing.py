"""What the traffic and the pods of a service come to, from what is remembered and who is ready. Pure.

Capacity comes before weight, and weight goes with it: a canary is sent no more than its ready pods can take,
and what the stable revision can no longer take at all.
"""

from __future__ import annotations

from dataclasses import replace

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.machine import TRYING, State
from paddle_operator.rollout.memory import Attempt, Memory
from paddle_operator.rollout.situation import Situation
from paddle_operator.spec.rollout import Rollout, Strategy


def course_of(memory: Memory, rollout: Rollout, situation: Situation) -> Course:
    """Return what is to be carried out."""
    attempt = memory.attempt
    rejected = {one.revision: one.cause.value for one in memory.rejected}
    rest = Course(memory.stable, previous=memory.previous, history=memory.history, rejected=rejected)
    if attempt is None or memory.state is State.BLOCKED:
        return rest
    return replace(
        rest,
        canary=attempt.canary,
        canary_weight=weight_of(memory, attempt, situation),
        canary_replicas=pods_of(memory, attempt, rollout, situation),
        recreates=attempt.strategy is Strategy.RECREATE and memory.state in TRYING,
    )


def weight_of(memory: Memory, attempt: Attempt, situation: Situation) -> int:
    """Return the percent of the requests that the canary takes now."""
    share = situation.share_of(attempt.canary)
    takes_over = memory.state in {State.PROMOTING, State.RETURNING}
    if not situation.has(attempt.canary):
        return 0
    if not situation.has(memory.stable) and (attempt.weight or takes_over):
        return 100
    return share if memory.state is State.RETURNING else min(attempt.weight, share)


def pods_of(memory: Memory, attempt: Attempt, rollout: Rollout, situation: Situation) -> int:
    """Return how many pods the canary is to have."""
    takes_over = memory.state in {State.PROMOTING, State.RETURNING}
    if attempt.strategy is Strategy.RECREATE and situation.has(memory.stable):
        return 0
    if takes_over or attempt.strategy is not Strategy.CANARY:
        return situation.full
    return situation.pods_for(share(rollout, attempt))


def share(rollout: Rollout, attempt: Attempt) -> int:
    """Return the percent of the present step."""
    step = rollout.steps[present_step(rollout, attempt)]
    return max(step.weight, attempt.raised, attempt.weight)


def present_step(rollout: Rollout, attempt: Attempt | None) -> int:
    """Return the step by its index, which the gate is asked about: the last one after it, in the bake, and
    where steps were taken away meanwhile."""
    last = len(rollout.steps) - 1
    return min(attempt.step, last) if attempt is not None else last
