"""THE FLOW: one look at one service, top to bottom.

Nothing is remembered between two looks that could not be read again. What is decided follows from the
resource and from what lives, so a look may be repeated, missed, or cut off after any line, and the next one
goes on from what it finds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from paddle_operator import names
from paddle_operator.cluster.ports import Cluster, Events, Key, Observation, Room
from paddle_operator.errors import ClusterRefused, Conflict, SpecRejected, Violation
from paddle_operator.golden.asking import Golden
from paddle_operator.hosting import Hosts
from paddle_operator.measure import Measuring
from paddle_operator.plan import ObjectKey, Plan, Role, only_watches, plan, wish_of
from paddle_operator.plan.bereft import bereft
from paddle_operator.plan.diff import Action, Create, Delete, Patch, diff, key_of
from paddle_operator.plan.golden import golden_target, has_served
from paddle_operator.plan.ownership import REPLICAS_MANAGER
from paddle_operator.plan.preflight import NO_QUESTIONS
from paddle_operator.plan.record import availability_at, stored_record
from paddle_operator.plan.rollout_record import accepted_in, stored_rollout
from paddle_operator.plan.work_profile import kept_profile
from paddle_operator.profiling import Profiling
from paddle_operator.proving import Proving
from paddle_operator.rolling import Rolled, Rolling
from paddle_operator.sla.answer import Failed
from paddle_operator.sla.measured import Measured
from paddle_operator.sla.profile import Profile
from paddle_operator.spec import Identity, Service, parse
from paddle_operator.status import RefusedWrite, refusing, status_of, status_of_rejected
from paddle_operator.status.compose import Status
from paddle_operator.status.news import news
from paddle_operator.subject import Subject

UNSETTLED_SECONDS = 10.0
"""A service on its way is looked at this often, besides on every event: some troubles raise none."""
LONGEST_UNSETTLED_SECONDS = 120.0
"""One that has been on its way for long is looked at less often, so that many of them cost little."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reconciler:
    """The flow with what it needs of the world."""

    cluster: Cluster
    events: Events
    now: Callable[[], datetime]
    resync_seconds: Callable[[], float]
    measuring: Measuring | None = None
    profiling: Profiling | None = None
    """None where there is no Prometheus to ask."""
    refused_reports: Callable[[Key], Sequence[ClusterRefused]] = lambda key: ()
    """What the flow of reports could not write for a service."""
    golden: Golden | None = None
    """None where nobody would count what it asks."""
    proving: Proving | None = None
    """None where there is nobody to ask about a canary."""
    room: Room | None = None
    """None where nobody can read nodes."""
    watched: Callable[[Key, Rolled | None], None] = lambda key, rolled: None
    """Who hears of each look at a rollout; None: of a service that has none."""

    async def __call__(self, key: Key) -> float | None:
        """Look at one service; returns the seconds to the next look, None when the service is gone."""
        seen = await self.cluster.observe(key)
        if seen is None:
            self._forget(key)
            return None
        now = self.now()
        service, broken = _in_force(seen)
        if service is None:
            await self._tell(key, seen, status_of_rejected(_identity(seen), broken, seen.status, now))
            return self.resync_seconds()
        if (left_alone := _left_alone(service, seen, now)) and not await self._write(key, left_alone):
            return 0.0
        counted = availability_at(service.spec.routing, stored_record(seen.objects))
        measured = await self.measuring(key, service, seen, now) if self.measuring else None
        rolled = await self._rolled(key, service, seen, measured, now, refused=bool(broken))
        self.watched(key, rolled)
        wanted = plan(
            service,
            seen.platform,
            seen.resolution,
            seen.revisions,
            now,
            course=rolled.course if rolled else None,
            questions=rolled.questions if rolled else NO_QUESTIONS,
            profile=_profile(service, seen),
            availability=counted,
        )
        left = (*_lost_answer(wanted, seen), *_past(service, seen))
        await self._mark(key, wanted.course.ends)
        refused = await self._write(key, (*diff(wanted, seen.objects, seen.uid), *left))
        refused += [rolled.refused] if rolled and rolled.refused else []
        if self.golden:
            served = has_served(wanted, seen.revisions, seen.status)
            self.golden.follow(key, golden_target(service, seen.objects), served=served)
        answers = measured is None or not isinstance(measured.metrics, Failed)
        known = (
            await self.profiling(key, service, wanted.stable, seen, now, ask=answers)
            if self.profiling
            else None
        )
        untold = (*refused, *self.refused_reports(key), *self._refused_memory(key))
        facts = replace(seen.facts, refusals=tuple(_told(one) for one in untold))
        told = rolled.facts if rolled else None
        status = status_of(
            service, wanted, facts, seen.status, now, measured=measured, known=known, rollout=told
        )
        await self._tell(key, seen, refusing(status, broken, seen.status, now) if broken else status)
        if serious := [one for one in refused if _holds_up(key, one)]:
            raise serious[0]
        pause = self.resync_seconds() if _at_rest(status, seen) else _patience(status, seen, now)
        if self.measuring and measured:
            pause = min(pause, self.measuring.pause_seconds(measured))
        pause = min(pause, rolled.pause_seconds) if rolled else pause
        return min(pause, _until(wanted.scale.next_look, now), _for_a_scaler(status))

    async def _rolled(
        self,
        key: Key,
        service: Service,
        seen: Observation,
        measured: Measured | None,
        now: datetime,
        *,
        refused: bool,
    ) -> Rolled | None:
        """Let the rollout decide; None of a service without one."""
        rollout = service.spec.rollout
        if rollout is None:
            return None
        profile = _profile(service, seen)
        wish = wish_of(service, seen.platform, seen.resolution, seen.revisions, now, profile=profile)
        subject = Subject(service, rollout, wish, seen, measured, refused)
        return await Rolling(self.cluster, self.proving, Hosts(self.room))(key, subject, now)

    async def _mark(self, key: Key, ends: Sequence[str]) -> None:
        """Name the pods that are to go before their number sinks. Without, another one may be given up, and
        the next look goes on from there."""
        for pod in ends:
            if self.room is None:
                return
            try:
                await self.room.gives_up_first(key, pod)
            except ClusterRefused as refused:
                logger.warning("%s: its set chooses which pod makes room: %s", key, refused)

    async def _write(self, key: Key, actions: tuple[Action, ...]) -> list[ClusterRefused]:
        """Write in the plan's order, past refusals; one of what serves holds all that takes pods away, and
        whose pods were to have their room."""
        refused: list[ClusterRefused] = []
        room = True
        for action in actions:
            held = any(_holds_up(key, one) for one in refused)
            if held and _takes_pods(action):
                room = False
                continue
            if not room and _brings_pods(action):
                continue
            try:
                await self._do(key, action)
            except Conflict:  # somebody else writes, too: what else was decided is of the past as well
                raise
            except ClusterRefused as one:
                refused.append(one)
                room = room and not _takes_pods(action)
                if not _holds_up(key, one):
                    logger.warning("%s: not written, and goes on without: %s", key, one)
        return refused

    async def _do(self, key: Key, action: Action) -> None:
        match action:
            case Create(wanted):
                logger.info("%s: create %s %s", key, wanted["kind"], wanted["metadata"]["name"])
                await self.cluster.apply(key, wanted, is_new=True)
            case Patch(wanted, fields, handed_over):
                name = wanted["metadata"]["name"]
                logger.info("%s: patch %s %s: %s", key, wanted["kind"], name, ", ".join(fields[:8]))
                if handed_over is not None:
                    await self.cluster.apply(key, handed_over, is_new=False, manager=REPLICAS_MANAGER)
                await self.cluster.apply(key, wanted, is_new=False)
            case Delete(target, uid):
                logger.info("%s: delete %s %s", key, target.kind, target.name)
                await self.cluster.delete(key, target, uid)
            case _:
                return

    def _refused_memory(self, key: Key) -> Iterator[ClusterRefused]:
        for one in (self.measuring, self.profiling):
            if one is not None:
                yield from one.refused(key)

    def _forget(self, key: Key) -> None:
        if self.measuring is not None:
            self.measuring.forget(key)
        if self.profiling is not None:
            self.profiling.forget(key)
        if self.golden is not None:
            self.golden.forget(key)

    async def _tell(self, key: Key, seen: Observation, status: Status) -> None:
        """Write the status if it says something else than the stored one, then the Events of what changed."""
        if status == seen.status:
            return
        await self.cluster.patch_status(key, seen.uid, status)
        changes = news(seen.status, status)
        for change in changes:
            logger.info(
                "%s: %s=%s %s: %s", key, change.condition, change.status, change.reason, change.message
            )
        try:
            await self.events.post(seen.body, changes, self.now())
        except ClusterRefused as refused:  # the status has said it; an Event is a copy for people
            logger.warning("%s: an Event is lost: %s", key, refused)


