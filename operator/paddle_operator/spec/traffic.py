"""The blocks `spec.probes` and `spec.routing`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import Block, ObjectName, SubdomainName, list_set


class Probes(Block):
    """Liveness and readiness. The startup probe follows from model.preload.timeoutSeconds."""

    period_seconds: Annotated[int, Field(ge=1, le=300)] = 10
    """Seconds between two probes."""
    failure_threshold: Annotated[int, Field(ge=1, le=20)] = 3
    """Failures in a row that restart the container (liveness) or take it out of the Service (readiness)."""
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 2
    """Seconds that one probe may take."""


class RoutingType(StrEnum):
    """How callers reach the pods."""

    GATEWAY_API = "GatewayAPI"
    REPLICA_RATIO = "ReplicaRatio"


class ParentKind(StrEnum):
    """Who takes the route."""

    GATEWAY = "Gateway"
    SERVICE = "Service"


class ParentRef(Block):
    """What the route is attached to."""

    kind: ParentKind = ParentKind.GATEWAY
    """Gateway, or Service: then a service mesh takes the route for requests to that Service. The latter is
    written as the Gateway API has it and was not tried with any mesh."""
    name: SubdomainName
    """Name of the Gateway or Service."""
    namespace: ObjectName | None = None
    """Its namespace. Absent: the resource's own."""
    section_name: SubdomainName | None = None
    """One listener of the Gateway, or one port of the Service. Absent: all that fit."""


class Routing(Block):
    """How callers reach the service."""

    type: RoutingType = RoutingType.REPLICA_RATIO
    """GatewayAPI makes an HTTPRoute. ReplicaRatio is the plain Service of the resource's name, which is
    always made."""
    parent_refs: Annotated[tuple[ParentRef, ...], Field(max_length=8)] = ()
    """Gateways, or Services of a mesh, to attach to. Required with GatewayAPI."""
    hostnames: Annotated[tuple[SubdomainName, ...], Field(max_length=16), list_set()] = ()
    """Host names to answer to. Empty: every host name of the Gateway's listeners."""

    @property
    def has_gateway(self) -> bool:
        """Whether any caller comes through a Gateway."""
        return self.type is RoutingType.GATEWAY_API and any(
            one.kind is ParentKind.GATEWAY for one in self.parent_refs
        )
