"""Rolling out: read what is remembered, look at the canary, decide, and remember it before it is done.

Nothing is kept here between two looks: whoever takes over goes on from the ConfigMap.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from datetime import datetime

from paddle_operator.canary import Judged, judged_now
from paddle_operator.cluster.ports import Cluster, Key
from paddle_operator.errors import ClusterRefused, Conflict
from paddle_operator.hosting import Hosts, tried
from paddle_operator.plan.lives import lives_of
from paddle_operator.plan.memory import Stored
from paddle_operator.plan.preflight import NO_QUESTIONS, Questions, questions
from paddle_operator.plan.rollout_record import rollout_record, stored_rollout, text_in
from paddle_operator.plan.shadow import receives
from paddle_operator.proving import Proving
from paddle_operator.rollout.advance import advance
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.looks.spending import spent_percent
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Memory, memory_from, text_of
from paddle_operator.rollout.only_pods import keeps_others_waiting
from paddle_operator.rollout.reaching import Traffic, bad_shares, begins, in_steps, to_begin, to_go
from paddle_operator.rollout.saying import Saying
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.unwritten import unwritten
from paddle_operator.sla.answer import Failed, Value
from paddle_operator.spec import Service
from paddle_operator.spec.traffic import RoutingType
from paddle_operator.status.diagnosis import trouble_of
from paddle_operator.status.preflight import preflight_of
from paddle_operator.status.rollout import RolloutFacts, answered_in, budget_left_in
from paddle_operator.subject import Subject

LOOK = "look"
LOST_LOOK = "lost look"  # it could not be written down, and the next one counts again what it counted
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rolled:
    """What one look at a rollout came to."""

    course: Course
    """What is to be carried out."""
    facts: RolloutFacts
    questions: Questions
    """What the canary is asked now, before callers ask it."""
    said: tuple[Saying, ...] = ()
    """What was decided."""
    refused: ClusterRefused | None = None
    """Why the memory could not be written; then only what protects callers is carried out."""

    @property
    def pause_seconds(self) -> float:
        """When it is to be looked at again; for ever where nothing goes on."""
        memory = self.facts.memory
        goes_on = memory.attempt is not None or memory.state is State.BAKING
        return self.facts.rollout.analysis.interval_seconds if goes_on else math.inf


class Rolling:
    """Looks at rollouts; without `proving` there is nobody to ask about a canary."""

    def __init__(self, cluster: Cluster, proving: Proving | None, hosts: Hosts) -> None:
        self._cluster = cluster
        self._proving = proving
        self._hosts = hosts

    async def __call__(self, key: Key, of: Subject, now: datetime) -> Rolled:
        """Decide about a service's rollout, and write it down."""
        there = stored_rollout(of.seen.objects)
        memory = memory_from(text_in(there))
        judged = await judged_now(self._proving, of, memory, now)
        asked = _questions(of, memory)
        traffic = await self._traffic(of, memory, judged, now)
        unhosted = _situation(of, memory, judged, asked)
        reach = _to_begin(of, memory, traffic, unhosted)
        situation = await self._hosted(of, memory, replace(unhosted, reach=reach))
        made = advance(memory, of.rollout, situation, now)
        refused = await self._remember(key, of.service, made.memory, there)
        course = made.course if refused is None else unwritten(made.course, situation, memory)
        for said in made.said:
            logger.log(logging.WARNING if said.warns else logging.INFO, "%s: %s", key, said.message)
        if judged is not None and judged.line:
            logger.info("%s: %s: %s", key, LOOK if refused is None else LOST_LOOK, judged.line)
        verdict = judged.verdict if judged else None
        reach, hosting = reach or _to_go(of, made.memory, judged, traffic, situation), situation.hosting
        words = hosting.told if hosting is not None and hosting.is_about(made.memory) else ""
        facts = RolloutFacts(
            of.rollout,
            made.memory,
            wanted=of.wish.revision,
            verdict=verdict,
            reach=reach,
            hosting=words,
            ready=situation.ready,
            full=situation.full,
            taken=0 if situation.by_pods else course.canary_weight,
            fast_burn=situation.fast_burn,
        )
        remembered_now = made.memory if refused is None else memory
        asks = remembered_now is not None and remembered_now.state is State.PREFLIGHT
        asked = asked if asks else NO_QUESTIONS  # an answer that is not remembered is needed once more
        return Rolled(course, facts, asked, made.said, refused)

    async def _hosted(self, of: Subject, memory: Memory | None, situation: Situation) -> Situation:
        """Look for the room of whoever is tried."""
        waits = memory is not None and keeps_others_waiting(memory, situation)
        wish = replace(of.wish, revision=None if waits else of.wanted)
        about = tried(of.service, of.rollout, wish, of.seen, memory)
        hosting = await self._hosts(about) if about is not None else None
        by_nodes = hosting.by_nodes if hosting is not None else None
        hostable = by_nodes.canary if by_nodes is not None else None
        return replace(situation, hosting=hosting, hostable=hostable)

    async def _traffic(
        self, of: Subject, memory: Memory | None, judged: Judged | None, now: datetime
    ) -> Traffic | None:
        """Ask what callers send where it decides, or is told; None: nobody knows, or nobody needs to."""
        measured, proving = of.measured, self._proving
        if memory is None or measured is None or proving is None or isinstance(measured.metrics, Failed):
            return None
        needed = begins(memory, of.wish.revision) or (judged is not None and judged.verdict is not None)
        if not needed or not in_steps(memory, of.wish.revision, of.rollout):
            return None
        looked = judged.looked if judged is not None else None
        if looked is not None and any(isinstance(one, Failed) for one in looked.counts.values()):
            return None  # nobody answers now, and all that this look decides would wait once more
        load = await proving.load(of.service, now)
        return Traffic(load.value, bad_shares(measured.figures)) if isinstance(load, Value) else None

    async def _remember(
        self, key: Key, service: Service, memory: Memory, there: Stored | None
    ) -> ClusterRefused | None:
        record = rollout_record(service, text_of(memory), there)
        if record is None:
            return None
        try:
            await self._cluster.apply(key, record, is_new=there is None)
        except Conflict:  # somebody else has decided, too, and was quicker
            raise
        except ClusterRefused as refused:
            return refused
        return None