def _profile(service: Service, seen: Observation) -> Profile | None:
    return kept_profile(seen.objects) if service.spec.scaling.learned else None


def _in_force(seen: Observation) -> tuple[Service | None, Sequence[Violation]]:
    """Return what is asked for, or every rule that it breaks with what was asked for before.

    What was accepted before is kept with a rollout: a canary is watched on, whatever is written meanwhile.
    """
    try:
        return parse(seen.body), ()
    except SpecRejected as rejected:
        broken = rejected.violations
    spec = accepted_in(stored_rollout(seen.objects))
    try:
        return (parse({**seen.body, "spec": spec}, accepted=True) if spec is not None else None), broken
    except SpecRejected:  # by the rules of a newer release, or for its name
        return None, broken


def _identity(seen: Observation) -> Identity:
    metadata = seen.body["metadata"]
    return Identity(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
    )


def _left_alone(service: Service, seen: Observation, now: datetime) -> tuple[Patch, ...]:
    """Move the weights to who has pods, and nothing else: that does not wait for an answer of Prometheus. All
    that follows from it is decided by the next look, which comes at once."""
    course = bereft(service.identity.name, seen.revisions, seen.objects)
    if course is None:
        return ()
    wanted = plan(service, seen.platform, seen.resolution, seen.revisions, now, course=course)
    actions = diff(wanted, seen.objects, seen.uid)
    return tuple(one for one in actions if isinstance(one, Patch) and one.object["kind"] == "HTTPRoute")


