"""Nodes and pods, so that a test reads as a sentence: a_look(gpus=[1, 2]).with_stable(2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from paddle_operator.rollout.hosting.next_pods import Look, RunningPod, Side
from paddle_operator.rollout.hosting.room import PODS, Needs, Node
from paddle_operator.spec.rollout import Surge

GPU, NPU = "nvidia.com/gpu", "huawei.com/Ascend910"


def a_node(name: str, /, gpus: int = 0, **more: Any) -> Node:
    """A node with room for ten pods of any size, and so many devices."""
    amounts = more.pop("amounts", {})
    free = {PODS: 10, "cpu": 10, **({GPU: gpus} if gpus else {}), **amounts}
    return Node(name, {one: Decimal(amount) for one, amount in free.items()}, **more)


def needs(gpus: int = 1, **amounts: str) -> Needs:
    """What a pod needs: one CPU, and so many devices."""
    asks = {PODS: Decimal(1), "cpu": Decimal(1), GPU: Decimal(gpus)}
    return Needs({**asks, **{one: Decimal(amount) for one, amount in amounts.items()}})


@dataclass(frozen=True)
class Machines:
    """Nodes with what is free on them once the pods of both sides have taken theirs."""

    nodes: tuple[Node, ...]
    stable: Side
    canary: Side
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def look(self) -> Look:
        """What the planner is shown."""
        taken = [
            (one.node, side.needs) for side in (self.stable, self.canary) for one in side.pods if one.node
        ]
        nodes = {node.name: node for node in self.nodes}
        for name, needed in taken:
            nodes[name] = nodes[name].with_taken(needed.asks)
        wish = {"stable_wish": len(self.stable.staying), **self.given}
        return Look(tuple(nodes.values()), self.stable, self.canary, **wish)

    def having(self, **given: Any) -> Machines:
        """With other fields of the look."""
        return replace(self, given={**self.given, **given})

    def canary_on(self, *places: str, ready: bool = True) -> Machines:
        """With canary pods on these nodes; "" waits for one."""
        pods = tuple(RunningPod(f"canary-{at}", name, ready=ready and bool(name))
                     for at, name in enumerate(places))  # fmt: skip
        return replace(self, canary=replace(self.canary, pods=pods))


def machines(
    *gpus: int, stable: str = "", needed: Needs | None = None, canary: Needs | None = None, **given: Any
) -> Machines:
    """Nodes a, b, c of so many devices, and stable pods on the nodes of these letters; "-" waits for one."""
    nodes = tuple(a_node(chr(ord("a") + at), count) for at, count in enumerate(gpus))
    fetched = Fraction(4)
    pods = tuple(
        RunningPod(f"stable-{at}", "" if one == "-" else one, ready=one != "-", fetch_seconds=fetched)
        for at, one in enumerate(stable)
    )
    needed = needed or needs()
    return Machines(nodes, Side(needed, pods), Side(canary or needed), given)


ONE_BY_ONE = {"surge": Surge.ONE_BY_ONE}