def _questions(of: Subject, memory: Memory | None) -> Questions:
    """Return what a canary is asked before callers ask it, by who there is."""
    there = {one.name: one for one in of.seen.revisions}
    tried = of.wish.revision if memory is None or memory.attempt is None else memory.attempt.canary
    if memory is None or tried is None or tried not in there or tried == memory.stable:
        return NO_QUESTIONS
    stable = there.get(memory.stable or "")
    identity, preflight = of.service.identity, of.rollout.preflight
    received = receives(identity, of.seen.objects)
    return questions(identity, preflight, there[tried], stable, routed=of.routed, received=received)


def _situation(
    of: Subject,
    memory: Memory | None,
    judged: Judged | None,
    asked: Questions,
) -> Situation:
    seen, measured, verdict = of.seen, of.measured, judged.verdict if judged else None
    least = measured.least_budget if measured is not None else None
    budget_of, budget_left = least or budget_left_in(seen.status)
    spent = None
    if verdict is not None and measured is not None:
        spent = spent_percent(verdict.objectives, measured, measured.window.length)
    return Situation(
        wanted=of.wanted,
        lives=lives_of(of.service.identity.name, seen.revisions, seen.objects),
        ready=of.ready,
        full=of.full(memory),
        by_pods=of.service.spec.routing.type is RoutingType.REPLICA_RATIO,
        verdict=verdict,
        counted_from=_counted_from(judged),
        missing=judged.missing if judged else "",
        scrape_seconds=seen.platform.scrape_seconds,
        preflight=preflight_of(seen.facts, asked.jobs, asked.absent),
        trouble=trouble_of(seen.facts, memory.attempt.canary) if memory and memory.attempt else "",
        left_out=asked.left_out,
        budget_left_percent=budget_left,
        budget_of=budget_of,
        spent_percent=spent,
        fast_burn=measured is not None and measured.burns_fast,
        reckoned=memory is not None and begins(memory, of.wish.revision),
        asked=seen.asked,
        answered=answered_in(seen.status),
        gate=judged.gate if judged else memory.gate if memory else "",
        counters=judged.counters if judged else memory.counters if memory else "",
    )


def _to_begin(
    of: Subject, memory: Memory | None, traffic: Traffic | None, situation: Situation
) -> Reach | None:
    if memory is None or traffic is None or not begins(memory, of.wish.revision):
        return None
    return to_begin(of.gate, of.rollout, traffic, memory, situation)


def _to_go(
    of: Subject, memory: Memory, judged: Judged | None, traffic: Traffic | None, situation: Situation
) -> Reach | None:
    if judged is None or traffic is None:
        return None
    return to_go(of.gate, of.rollout, traffic, memory, situation, known=judged.known)


def _counted_from(judged: Judged | None) -> tuple[str, ...]:
    looked = judged.looked if judged is not None else None
    return tuple(one.selector for one in looked.asked) if looked is not None else ()
