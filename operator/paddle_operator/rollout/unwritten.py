"""What may be done of a decision that could not be written down. Pure."""

from __future__ import annotations

from dataclasses import replace

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.memory import Memory
from paddle_operator.rollout.situation import Situation
from paddle_operator.spec.rollout import Strategy


def unwritten(decided: Course, situation: Situation, memory: Memory | None) -> Course:
    """Return what may be done of a decision that could not be written down: nobody gets more than before.

    A canary loses what was decided to take from it. One that was decided to serve keeps its share, and who
    made room for it what is left. Before anybody serves there is nothing to explain.
    """
    lives = situation.lives
    if lives.stable is None:
        return decided
    share = decided.weight(lives.canary) if lives.canary is not None else 0
    kept, fewer = None, decided.stable_replicas
    if decided.stable != lives.stable:
        kept = _left_for_room(situation, memory)
    elif fewer is not None:
        kept = fewer + len(decided.ends)
    return replace(lives, canary_weight=min(lives.canary_weight, share), stable_replicas=kept)


def _left_for_room(situation: Situation, memory: Memory | None) -> int | None:
    """Return how many pods are left of who made room; None where nobody did."""
    attempt = memory.attempt if memory is not None else None
    if attempt is not None and attempt.strategy is Strategy.RECREATE:
        return 0
    look = situation.hosting.look if situation.hosting is not None else None
    return len(look.stable.placed) if attempt is not None and attempt.full and look is not None else None
