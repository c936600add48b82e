"""Who alone has ready pods: to end them would be an outage. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Memory
from paddle_operator.rollout.situation import Situation


class Alone(StrEnum):
    """How a canary came to have the only ready pods."""

    TAKES_OVER = "it takes over, and is the stable revision as soon as something newer begins"
    HELD = "it took over and is held, which is no proof: what is newer waits for either one's turn"
    FOR_NOW = "pods of the stable revision made no room for it, went, and come back: what is newer waits"


TOOK_OVER = frozenset({Alone.TAKES_OVER, Alone.HELD})
NEEDED = frozenset({Alone.HELD, Alone.FOR_NOW})
"""It goes on, unwanted too, until the stable revision has a pod."""


def alone(memory: Memory, ready: Mapping[str, int]) -> Alone | None:
    """Return how the canary came to have the only ready pods, by revision; None where others have some, or
    made room for it and come back by its end alone."""
    trying = memory.trying
    if trying is None or not ready.get(trying.canary) or ready.get(memory.stable or ""):
        return None
    if trying.takes_over:
        return Alone.HELD if memory.state is State.HELD else Alone.TAKES_OVER
    has_served = trying.weight > 0 or trying.checked
    return Alone.FOR_NOW if has_served and not trying.ends_pods else None


def too_few(memory: Memory, ready: Mapping[str, int], full: int) -> bool:
    """Tell whether who alone has ready pods has fewer than all requests need, `full`, and gets more: what it
    then refuses says nothing of it."""
    trying = memory.trying
    short = trying is not None and not trying.ends_pods and ready.get(trying.canary, 0) < full
    return short and alone(memory, ready) is not None


def unwanted_but_needed(memory: Memory, situation: Situation) -> bool:
    """Tell whether a canary goes on for its pods alone, since another revision is wanted."""
    wanted, attempt = situation.wanted, memory.attempt
    other = attempt is not None and wanted not in {None, attempt.canary}
    return other and alone(memory, situation.ready) in NEEDED


def keeps_others_waiting(memory: Memory, situation: Situation) -> bool:
    """Tell whether requests go to pods of an earlier revision or of a canary, since the one that serves has
    none or is to blame. Whatever begins meanwhile would take these pods away, and give the requests back."""
    if alone(memory, situation.ready) in NEEDED:
        return True
    returning = memory.returning
    target = returning.canary if returning is not None else memory.previous
    to_blame = returning is not None and returning.cause is not None
    return situation.has(target) > 0 and (to_blame or not situation.has(memory.stable))
