"""The resource as one deep-frozen value. Its blocks lie in files of their own beside this one."""

from __future__ import annotations

from dataclasses import dataclass

from paddle_operator.spec.alerting import Alerting
from paddle_operator.spec.base import Block
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.reporting import Reporting
from paddle_operator.spec.rollout import Rollout
from paddle_operator.spec.scaling import Scaling
from paddle_operator.spec.source import Model
from paddle_operator.spec.traffic import Probes, Routing
from paddle_operator.spec.workload import Runtime


class Spec(Block):
    """What is asked for."""

    model: Model
    """The model to serve."""
    runtime: Runtime = Runtime()
    """How the model is run."""
    sla: Sla
    """The promise."""
    probes: Probes = Probes()
    """Liveness and readiness."""
    scaling: Scaling = Scaling()
    """The number of pods."""
    routing: Routing = Routing()
    """How callers reach the service."""
    rollout: Rollout | None = None
    """How a changed model, image or setting takes over. Absent: all at once, when its pods are ready."""
    reporting: Reporting | None = None
    """Reports that are made again and again. Absent: on demand only."""
    alerting: Alerting = Alerting()
    """Who is told when the promise is in danger."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which resource this is. `uid` and `generation` are empty and 0 for one that is in no cluster."""

    name: str
    namespace: str
    uid: str
    generation: int


@dataclass(frozen=True, slots=True)
class Service:
    """A resource that passed every rule."""

    identity: Identity
    spec: Spec
