"""The shadow: a gateway copies a sample of real requests to a Job, which has both revisions answer them.

The copies are in nobody's counts: a mirror is a cluster of its own at the gateway, and what the Job sends on
is synthetic. Where it has no pod, or no place for another copy, the copy is lost and nobody waits for it.

Where its Service is not there, a gateway refuses the whole rule, and callers get 500. So the Service is there
before the filter, and until every gateway has read that the filter is gone: not in the order of two writes
alone, since gateways read routes and Services by watches of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from paddle_operator import names
from paddle_operator.plan.compare_job import address_of, compare_job, limits_of
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.rollout.looks.places import is_taken
from paddle_operator.spec.model import Identity
from paddle_operator.spec.rollout import Preflight

MIRROR = "RequestMirror"
START_SECONDS = 600
"""For its pod to start, and for what it has begun when its time is over."""


def shadow_job(
    identity: Identity,
    preflight: Preflight,
    tried: LiveRevision,
    stable: LiveRevision | None,
) -> KubeObject | None:
    """Return the Job; None where no copies are asked for, or nobody serves whose answers could be held to."""
    shadow = preflight.shadow
    if shadow is None or stable is None:
        return None
    return compare_job(
        identity,
        tried,
        names.shadow_job_name,
        arguments=[
            *("--listen", str(names.RUNTIME_PORT)),
            *("--new", address_of(identity, tried)),
            *("--stable", address_of(identity, stable)),
            *("--copies", str(shadow.requests)),
            *limits_of(preflight),
            *("--timeout-seconds", str(shadow.timeout_seconds)),
        ],
        deadline_seconds=shadow.timeout_seconds + START_SECONDS,
        listens=True,
    )


def shadow_service(identity: Identity, job: KubeObject) -> KubeObject:
    """Return the Service that copies are sent to: the pod of this Job alone."""
    port = {"name": names.PORT_NAME, "port": names.SERVICE_PORT, "protocol": "TCP"}
    spec = {
        "type": "ClusterIP",
        "selector": {names.LABEL_JOB: job["metadata"]["name"]},
        "ports": [{**port, "targetPort": names.PORT_NAME, "appProtocol": "http"}],
    }
    name = names.shadow_service_name(identity.name)
    return kube_object(identity, "v1", "Service", name, {"spec": spec})


def mirror_filter(identity: Identity, preflight: Preflight) -> dict[str, Any] | None:
    """Return the filter for the rule of a route whose requests run the model; None without a shadow.

    It is for as long as the Job runs: copies that nobody takes are work for the gateway all the same.
    """
    if preflight.shadow is None:
        return None
    service = names.shadow_service_name(identity.name)
    backend = {"group": "", "kind": "Service", "name": service, "port": names.SERVICE_PORT}
    mirror = {"backendRef": backend, "percent": preflight.shadow.sample_percent}
    return {"type": MIRROR, "requestMirror": mirror}


def receives(identity: Identity, live: Iterable[KubeObject]) -> bool:
    """Tell whether the Service is there, so that a gateway may be told of it."""
    name = names.shadow_service_name(identity.name)
    return any((item["kind"], item["metadata"]["name"]) == ("Service", name) for item in live)


def still_sent_to(live: Iterable[KubeObject]) -> frozenset[str]:
    """Return the Services of a shadow that a gateway may know of yet."""
    return frozenset(
        names.shadow_service_name(item["metadata"]["name"])
        for item in live
        if item["kind"] == "HTTPRoute" and (_copies(item) or not is_taken(item))
    )


def _copies(route: KubeObject) -> bool:
    rules = route["spec"].get("rules") or ()
    return any(one["type"] == MIRROR for rule in rules for one in rule.get("filters") or ())
