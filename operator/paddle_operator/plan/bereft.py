"""The share of whoever has no ready pod any more: it goes before anybody is asked anything. Pure.

It is what the rollout would decide as well, from what it remembers and who is ready. But that look first asks
the metrics, which may take many seconds to answer, and callers get errors meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from paddle_operator.plan.lives import lives_of, share_in_route
from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.plan.rollout_record import stored_rollout, text_in
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Attempt, Memory, memory_from
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.weighing import weight_of


def bereft(service: str, live: Collection[LiveRevision], objects: Collection[KubeObject]) -> Course | None:
    """Return what lives, with the share that is left to the canary, or in a bake to whoever is warm; None
    where the route has it already, and while both revisions can take theirs."""
    memory = memory_from(text_in(stored_rollout(objects)))
    if memory is None:
        return None
    ready = {one.name: one.ready_replicas for one in live}
    takes_over = _takes_over(memory, ready)
    attempt = memory.attempt or takes_over
    if attempt is None:
        return None
    share = share_in_route(service, attempt.canary, objects)
    both = ready.get(attempt.canary) and _ready_pods(memory.stable, ready)
    if takes_over is None and (not share or both):
        return None
    lives = lives_of(service, live, objects)
    weight = weight_of(memory, attempt, Situation(None, lives, ready), going=0, step=0)
    if weight == share:
        return None
    return replace(lives, stable=memory.stable, canary=attempt.canary, canary_weight=weight, previous=None)


def _takes_over(memory: Memory, ready: Mapping[str, int]) -> Attempt | None:
    """Return the warm revision of a bake as one with a share, once whoever was promoted has no ready pod."""
    lost = memory.state is State.BAKING and not _ready_pods(memory.stable, ready)
    warm = memory.previous if lost else None
    return Attempt(canary=warm, weight=100) if warm is not None and ready.get(warm) else None


def _ready_pods(revision: str | None, ready: Mapping[str, int]) -> int:
    """One that is gone is of a past, which moves no weight: it counts as there."""
    return ready.get(revision or "", 1)
