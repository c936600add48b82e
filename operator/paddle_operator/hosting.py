"""Where the pods of whoever is tried find room: nodes are read where that matters, and the cost is said.

It matters on accelerators, and wherever spec.rollout.surge asks for it. An operator that may not read nodes
says so and goes on as if every pod found room; with OneByOne it does without them, since a pod finds room
where one of its service has ended. Where they cannot be read for the moment nobody begins, and who has begun
goes on without them: to take a canary back waits for no list.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from paddle_operator import names
from paddle_operator.cluster.nodes import needs_of, nodes_of, running_pod
from paddle_operator.cluster.ports import Ground, Observation, Room
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan import KubeObject, Wish
from paddle_operator.plan.means import means_of, terms_of
from paddle_operator.plan.pod import pod_template
from paddle_operator.plan.preflight_job import DEADLINE_SECONDS
from paddle_operator.plan.work_profile import kept_profile
from paddle_operator.rollout.hosting.capacity import Load
from paddle_operator.rollout.hosting.forecast import Forecast, all_at_once, forecast
from paddle_operator.rollout.hosting.hosting import Hosting
from paddle_operator.rollout.hosting.next_pods import Look, RunningPod, Side
from paddle_operator.rollout.hosting.price import Price, longest_round, price_of, round_of
from paddle_operator.rollout.hosting.room import Needs, Node
from paddle_operator.rollout.hosting.words import (
    UNSEEN,
    UNSEEN_SURGE,
    told,
    told_asked,
    told_of_recreate,
    told_unread,
)
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Memory
from paddle_operator.rollout.request import LONGEST
from paddle_operator.sla.exclusions import counted_share
from paddle_operator.sla.feasibility import budgets_of
from paddle_operator.sla.profile import known_of
from paddle_operator.spec import Identity, Service
from paddle_operator.spec.rollout import Rollout, Strategy, Surge
from paddle_operator.status.rollout import said_hosting

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tried:
    """Who is tried in the place of whom, or would be from this look on."""

    service: Service
    seen: Observation
    wish: Wish
    stable: str
    canary: str
    asked: Surge
    """By the resource."""
    recreates: bool = False
    may_end: bool = True
    """Whether stable pods may be ended: once it has begun, only where that was said."""
    full: int = 0
    """Canary pods that are to come in the end, where the others make room for them; 0: not said yet."""
    least: int = 0

    @property
    def said(self) -> str:
        """How its pods find room, as the status says that it was when it began; empty: it does not."""
        return said_hosting(self.seen.status, self.canary)

    @property
    def begun(self) -> bool:
        """Whether it was settled already if its pods come beside the others or in their place."""
        return self.full > 0 or not self.may_end

    @property
    def asked_seconds(self) -> int:
        """How long it is asked the golden set at most, before it takes any request."""
        rollout = self.service.spec.rollout
        golden = rollout.preflight.golden_set_ref if rollout is not None else None
        return DEADLINE_SECONDS if golden is not None else 0

    def side(self, revision: str) -> Side | None:
        """Return a revision with its pods; None where its record cannot be read."""
        live = next((one for one in self.seen.revisions if one.name == revision), None)
        inputs = live.revision if live is not None else self.wish.inputs
        template = live.template if live is not None else None
        if template is None and inputs is not None:
            template = pod_template(self.service.identity.name, inputs, revision)
        pods = (one for one in self.seen.facts.pods if one.revision == revision)
        running = (
            RunningPod(one.name, one.node, one.ready, one.terminating, one.fetch_seconds) for one in pods
        )
        return Side(needs_of(template["spec"]), tuple(running)) if template is not None else None


class Hosts:
    """Looks for room. Without `room` nobody can read nodes."""

    def __init__(self, room: Room | None) -> None:
        self._room = room

    async def __call__(self, of: Tried) -> Hosting | None:
        """Look; None where it does not matter."""
        stable, canary = of.side(of.stable), of.side(of.canary)
        if stable is None or canary is None:
            return None
        if of.recreates:
            return _hosting(of, stable, all_at_once(of.wish.replicas, stable.ready), told_of_recreate)
        if of.asked is Surge.AUTO and not stable.needs.devices | canary.needs.devices:
            return None
        try:
            ground = await self._room.ground() if self._room is not None else None
        except ClusterRefused as refused:
            logger.warning("%s: what nodes have left is not known now: %s", of.canary, refused)
            return _unread(of, stable, canary, refused)
        if ground is None and of.asked is not Surge.ONE_BY_ONE and not of.full:
            beside = Forecast(Surge.SURGE, of.wish.replicas, of.wish.replicas, stable.ready)
            return _hosting(of, stable, beside, lambda found, price: UNSEEN_SURGE)
        look = _unseen(of, stable, canary) if ground is None else _seen(of, stable, canary, ground)
        begin = f"{UNSEEN} " if ground is None else ""

        def words(found: Forecast, price: Price) -> str:
            return begin + told(look, found, price, of.asked)

        return replace(_hosting(of, look.stable, forecast(look, of.full), words), look=look)


def tried(
    service: Service, rollout: Rollout, wish: Wish, seen: Observation, memory: Memory | None
) -> Tried | None:
    """Return who is tried in the place of whom; None where nobody is."""
    if memory is None or memory.stable is None or not memory.served:
        return None
    attempt, wanted = memory.attempt, wish.revision
    known = {None, memory.stable, attempt.canary if attempt is not None else None}
    may_begin = memory.rejection_of(wanted) is None or _asks_anew(seen, memory)
    if wanted is not None and wanted not in known and may_begin:
        recreates = rollout.strategy is Strategy.RECREATE
        return Tried(service, seen, wish, memory.stable, wanted, rollout.surge, recreates)
    if attempt is None:
        return None
    returns = memory.state is State.RETURNING
    recreates = attempt.strategy is Strategy.RECREATE and not returns
    return Tried(
        service,
        seen,
        wish,
        memory.stable,
        attempt.canary,
        rollout.surge,
        recreates,
        may_end=attempt.full > 0 or memory.state is State.BLOCKED,
        full=attempt.full,
        least=attempt.least,
    )


def _asks_anew(seen: Observation, memory: Memory) -> bool:
    """Whether a person asks for something at this look: it may be to try a rejected revision again."""
    handled = memory.handled.request if memory.handled is not None else ""
    return seen.asked[:LONGEST] != handled


def _seen(of: Tried, stable: Side, canary: Side, ground: Ground) -> Look:
    """Return what there is by one reading of nodes and pods. Pods of the service's other revisions are on
    their way out: their room is as good as free."""
    by_revision: dict[str, list[KubeObject]] = {}
    for pod in ground.pods:
        by_revision.setdefault(_revision(pod, of.service.identity), []).append(pod)
    staying = [pod for name in ("", of.stable, of.canary) for pod in by_revision.get(name, ())]

    def with_pods(side: Side, revision: str) -> Side:
        return replace(side, pods=tuple(running_pod(pod) for pod in by_revision.get(revision, ())))

    return Look(
        nodes_of(ground.nodes, staying),
        with_pods(stable, of.stable),
        with_pods(canary, of.canary),
        of.full or of.wish.replicas,
        of.asked if of.may_end else Surge.SURGE,
        of.least,
    )


def _unseen(of: Tried, stable: Side, canary: Side) -> Look:
    """Return what there is where nodes cannot be read: one pod finds room where another one has ended."""
    stable, canary = (replace(one, needs=Needs(one.needs.asks)) for one in (stable, canary))
    full = dict.fromkeys({*stable.needs.asks, *canary.needs.asks}, Decimal())
    places = sorted({pod.node for pod in (*stable.pods, *canary.pods) if pod.node})
    nodes = tuple(Node(name, full) for name in places)
    return Look(nodes, stable, canary, of.full or of.wish.replicas, Surge.ONE_BY_ONE, of.least)


def _unread(of: Tried, stable: Side, canary: Side, refused: ClusterRefused) -> Hosting:
    """Let who has begun go on by the pods of its service, with what was said of it before. Who has not is
    told to find no room, but with Surge, which ends no pod whatever nodes have left."""
    goes_on = of.begun or of.asked is Surge.SURGE
    wanted = of.full or of.wish.replicas
    found = Forecast(Surge.SURGE, wanted if goes_on else 0, wanted, stable.ready)
    words = of.said if of.begun else told_unread(refused.kind, refused.message, begins=goes_on)
    hosting = _hosting(of, stable, found, lambda found, price: words)
    by_own_pods = (bool(of.full) and of.asked is not Surge.SURGE) or not goes_on
    return replace(hosting, look=_unseen(of, stable, canary)) if by_own_pods else hosting


def _revision(pod: KubeObject, service: Identity) -> str:
    """Return whose pod it is; "" for one that is not of the service, or of none of its revisions."""
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    ours = metadata["namespace"] == service.namespace and labels.get(names.LABEL_SERVICE) == service.name
    return str(labels.get(names.LABEL_REVISION, "")) if ours else ""


def _hosting(of: Tried, stable: Side, found: Forecast, words: Callable[[Forecast, Price], str]) -> Hosting:
    """Put a price to what is foreseen, by what is known of the stable revision."""
    platform, sla = of.seen.platform, of.service.spec.sla
    terms = terms_of(of.service, envoy_gateway=platform.envoy_gateway)
    means = means_of(of.service, envoy_gateway=platform.envoy_gateway)
    known = known_of(kept_profile(of.seen.objects), of.stable, terms)
    load = Load(known.peak.high if known.peak is not None else None, known.capacity)
    price = price_of(found, round_of(means, known, stable), load, budgets_of(sla, counted_share(sla)))
    longest, asked = timedelta(seconds=ceil(longest_round(means))), timedelta(seconds=of.asked_seconds)
    said = words(found, price) + told_asked(found, Fraction(of.asked_seconds))
    about = (of.stable, of.canary)
    return Hosting(said, longest, found, asked=asked, load=load, about=about, said=bool(of.said))
