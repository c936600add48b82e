"""What ends a bake: its time, or what shows while one serves and another is kept to go back to. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from paddle_operator.rollout.judging import evidence
from paddle_operator.rollout.machine import Event, State
from paddle_operator.rollout.memory import Cause, Memory
from paddle_operator.rollout.moves import LOSSES_FORGIVEN, Move, View, sent_back
from paddle_operator.rollout.verdict import Finding
from paddle_operator.sla.burn import Severity, burn_rules
from paddle_operator.sla.figures import length_text
from paddle_operator.spec.rollout import Override, Strategy

FAST_BURN = min(rule.factor for rule in burn_rules(timedelta(days=30)) if rule.severity is Severity.PAGE)
"""Times the budget, which pages somebody where it lasts."""
LONGEST_DOWN = timedelta(minutes=10)
"""Without a ready pod in a bake, beside nobody else: twice what a model may take to load by default."""


def baking(memory: Memory, view: View) -> Move | None:
    """Decide about who serves since it was promoted; None where everything stays."""
    bake, situation, told = view.rollout.bake, view.situation, ""
    if memory.previous is not None:
        if not situation.has(memory.stable) and situation.has(memory.previous):
            return _left(memory, view, Cause.ENDPOINTS_LOST, f"{memory.stable} has no ready pod any more")
        if (told := _down_for_good(memory, view)) and memory.previous in situation.ready:
            return _left(memory, view, Cause.ENDPOINTS_LOST, told)
        burns = view.finds(Finding.BROKEN) and (situation.fast_burn or _burns_fast(view))
        repairs = view.rollout.budget_policy.override is Override.REPAIR  # it burned before, and more
        if burns and not repairs and memory.previous in situation.ready:
            told = f"{memory.stable}, which serves alone, burns the budget fast"
            return _left(memory, view, Cause.FAST_BURN, told)
        over = view.now - memory.since >= timedelta(minutes=bake.duration_minutes)
        gone = memory.previous not in situation.ready
        if not gone and (view.frozen or situation.fast_burn or not over or not situation.has(memory.stable)):
            return None
        told = (
            f"{memory.previous}, which was kept warm, is gone: there is nobody to go back to" if gone else ""
        )
    limit = view.rollout.revision_history_limit
    history = memory.history_with([memory.previous], memory.stable, limit)
    changes = {"previous": None, "history": history, "left": memory.left_without(memory.stable)}
    return Move(Event.BAKED, changes, told=told)


def bake_down(memory: Memory, view: View) -> dict[str, Any]:
    """Return how often and since when who serves in a bake has no ready pod, where the one before has no pods
    either. Losses count where these made room for it; what ends the pods of both is nobody's fault."""
    bakes, situation = memory.state is State.BAKING, view.situation
    serves, kept = situation.has(memory.stable) > 0, situation.has(memory.previous) > 0
    warm = bakes and (memory.warm or kept)
    if not bakes or kept or serves:
        return {"warm": warm, "down_since": None}
    if memory.down_since is not None:
        return {"down_since": min(memory.down_since, view.now)}  # a clock may be set back
    return {"down_since": view.now, "bake_losses": memory.bake_losses + (0 if warm else 1)}


def _down_for_good(memory: Memory, view: View) -> str:
    """Say why who serves is given up though nobody else has a ready pod; empty where it is not."""
    if memory.down_since is None or view.situation.has(memory.stable):
        return ""
    if memory.bake_losses > LOSSES_FORGIVEN:
        return f"{memory.stable} lost its last ready pod {memory.bake_losses} times in its bake"
    down = view.now - memory.down_since
    length = length_text(down)
    return f"{memory.stable} had no ready pod for {length} in its bake" if down >= LONGEST_DOWN else ""


def _left(memory: Memory, view: View, cause: Cause, told: str) -> Move:
    """Let the warm revision take over again, and the one that it leaves try again beside it.

    Nodes go, and whatever both revisions need may fail: in a bake nobody else is asked, so steps beside the
    other one tell who is to blame. Where there are none, or no room to be beside it, that would be lost
    again, and again; and so it would with what shows in bakes alone.
    """
    beside = view.rollout.strategy is Strategy.CANARY and view.situation.has(memory.previous) > 0
    burned = memory.has_left(memory.stable) is Cause.FAST_BURN
    again = burned and cause is Cause.FAST_BURN and _burns_fast(view)
    outage = cause is Cause.ENDPOINTS_LOST and memory.warm and not view.situation.has(memory.previous)
    anew = (beside or outage) and not again
    wanted = anew and view.situation.wanted == memory.stable
    then = f", and is to begin anew beside {memory.previous}" if wanted else ""
    figures = f": {evidence(view, of=memory.stable)}" if cause is Cause.FAST_BURN else ""
    move = sent_back(memory, view, memory.previous or "", cause, f"{told}{figures}", forgiven=anew)
    return replace(move, told=f"{told}{then}{figures}")


def _burns_fast(view: View) -> bool:
    """Tell whether so many requests fail now that somebody would be paged for it in the end. An alert needs
    an hour or six of it, to be sure, which most bakes do not last. The gate is sure already."""
    objectives = view.verdict.objectives if view.verdict is not None else ()
    return any(one.finding is Finding.BROKEN and one.burn >= FAST_BURN for one in objectives)
