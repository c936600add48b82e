"""A cluster as far as room goes: replicas written, pods scheduled in any order, started, and drained.

It knows nothing of the planner, and is stubborn as a real one is: a set that is scaled down gives up pods
that wait first, then those that are not ready, then those that it was told to; a device is taken until its
pod is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from paddle_operator.rollout.hosting.next_pods import Look, Pods, RunningPod, Side
from paddle_operator.rollout.hosting.room import Needs, Node
from paddle_operator.spec.rollout import Surge

DRAINING, LOADING = 2, 3


@dataclass
class Pod:
    """One pod; `since` counts the ticks of what it is doing."""

    name: str
    node: str = ""
    leaving: bool = False
    since: int = 0

    @property
    def ready(self) -> bool:
        return bool(self.node) and not self.leaving and self.since >= LOADING


@dataclass
class Fleet:
    """The pods of a revision, and how many there are to be."""

    needs: Needs
    replicas: int = 0
    pods: list[Pod] = field(default_factory=list)
    made: int = 0

    @property
    def ready(self) -> int:
        return sum(pod.ready for pod in self.pods)

    def controlled(self, kind: str, told: tuple[str, ...], random: Random) -> None:
        """Make pods, or give them up."""
        staying = [pod for pod in self.pods if not pod.leaving]
        for _ in range(self.replicas - len(staying)):
            self.pods.append(Pod(f"{kind}-{self.made}"))
            self.made += 1
        random.shuffle(staying)
        staying.sort(key=lambda pod: (bool(pod.node), pod.ready, pod.name not in told))
        for pod in staying[: max(0, len(staying) - self.replicas)]:
            pod.leaving, pod.since = True, 0
            if not pod.node:
                self.pods.remove(pod)

    @property
    def side(self) -> Side:
        shown = (RunningPod(pod.name, pod.node, pod.ready, pod.leaving) for pod in self.pods)
        return Side(self.needs, tuple(shown))


@dataclass
class Cluster:
    """Nodes with all of their room, and two revisions."""

    nodes: dict[str, Node]
    stable: Fleet
    canary: Fleet
    random: Random

    @property
    def serving(self) -> int:
        return self.stable.ready + self.canary.ready

    @property
    def waiting(self) -> list[str]:
        """Pods without a node."""
        return [pod.name for fleet in (self.stable, self.canary) for pod in fleet.pods if not pod.node]

    @property
    def left(self) -> dict[str, Node]:
        """The nodes with what is free."""
        left = dict(self.nodes)
        for fleet in (self.stable, self.canary):
            for pod in fleet.pods:
                if pod.node:
                    left[pod.node] = left[pod.node].with_taken(fleet.needs.asks)
        return left

    def look(self, wish: int, surge: Surge, least: int = 0) -> Look:
        return Look(tuple(self.left.values()), self.stable.side, self.canary.side, wish, surge, least)

    def write(self, move: Pods, *, half: bool = False) -> None:
        """Write what was decided; the canary's number alone, where the operator ends in between."""
        self.canary.replicas = move.canary
        self.canary.controlled("canary", (), self.random)
        if not half:
            self.stable.replicas = move.stable
            self.stable.controlled("stable", move.ends, self.random)

    def tick(self) -> None:
        """Let time pass: drained pods go, bound ones load, waiting ones are bound in any order."""
        for fleet in (self.stable, self.canary):
            for pod in list(fleet.pods):
                pod.since += bool(pod.node)
                if pod.leaving and pod.since >= DRAINING:
                    fleet.pods.remove(pod)
        self.schedule()

    def schedule(self) -> None:
        """Bind what finds room."""
        waiting = [(fleet, pod) for fleet in (self.stable, self.canary) for pod in fleet.pods if not pod.node]
        self.random.shuffle(waiting)
        for fleet, pod in waiting:
            fitting = [name for name, node in self.left.items() if fleet.needs.places_on(node)]
            if fitting:
                pod.node, pod.since = self.random.choice(fitting), 0
