"""The HTTPRoute, and the address under which the service is reached."""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.spec.model import Service
from paddle_operator.spec.traffic import ParentRef, RoutingType

REQUEST_TIMEOUT = "60s"
"""For the caller, over all attempts. One attempt's is the traffic policy's: Envoy Gateway takes a route's
backendRequest for the whole of a request where the retries stand in a policy."""


def http_route(service: Service, platform: Platform, stable: str | None) -> KubeObject | None:
    """Return the route; None where none is asked for or possible, or before any revision serves.

    The header names the revision to the caller, and makes Envoy Gateway keep one cluster, and so one set
    of counters, for each backend.
    """
    routing = service.spec.routing
    if routing.type is not RoutingType.GATEWAY_API or not platform.gateway_api or stable is None:
        return None
    header = {"name": names.HEADER_REVISION, "value": stable}
    backend = {
        "group": "",
        "kind": "Service",
        "name": stable,
        "port": names.SERVICE_PORT,
        "weight": 100,
        "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [header]}}],
    }
    rule = {
        "matches": [
            {"path": {"type": "Exact", "value": names.PATH_PAGE}},
            *({"path": {"type": "PathPrefix", "value": prefix}} for prefix in names.PATHS_SERVED),
        ],
        "filters": [
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": [names.HEADER_SYNTHETIC]}}
        ],
        "backendRefs": [backend],
        "timeouts": {"request": REQUEST_TIMEOUT},
    }
    spec: dict[str, Any] = {"parentRefs": [_parent(parent) for parent in routing.parent_refs]}
    if routing.hostnames:
        spec["hostnames"] = list(routing.hostnames)
    spec["rules"] = [rule]
    identity = service.identity
    return kube_object(identity, "gateway.networking.k8s.io/v1", "HTTPRoute", identity.name, {"spec": spec})


def url_of(service: Service, *, gateway_api: bool) -> str:
    """Return the address for callers: the first host name of the route, else the plain Service."""
    routing, identity = service.spec.routing, service.identity
    if routing.type is RoutingType.GATEWAY_API and gateway_api and routing.hostnames:
        return f"http://{routing.hostnames[0]}"
    return f"http://{identity.name}.{identity.namespace}.svc"


def _parent(parent: ParentRef) -> dict[str, Any]:
    written = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": parent.name}
    if parent.namespace is not None:
        written["namespace"] = parent.namespace
    if parent.section_name is not None:
        written["sectionName"] = parent.section_name
    return written
