"""The HTTPRoute, and the address under which the service is reached."""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.sla.gateway import COUNTED_RULE
from paddle_operator.spec.model import Service
from paddle_operator.spec.traffic import ParentRef, RoutingType

REQUEST_TIMEOUT = "60s"
"""For the caller, over all attempts. One attempt's is the traffic policy's: Envoy Gateway takes a route's
backendRequest for the whole of a request where the retries stand in a policy."""


def http_route(service: Service, platform: Platform, stable: str | None) -> KubeObject | None:
    """Return the route; None where none is asked for or possible, or before any revision serves.

    Two rules, since each has counters of its own: what runs the model, which the promise is about, and
    pages, metadata and all other methods. The header names the revision to the caller, and makes Envoy
    Gateway keep one cluster, and so one set of counters, for each backend.
    """
    routing = service.spec.routing
    if routing.type is not RoutingType.GATEWAY_API or not platform.gateway_api or stable is None:
        return None
    paths = [_below(prefix) for prefix in names.PATHS_SERVED]
    rules = {
        COUNTED_RULE: [{**_below(prefix), "method": "POST"} for prefix in names.PATHS_OF_MODELS],
        COUNTED_RULE + 1: [{"path": {"type": "Exact", "value": names.PATH_PAGE}}, *paths],
    }
    spec: dict[str, Any] = {"parentRefs": [_parent(parent) for parent in routing.parent_refs]}
    if routing.hostnames:
        spec["hostnames"] = list(routing.hostnames)
    spec["rules"] = [_rule(rules[place], stable) for place in sorted(rules)]
    identity = service.identity
    return kube_object(identity, "gateway.networking.k8s.io/v1", "HTTPRoute", identity.name, {"spec": spec})


def _below(prefix: str) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": prefix}}


def _rule(matches: list[dict[str, Any]], stable: str) -> dict[str, Any]:
    header = {"name": names.HEADER_REVISION, "value": stable}
    backend = {
        "group": "",
        "kind": "Service",
        "name": stable,
        "port": names.SERVICE_PORT,
        "weight": 100,
        "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [header]}}],
    }
    synthetic = {
        "type": "RequestHeaderModifier",
        "requestHeaderModifier": {"remove": [names.HEADER_SYNTHETIC]},
    }
    return {
        "matches": matches,
        "filters": [synthetic],
        "backendRefs": [backend],
        "timeouts": {"request": REQUEST_TIMEOUT},
    }


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
