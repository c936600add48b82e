"""The HTTPRoute, and the address under which the service is reached."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.rollout.course import Course
from paddle_operator.sla.gateway import COUNTED_RULE
from paddle_operator.spec.model import Service
from paddle_operator.spec.traffic import ParentKind, ParentRef, RoutingType

REQUEST_TIMEOUT = "60s"
"""For the caller, over all attempts. One attempt's is the traffic policy's: Envoy Gateway takes a route's
backendRequest for the whole of a request where the retries stand in a policy."""

LENT, REST = 1, 999_999
"""What a place weighs whose own revision takes no requests, and the other one then: as good as none and all.
With a weight of 0 there is no cluster. A million is the most that a weight may be."""


def http_route(
    service: Service,
    platform: Platform,
    course: Course,
    mirror: dict[str, Any] | None = None,
    ready: Collection[str] = (),
) -> KubeObject | None:
    """Return the route; None where none is asked for or possible, or before any revision serves.

    Two rules, since each has counters of its own: what runs the model, which the promise is about, and
    pages, metadata and all other methods. Both divide the requests by the same weights. While there is more
    than one revision, one rule more for each sends it what names it. `mirror` is a filter by which some
    of the requests that run the model are sent elsewhere, too. `ready` are the revisions with ready pods.
    """
    routing = service.spec.routing
    if routing.type is not RoutingType.GATEWAY_API or not platform.gateway_api or course.stable is None:
        return None
    counted = [{**_below(prefix), "method": "POST"} for prefix in names.PATHS_OF_MODELS]
    beside = [_path("Exact", names.PATH_PAGE), *(_below(prefix) for prefix in names.PATHS_SERVED)]
    shares = _shares(course.stable, course, ready)
    callers = {"remove": [names.HEADER_SYNTHETIC]}
    rules = {COUNTED_RULE: _rule(counted, shares, callers), COUNTED_RULE + 1: _rule(beside, shares, callers)}
    spec: dict[str, Any] = {"parentRefs": [_parent(parent) for parent in routing.parent_refs]}
    if routing.hostnames:
        spec["hostnames"] = list(routing.hostnames)
    if mirror is not None:
        rules[COUNTED_RULE]["filters"].append(mirror)
    others = [name for name in (course.canary, course.previous) if name is not None]
    pinned = [_pinned([*counted, *beside], name) for name in (course.stable, *others) if others]
    spec["rules"] = [*(rules[place] for place in sorted(rules)), *pinned]
    identity = service.identity
    return kube_object(
        identity,
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        identity.name,
        {"spec": spec},
        labels={names.LABEL_ROLLOUT: names.ROLLOUT_IN_PROGRESS} if others else None,
    )


def _shares(stable: str, course: Course, ready: Collection[str]) -> list[dict[str, Any]]:
    """Return the backends: the stable revision first, and the canary second. The place names the counters.

    There are always two with a weight, so that no proxy has to make or drop a cluster when shares change: it
    hears of clusters and of weights one after the other, and answers with 500 what it sends meanwhile to one
    that it does not know yet, or any more. The place of a revision that takes none is lent to the other one,
    unless its pods can answer what little comes.
    """
    weight = course.canary_weight
    if course.canary is None or not weight:
        return [_backend(stable, REST), _backend(stable, LENT)]
    if weight == 100:
        return [_backend(stable if stable in ready else course.canary, LENT), _backend(course.canary, REST)]
    return [_backend(stable, 100 - weight), _backend(course.canary, weight)]


def percents(route: KubeObject) -> dict[str, int]:
    """Return the percent of the requests that run the model which each revision takes, to the nearest one.

    Anybody may have edited the route: what is not there takes nothing.
    """
    rules = route["spec"].get("rules") or ()
    backends = rules[COUNTED_RULE].get("backendRefs") or () if len(rules) > COUNTED_RULE else ()
    found: dict[str, int] = {}
    for one in backends:
        found[one["name"]] = found.get(one["name"], 0) + int(one.get("weight", 1))
    whole = sum(found.values())
    return {name: round(100 * weight / whole) for name, weight in found.items()} if whole else {}


def _backend(revision: str, weight: int) -> dict[str, Any]:
    """The header names the revision to the caller, and makes Envoy Gateway keep one cluster, and so one set
    of counters, for each backend."""
    header = {"name": names.HEADER_REVISION, "value": revision}
    return {
        "group": "",
        "kind": "Service",
        "name": revision,
        "port": names.SERVICE_PORT,
        "weight": weight,
        "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [header]}}],
    }


def _pinned(matches: list[dict[str, Any]], revision: str) -> dict[str, Any]:
    """Return the rule for requests that name a revision: the same ones with one header more, so it wins.

    Who chooses a revision tries it out: such a request is marked as synthetic, and counts neither for the
    promise nor for or against a canary, whose share has to be a sample of what callers send.
    """
    header = {"type": "Exact", "name": names.HEADER_REVISION, "value": revision}
    marked = {"set": [{"name": names.HEADER_SYNTHETIC, "value": "true"}]}
    return _rule([{**one, "headers": [header]} for one in matches], [_backend(revision, 100)], marked)


def _rule(
    matches: list[dict[str, Any]],
    backends: list[dict[str, Any]],
    request_headers: dict[str, Any],
) -> dict[str, Any]:
    return {
        "matches": matches,
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": request_headers}],
        "backendRefs": backends,
        "timeouts": {"request": REQUEST_TIMEOUT},
    }


def _below(prefix: str) -> dict[str, Any]:
    return _path("PathPrefix", prefix)


def _path(kind: str, value: str) -> dict[str, Any]:
    return {"path": {"type": kind, "value": value}}


def url_of(service: Service, *, gateway_api: bool) -> str:
    """Return the address for callers: the first host name of the route, else the plain Service."""
    routing, identity = service.spec.routing, service.identity
    if routing.type is RoutingType.GATEWAY_API and gateway_api and routing.hostnames:
        return f"http://{routing.hostnames[0]}"
    return f"http://{identity.name}.{identity.namespace}.svc"


def _parent(parent: ParentRef) -> dict[str, Any]:
    group = "gateway.networking.k8s.io" if parent.kind is ParentKind.GATEWAY else ""
    written = {"group": group, "kind": parent.kind.value, "name": parent.name}
    if parent.namespace is not None:
        written["namespace"] = parent.namespace
    if parent.section_name is not None:
        written["sectionName"] = parent.section_name
    return written
