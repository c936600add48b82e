"""The next pods of a rollout where room may be scarce: beside those that serve, or in their place. Pure.

    Surge       the canary's pods come beside the stable revision's
    OneByOne    as many stable pods are ended as make room for one canary pod, one as a rule; it starts; once
                it is ready, the next
    Auto        Surge while all that are asked for find room; else OneByOne for those that do not

It is asked at every look, and goes by what is there alone: a crash between two writes changes nothing. Some
rules keep it from a deadlock, and from taking more than was said before:
- Nothing is ended while a pod is on its way out or a canary pod on its way in.
- A stable pod that waits for a node is taken back, or it would take the room that another one's end makes.
- A pod that is not ready is ended before one that is.
- No fewer than `least` pods serve at any time, of both revisions. When somebody else took the room that was
  made, nothing more is ended.

The way back needs no such care: the canary's pods go, and the stable ones come as soon as there is room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from paddle_operator.rollout.hosting.room import Needs, Node
from paddle_operator.spec.rollout import Surge


@dataclass(frozen=True, slots=True)
class RunningPod:
    """One pod, as far as its room is concerned."""

    name: str
    node: str = ""
    """Empty: it waits for one."""
    ready: bool = False
    leaving: bool = False
    fetch_seconds: Fraction | None = None
    """How long its bundles took to come; None: not known."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two revisions: what a pod of it needs, and the pods that there are."""

    needs: Needs
    pods: tuple[RunningPod, ...] = ()

    @property
    def staying(self) -> tuple[RunningPod, ...]:
        """Those that nobody has told to end."""
        return tuple(one for one in self.pods if not one.leaving)

    @property
    def placed(self) -> tuple[RunningPod, ...]:
        """Those of them that have a node."""
        return tuple(one for one in self.staying if one.node)

    @property
    def ready(self) -> int:
        """How many serve."""
        return sum(one.ready for one in self.staying)


@dataclass(frozen=True, slots=True)
class Look:
    """What there is, and what is wanted."""

    nodes: tuple[Node, ...]
    stable: Side
    canary: Side
    stable_wish: int
    """Pods that the stable revision is to have: its scaler's number, or that of the resource."""
    surge: Surge = Surge.AUTO
    least: int = 0
    """Pods of both revisions that go on serving at any time, as it was said before the rollout began."""

    @property
    def later(self) -> tuple[Node, ...]:
        """The nodes as they are once the pods that are on their way out are gone."""
        return tuple(
            _after(node, (needs for name, needs in self._leaving if name == node.name)) for node in self.nodes
        )

    @property
    def _leaving(self) -> tuple[tuple[str, Needs], ...]:
        sides = (self.stable, self.canary)
        return tuple((one.node, side.needs) for side in sides for one in side.pods if one.leaving)

    @property
    def changing(self) -> bool:
        """Whether a pod is on its way out, or a canary pod on its way in."""
        return self.ending or self.canary.ready < len(self.canary.staying)

    @property
    def ending(self) -> bool:
        """Whether a pod is on its way out."""
        return bool(self._leaving)


@dataclass(frozen=True, slots=True)
class Pods:
    """How many pods each revision is to have now."""

    way: Surge
    """Surge or OneByOne."""
    stable: int
    canary: int
    ends: tuple[str, ...] = ()
    """The stable pods that make room: these, and no others, are to go."""
    refused: bool = False
    """There is no room for all that was asked for, and nothing that may be ended makes any."""


def next_pods(look: Look, wanted: int) -> Pods:
    """Say how many pods each is to have now, on the way to so many canary pods.

    The stable revision's wish is not to shrink before the bake ends: that is the caller's to see to.
    """
    hosted = len(look.canary.placed) + look.canary.needs.places(look.later)
    whole = len(look.stable.staying) >= look.stable_wish
    if look.surge is Surge.SURGE or (look.surge is Surge.AUTO and whole and hosted >= wanted):
        # One more than finds room waits for a node, so that an autoscaler of nodes sees it.
        return Pods(Surge.SURGE, look.stable_wish, min(wanted, hosted + 1), refused=hosted < wanted)
    return _one_by_one(look, wanted, hosted)


def _one_by_one(look: Look, wanted: int, hosted: int) -> Pods:
    sits, placed = len(look.canary.placed), len(look.stable.placed)
    here = min(len(look.canary.staying), max(hosted, sits + 1))  # no more than one waits for room to be made
    sparing = look.surge is Surge.ONE_BY_ONE
    target = here if look.changing else max(here, min(wanted, here + 1 if sparing else max(hosted, here + 1)))
    missing = target - sits
    if not missing:
        return Pods(Surge.ONE_BY_ONE, placed if look.changing else _grown(look, target), target)
    roomy = hosted >= target
    full = sparing and placed + target > look.stable_wish
    if (roomy and not full) or look.ending or sits > look.canary.ready:
        return Pods(Surge.ONE_BY_ONE, placed, target)
    ends = min(_ways_to_end(look, any_will_do=roomy), key=_loss, default=())
    if not ends:
        waiting = max(here, min(wanted, sits + 1))
        return Pods(Surge.ONE_BY_ONE, placed, waiting, refused=True)
    return Pods(Surge.ONE_BY_ONE, placed - len(ends), target, tuple(one.name for one in ends))


def _grown(look: Look, canary: int) -> int:
    """Give the stable revision back what finds room while nothing else is to be done."""
    placed = len(look.stable.placed)
    most = look.stable_wish - (canary if look.surge is Surge.ONE_BY_ONE else 0)
    return max(placed, min(most, placed + look.stable.needs.places(look.nodes)))


def _ways_to_end(look: Look, *, any_will_do: bool) -> Iterator[tuple[RunningPod, ...]]:
    """Yield, for each node, the stable pods whose end makes room for one canary pod there.

    Only as many as leave `least` that serve.
    """
    serving = look.stable.ready + look.canary.ready
    for node in look.later:
        there = sorted((one for one in look.stable.placed if one.node == node.name), key=_worth)
        for count in range(1, len(there) + 1):
            ends = tuple(there[:count])
            emptied = _after(node, (look.stable.needs for _ in ends))
            if any_will_do or look.canary.needs.places_on(emptied) > look.canary.needs.places_on(node):
                if serving - sum(one.ready for one in ends) >= look.least:
                    yield ends
                break


def _loss(ends: tuple[RunningPod, ...]) -> tuple[int, int, str]:
    return sum(one.ready for one in ends), len(ends), ends[0].name


def _worth(pod: RunningPod) -> tuple[bool, str]:
    return pod.ready, pod.name


def _after(node: Node, gone: Iterable[Needs]) -> Node:
    for needs in gone:
        node = node.with_back(needs.asks)
    return node