def _lost_answer(wanted: Plan, seen: Observation) -> tuple[Delete, ...]:
    """Run the resolve Job again that is through without an answer: its pod went away before anybody read
    it."""
    job = seen.facts.job(wanted.resolve_job) if seen.resolution is None else None
    if job is None or not job.finished:
        return ()
    return (Delete(ObjectKey("batch/v1", "Job", job.name), job.uid),)


def _past(service: Service, seen: Observation) -> tuple[Delete, ...]:
    """Forget the rollouts of a service that has none any more: who serves then is decided without them."""
    if service.spec.rollout is not None:
        return ()
    record = ObjectKey("v1", "ConfigMap", names.rollout_record_name(service.identity.name))
    return tuple(Delete(record, one["metadata"]["uid"]) for one in seen.objects if key_of(one) == record)


def _takes_pods(action: Action) -> bool:
    return isinstance(action, Delete) or (isinstance(action, Patch) and action.shrinks)


def _brings_pods(action: Action) -> bool:
    return isinstance(action, Create | Patch) and action.object["kind"] == "Deployment"


def _holds_up(key: Key, refused: ClusterRefused) -> bool:
    """Whether a refusal is of more than what watches the service: that is tried again at the next look."""
    return not only_watches(key.name, refused.kind, refused.name)


def _told(refused: ClusterRefused) -> RefusedWrite:
    return RefusedWrite(refused.reason, refused.kind, refused.name, refused.message)


def _at_rest(status: Status, seen: Observation) -> bool:
    """Whether only an event or the resync need bring the next look."""
    conditions = {one["type"]: one["status"] for one in status["conditions"]}
    return conditions["Ready"] == "True" and conditions["Reconciling"] == "False" and not _leaving(seen)


def _patience(status: Status, seen: Observation, now: datetime) -> float:
    """A tenth of the time since Ready last flipped, within bounds; short while a revision is leaving."""
    ready = next(one for one in status["conditions"] if one["type"] == "Ready")
    waited = (now - datetime.fromisoformat(ready["lastTransitionTime"])).total_seconds()
    longest = UNSETTLED_SECONDS if _leaving(seen) else LONGEST_UNSETTLED_SECONDS
    return min(max(UNSETTLED_SECONDS, waited / 10), longest)


def _until(moment: datetime | None, now: datetime) -> float:
    """Seconds to a moment that was announced, at least one."""
    return max((moment - now).total_seconds(), 1.0) if moment is not None else float("inf")


def _for_a_scaler(status: Status) -> float:
    """Seconds to the next look while a new scaler has not spoken yet: nobody is told when it does."""
    conditions = {one["type"]: one["status"] for one in status["conditions"]}
    pending = conditions["Ready"] == "True" and conditions["ScalingActive"] == "Unknown"
    return UNSETTLED_SECONDS if pending else float("inf")


def _leaving(seen: Observation) -> bool:
    """Whether another revision has pods: it takes over or goes at its time, without an event."""
    return any(one.role not in {Role.STABLE, Role.HISTORY} for one in seen.revisions)
