"""The shadow: a gateway copies a sample of real requests to a Job, which has both revisions answer them.

The copies are in nobody's counts: a mirror is a cluster of its own at the gateway, and what the Job sends on
is synthetic. Where it has no pod, or no place for another copy, the copy is lost and nobody waits for it.
"""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.plan.compare_job import address_of, compare_job, limits_of
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.spec.model import Identity
from paddle_operator.spec.rollout import Preflight

START_SECONDS = 600
"""For its pod to start, and for what it has begun when its time is over."""


def shadow_job(
    identity: Identity,
    preflight: Preflight,
    tried: LiveRevision,
    stable: LiveRevision | None,
    attempt: int = 0,
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
        attempt=attempt,
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
    return {"type": "RequestMirror", "requestMirror": mirror}
