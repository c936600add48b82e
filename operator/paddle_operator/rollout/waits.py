"""What waits, and what would end that: told for as long as it is so, whatever was said last. Pure."""

from __future__ import annotations

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Attempt, Memory
from paddle_operator.rollout.moves import View
from paddle_operator.rollout.only_pods import unwanted_but_needed
from paddle_operator.rollout.request import Verb
from paddle_operator.rollout.saying import Saying, by_hand

LONGEST_TROUBLE = 400


def waits_now(memory: Memory, view: View) -> Saying | None:
    """Say that a newer change waits: for a return, which takes as long as there is no room for its pods, or
    for pods of the stable revision beside a canary that alone has some."""
    wanted, attempt, situation = view.situation.wanted, memory.attempt, view.situation
    if attempt is not None and unwanted_but_needed(memory, situation):
        told = f"{attempt.canary} has the only ready pods: {_after_the_only_pods(memory, attempt, view)}"
        return Saying(memory.state.value, told, attempt.canary, memory.state.value, attempt.weight)
    if memory.state is not State.RETURNING or attempt is None:
        return None
    if wanted in {None, memory.stable, attempt.canary}:
        return _return_waits(memory, attempt, view)
    gone = memory.rejection_of(wanted)
    if gone is not None:
        then = f", which the resource asks for, was rejected as {gone.cause.value}, and does not begin"
    else:
        serves = situation.has(memory.stable)
        takes = f"{memory.stable} take all requests meanwhile"
        meanwhile = takes if serves else "nobody serve until pods of one of them are ready"
        now = by_hand(Verb.ABORT, attempt.canary)
        then = f" begins after that. To let it begin now, and {meanwhile}: {now}"
    told = f"{attempt.canary} takes over again; {wanted}{then}"
    return Saying(memory.state.value, told, attempt.canary, memory.state.value, attempt.weight)


def _return_waits(memory: Memory, attempt: Attempt, view: View) -> Saying | None:
    """Say what keeps the pods away that are to take over again, while none of them serves."""
    trouble = view.situation.trouble[:LONGEST_TROUBLE].rstrip(".")
    if not trouble or view.situation.has(attempt.canary):
        return None
    told = f"{attempt.canary} has no ready pod yet: {trouble}"
    if memory.stable in view.situation.ready and view.situation.wanted != attempt.canary:
        told = f"{told}. To let {memory.stable} serve instead: {by_hand(Verb.ABORT, attempt.canary)}"
    return Saying(memory.state.value, told, attempt.canary, memory.state.value, attempt.weight, warns=True)


def _after_the_only_pods(memory: Memory, attempt: Attempt, view: View) -> str:
    """Say what waits for pods of the stable revision, and what lets it begin sooner."""
    wanted, stable = view.situation.wanted, memory.stable
    abort = f"To let nobody serve until then: {by_hand(Verb.ABORT, attempt.canary)}"
    if wanted == stable:
        return f"{stable} is wanted again, and serves once it has one. {abort}"
    if memory.rejection_of(wanted) is not None:
        return f"{wanted} is wanted, was rejected before and does not begin. {abort}"
    promote = f". To let it begin now, from there: {by_hand(Verb.PROMOTE, attempt.canary)}"
    held = f", or what holds {attempt.canary} is over" if attempt.takes_over else ""
    sooner = "" if view.paused else promote  # which is refused then
    return f"{wanted} is wanted, and begins once {stable} has one{held}{sooner}. {abort}"
