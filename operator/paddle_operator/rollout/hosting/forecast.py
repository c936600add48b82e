"""What a rollout on scarce accelerators will come to, said before anything is done. Pure.

The forecast plays the answers of next_pods.py through against the nodes as they are, so it cannot differ from
what is done then. price.py says what it costs, and words.py says it to people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from paddle_operator.rollout.hosting.next_pods import Look, Pods, RunningPod, next_pods
from paddle_operator.spec.rollout import Surge


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a rollout goes as far as it can be hosted, before it begins."""

    way: Surge
    """OneByOne where any pod is ended for room, else Surge."""
    canary: int
    """Canary pods that find room in the end."""
    wanted: int
    """As many as there are stable pods, which is what it takes to serve everything."""
    serving: int
    """Stable pods that serve now."""
    rounds: tuple[int, ...] = ()
    """For each time that stable pods are ended: pods of both that serve until the next canary pod does."""

    @property
    def refused(self) -> bool:
        """Whether there is less room than it takes: NoCapacity."""
        return self.canary < self.wanted

    @property
    def least(self) -> int:
        """Pods that serve at any time."""
        return min((self.serving, *self.rounds))


def forecast(look: Look, wanted: int = 0) -> Forecast:
    """Play a rollout through from its first pod to its last, or from where it is to so many canary pods.

    Before it begins, what the stable revision has on nodes is what the canary is to have; its wish, where it
    has none.
    """
    look = _settled(look)
    wanted = wanted or min(look.stable_wish, len(look.stable.placed)) or look.stable_wish
    serving, rounds = look.stable.ready, []
    while (pods := next_pods(look, wanted)).canary > len(look.canary.pods) and not pods.refused:
        look, serves = _played(look, pods)
        if pods.ends:
            rounds.append(serves)
    hosted = len(look.canary.pods) + (look.canary.needs.places(look.nodes) if pods.refused else 0)
    if hosted and not look.stable.placed:
        wanted = min(wanted, hosted)  # it has all the room that there was
    way = Surge.ONE_BY_ONE if rounds else Surge.SURGE
    return Forecast(way, min(hosted, wanted), wanted, serving, tuple(rounds))


def all_at_once(wanted: int, serving: int) -> Forecast:
    """Return how it goes where all pods that serve end before so many others start."""
    return Forecast(Surge.ONE_BY_ONE, wanted, wanted, serving, (0,))


def _settled(look: Look) -> Look:
    """As it is once pods on their way out are gone, and canary pods that have a node are ready."""
    return replace(
        look,
        nodes=look.later,
        stable=replace(look.stable, pods=look.stable.staying),
        canary=replace(look.canary, pods=tuple(replace(one, ready=True) for one in look.canary.placed)),
    )


def _played(look: Look, pods: Pods) -> tuple[Look, int]:
    """Return what such an answer comes to, and how many pods serve until its canary pods do."""
    nodes = {node.name: node for node in look.nodes}
    for one in look.stable.placed:
        if one.name in pods.ends:
            nodes[one.node] = nodes[one.node].with_back(look.stable.needs.asks)
    stable = tuple(one for one in look.stable.pods if one.name not in pods.ends)
    serving = sum(one.ready for one in stable) + look.canary.ready
    canary = list(look.canary.pods)
    while len(canary) < pods.canary:
        free = next(name for name, node in nodes.items() if look.canary.needs.places_on(node))
        nodes[free] = nodes[free].with_taken(look.canary.needs.asks)
        canary.append(RunningPod(f"canary-{len(canary)}", free, ready=True))
    after = replace(
        look,
        nodes=tuple(nodes.values()),
        stable=replace(look.stable, pods=stable),
        canary=replace(look.canary, pods=tuple(canary)),
    )
    return after, serving
