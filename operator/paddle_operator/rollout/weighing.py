"""What the traffic and the pods of a service come to, from what is remembered and who is ready. Pure.

Capacity comes before weight, and weight goes with it: a canary is sent no more than its ready pods can take,
and what the stable revision can no longer take at all.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.hosting.capacity import UNKNOWN, weight_hosted
from paddle_operator.rollout.hosting.next_pods import Look, next_pods
from paddle_operator.rollout.machine import TRYING, State
from paddle_operator.rollout.memory import Attempt, Memory
from paddle_operator.rollout.situation import Situation
from paddle_operator.spec.rollout import Rollout, RolloutState, Strategy, Surge


def course_of(memory: Memory, rollout: Rollout, situation: Situation) -> Course:
    """Return what is to be carried out."""
    attempt = memory.attempt
    rejected = {one.revision: one.cause.value for one in memory.rejected}
    rest = Course(memory.stable, previous=memory.previous, history=memory.history, rejected=rejected)
    if attempt is None or memory.state is State.BLOCKED:
        return rest
    if _waits_to_be_read(memory, attempt, situation) or _pauses_before(memory, attempt, rollout, situation):
        return rest
    course = _with_pods(replace(rest, canary=attempt.canary), memory, attempt, rollout, situation)
    return replace(
        course,
        canary_weight=weight_of(
            memory, attempt, situation, _going(course, memory, situation), share(rollout, attempt)
        ),
        recreates=attempt.strategy is Strategy.RECREATE and memory.state in TRYING,
    )


def _waits_to_be_read(memory: Memory, attempt: Attempt, situation: Situation) -> bool:
    """Tell whether pods that serve are to be ended, and nobody could read yet what that costs. A canary that
    serves is past that, whatever became of the status."""
    begun = memory.state is State.RETURNING or situation.has(attempt.canary)
    return bool(
        attempt.ends_pods and not begun and situation.hosting is not None and not situation.hosting.said
    )


def _pauses_before(memory: Memory, attempt: Attempt, rollout: Rollout, situation: Situation) -> bool:
    """Tell whether a pause came before all pods were to end for those of the canary."""
    pauses = rollout.state is RolloutState.PAUSED and memory.state is State.PREPARING
    serves = situation.has(memory.stable) and not situation.has(attempt.canary)
    return bool(pauses and serves and attempt.strategy is Strategy.RECREATE)


def weight_of(memory: Memory, attempt: Attempt, situation: Situation, going: int, step: int) -> int:
    """Return the percent of the requests that the canary takes now. So many ready pods of the stable revision
    are about to go, and are not counted on any more. The canary has pods for the percent of its step."""
    canary, most = situation.has(attempt.canary), situation.share_of(attempt.canary)
    stable = situation.has(memory.stable) - going
    takes_over = memory.state in {State.PROMOTING, State.RETURNING}
    if not canary or not (attempt.weight or takes_over or attempt.checked):
        return 0
    if stable <= 0:
        return 100
    asked = most if memory.state is State.RETURNING else attempt.weight
    if attempt.full:
        load = situation.hosting.load if situation.hosting is not None else UNKNOWN
        return weight_hosted(asked, situation.full, stable, canary, load)
    if canary > situation.pods_for(
        max(asked, step)
    ):  # it was alone, and gives back what the others can take again
        asked = max(asked, 100 - situation.share_of(memory.stable or ""))
    return min(asked, most)


def share_by_pods(canary: int, stable: int) -> int:
    """Return the percent of the requests that so many ready pods of the canary get beside those of the stable
    revision, where nothing but their numbers divides them."""
    return round(Fraction(100 * canary, canary + stable)) if canary else 0


def _with_pods(
    course: Course, memory: Memory, attempt: Attempt, rollout: Rollout, situation: Situation
) -> Course:
    """Return the course with the pods that the canary is to have now, and those that make room for it."""
    wanted, look = pods_of(memory, attempt, rollout, situation), _look_about(memory, situation)
    if look is None:
        return replace(course, canary_replicas=wanted)
    pods = next_pods(look if attempt.full else replace(look, surge=Surge.SURGE), wanted)
    if pods.way is Surge.SURGE:
        return replace(course, canary_replicas=pods.canary)
    paused = rollout.state is RolloutState.PAUSED and memory.state is not State.RETURNING  # callers need that
    if pods.ends and paused:
        here, placed = len(look.canary.staying), len(look.stable.placed)
        return replace(course, canary_replicas=here, stable_replicas=placed)
    return replace(course, canary_replicas=pods.canary, stable_replicas=pods.stable, ends=pods.ends)


def _look_about(memory: Memory, situation: Situation) -> Look | None:
    """Return what nodes have for those of now: whose pods they are may have changed at this look."""
    hosting = situation.hosting
    return hosting.look if hosting is not None and hosting.is_about(memory) else None


def _going(course: Course, memory: Memory, situation: Situation) -> int:
    look = _look_about(memory, situation)
    return sum(one.ready for one in look.stable.pods if one.name in course.ends) if look is not None else 0


def pods_of(memory: Memory, attempt: Attempt, rollout: Rollout, situation: Situation) -> int:
    """Return how many pods the canary is to have."""
    takes_over = memory.state in {State.PROMOTING, State.RETURNING}
    recreates = attempt.strategy is Strategy.RECREATE
    if recreates and situation.has(memory.stable):
        return 0
    ready, left, least = situation.has(attempt.canary), situation.has(memory.stable), 0
    takes_all = attempt.checked and not left
    if attempt.full and not (attempt.weight or takes_all or takes_over or recreates):
        return 1  # callers are sent none of them yet: no further pod that serves may go for more
    if takes_over or attempt.strategy is not Strategy.CANARY:
        return situation.full
    if takes_all:
        least = min(situation.full, ready) if attempt.ends_pods else situation.full
    elif attempt.checked and not attempt.ends_pods:  # none of its ready pods is ended that the others lack
        least = min(situation.full - left, ready)
    return max(least, situation.pods_for(share(rollout, attempt)))


def share(rollout: Rollout, attempt: Attempt) -> int:
    """Return the percent of the present step."""
    step = rollout.steps[present_step(rollout, attempt)]
    return max(step.weight, attempt.raised, attempt.weight)


def present_step(rollout: Rollout, attempt: Attempt | None) -> int:
    """Return the step by its index, which the gate is asked about: the last one after it, in the bake, and
    where steps were taken away meanwhile."""
    last = len(rollout.steps) - 1
    return min(attempt.step, last) if attempt is not None else last
