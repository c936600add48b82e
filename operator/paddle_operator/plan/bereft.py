"""The share of whoever has no ready pod any more: it goes before anybody is asked anything. Pure.

It is what the rollout would decide as well, from what it remembers and who is ready. But that look first asks
the metrics, which may take many seconds to answer, and callers get errors meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from paddle_operator.plan.lives import lives_of, share_in_route
from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.plan.rollout_record import stored_rollout, text_in
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.memory import memory_from
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.weighing import weight_of


def bereft(service: str, live: Collection[LiveRevision], objects: Collection[KubeObject]) -> Course | None:
    """Return what lives, with the share that is left to the canary; None where the route has it already, and
    while both revisions can take theirs."""
    memory = memory_from(text_in(stored_rollout(objects)))
    if memory is None or memory.attempt is None:
        return None
    canary, ready = memory.attempt.canary, {one.name: one.ready_replicas for one in live}
    share = share_in_route(service, canary, objects)
    stays = ready.get(memory.stable or "", 1)  # one that is gone is of a past, which moves no weight
    if not share or (ready.get(canary) and stays):
        return None
    lives = lives_of(service, live, objects)
    weight = weight_of(memory, memory.attempt, Situation(None, lives, ready), going=0)
    if weight == share:
        return None
    return replace(lives, stable=memory.stable, canary=canary, canary_weight=weight)
