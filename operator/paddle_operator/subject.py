"""What a rollout is decided about: a service, as it is wanted, seen and measured."""

from __future__ import annotations

from dataclasses import dataclass

from paddle_operator.cluster.ports import Observation
from paddle_operator.plan import Wish
from paddle_operator.rollout.gate.settings import Gate
from paddle_operator.rollout.memory import Memory
from paddle_operator.sla.measured import Measured
from paddle_operator.spec import Service
from paddle_operator.spec.rollout import Rollout
from paddle_operator.spec.traffic import RoutingType


@dataclass(frozen=True)
class Subject:
    """What a rollout is decided about."""

    service: Service
    rollout: Rollout
    wish: Wish
    seen: Observation
    measured: Measured | None
    """None without a Prometheus."""
    refused: bool = False
    """The resource asks for something that breaks rules, and this is what it asked for before: nobody goes
    further for it."""

    @property
    def gate(self) -> Gate:
        """What is judged by, and how strictly."""
        return Gate.of(self.service.spec.sla, self.rollout)

    @property
    def wanted(self) -> str | None:
        """The revision that is wanted now; None while nobody can tell."""
        return None if self.refused else self.wish.revision

    @property
    def ready(self) -> dict[str, int]:
        """Ready pods, by revision."""
        return {one.name: one.ready_replicas for one in self.seen.revisions}

    @property
    def routed(self) -> bool:
        """Whether a gateway stands before the revisions."""
        return self.service.spec.routing.type is RoutingType.GATEWAY_API and self.seen.platform.gateway_api

    def full(self, memory: Memory | None) -> int:
        """Return how many pods all requests need."""
        return (memory.attempt.full if memory and memory.attempt else 0) or self.wish.replicas
