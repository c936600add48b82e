"""What is said about a service: facts of the cluster in, one status out. Pure."""

from __future__ import annotations

from paddle_operator.status.compose import refusing, status_of, status_of_rejected
from paddle_operator.status.facts import (
    ContainerFacts,
    DeploymentFacts,
    Exit,
    Facts,
    JobFacts,
    PodFacts,
    RefusedWrite,
    RouteFacts,
    Said,
    ScalerFacts,
)

__all__ = [
    "ContainerFacts",
    "DeploymentFacts",
    "Exit",
    "Facts",
    "JobFacts",
    "PodFacts",
    "RefusedWrite",
    "RouteFacts",
    "Said",
    "ScalerFacts",
    "refusing",
    "status_of",
    "status_of_rejected",
]
