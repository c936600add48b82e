"""Where pods find room: what nodes have left, and which of them a pod's settings let it go to. Pure.

It is what the scheduler decides by, as far as it concerns a service's pods: readiness, cordons, taints, the
node selector, required node affinity, and requests of every resource. Affinity between pods is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from paddle_operator.spec.workload import Toleration

Amounts = Mapping[str, Decimal]
"""By resource name; CPUs, bytes, devices, pods."""
PODS = "pods"
"""The resource of which every pod takes one."""


@dataclass(frozen=True, slots=True)
class Taint:
    """Keeps pods off a node that do not tolerate it."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Node:
    """A node, and what is left on it."""

    name: str
    free: Amounts
    """What it can give, less what its pods ask for, those that are ending included: their devices are theirs
    until they are gone."""
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    ready: bool = True
    cordoned: bool = False

    def with_back(self, amounts: Amounts) -> Node:
        """Return the node as it is once a pod that asked for so much is gone."""
        return self._plus(amounts, 1)

    def with_taken(self, amounts: Amounts) -> Node:
        """Return the node as it is once a pod that asks for so much has come."""
        return self._plus(amounts, -1)

    def _plus(self, amounts: Amounts, sign: int) -> Node:
        names = {*self.free, *amounts}
        free = {one: self.free.get(one, Decimal()) + sign * amounts.get(one, Decimal()) for one in names}
        return replace(self, free=free)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a required node affinity; `of_name` where it is about the node's name, not a label."""

    key: str
    operator: str
    values: tuple[str, ...] = ()
    of_name: bool = False

    def met_by(self, node: Node) -> bool:
        """Tell whether the node meets it, by the rules of Kubernetes."""
        found = node.name if self.of_name else node.labels.get(self.key)
        if self.operator in {"Exists", "DoesNotExist"}:
            return (found is not None) == (self.operator == "Exists")
        if self.operator == "NotIn":
            return found not in self.values
        if self.operator == "In":
            return found in self.values
        try:
            one, other = int(found or ""), int(self.values[0])
        except (ValueError, IndexError):
            return False
        return one > other if self.operator == "Gt" else self.operator == "Lt" and one < other


@dataclass(frozen=True, slots=True)
class Needs:
    """What a pod asks for, and what it asks of its node."""

    asks: Amounts
    selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    affinity: tuple[tuple[Requirement, ...], ...] | None = None
    """Any of these terms, each with all of its lines; None: any node."""

    @property
    def devices(self) -> frozenset[str]:
        """Names of the devices that it asks for."""
        return frozenset(name for name, amount in self.asks.items() if "/" in name and amount)

    def refused_by(self, node: Node) -> str:
        """Say what of a node keeps the pod off it, whatever is free there; "" for nothing."""
        if not node.ready:
            return "not ready"
        if node.cordoned:
            return "cordoned"
        if any(node.labels.get(key) != value for key, value in self.selector.items()):
            return "without the labels asked for"
        if self.affinity is not None and not any(_all_met(term, node) for term in self.affinity):
            return "not of the affinity asked for"
        untolerated = [
            one for one in node.taints if one.effect != "PreferNoSchedule" and not self._bears(one)
        ]
        return "with a taint that is not tolerated" if untolerated else ""

    def places_on(self, node: Node) -> int:
        """Count the pods that find room on a node beside those that are there."""
        if self.refused_by(node):
            return 0
        return max(
            0,
            min(int(node.free.get(one, Decimal()) // amount) for one, amount in self.asks.items() if amount),
        )

    def places(self, nodes: Iterable[Node]) -> int:
        """Count the pods that find room on all nodes together."""
        return sum(self.places_on(node) for node in nodes)

    def _bears(self, taint: Taint) -> bool:
        return any(_tolerates(one, taint) for one in self.tolerations)


def _all_met(term: tuple[Requirement, ...], node: Node) -> bool:
    """A term without lines matches nothing."""
    return bool(term) and all(one.met_by(node) for one in term)


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect not in {"", taint.effect}:
        return False
    if not toleration.key:
        return toleration.operator == "Exists"
    if toleration.key != taint.key:
        return False
    return toleration.operator == "Exists" or toleration.value == taint.value
