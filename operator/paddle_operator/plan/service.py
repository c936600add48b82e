"""Services: one for each revision, and the plain one of the resource's name, which has the stable pods.

Where no gateway divides the requests, the plain one has the canary's pods as well while the canary takes a
share: connections are divided by the number of pods. A selector cannot say "of these two revisions", and what
pods are labelled with is decided when they are made, so it then has every pod of the service. That is right
only while no other revision has any.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.rollout.course import Course
from paddle_operator.spec.model import Identity
from paddle_operator.spec.traffic import Routing, RoutingType


def revision_service(identity: Identity, revision_name: str) -> KubeObject:
    """Return the Service of one revision, to which routes send their share."""
    return kube_object(
        identity,
        "v1",
        "Service",
        revision_name,
        {"spec": _spec({names.LABEL_SERVICE: identity.name, names.LABEL_REVISION: revision_name})},
        labels={names.LABEL_REVISION: revision_name},
    )


def plain_service(identity: Identity, stable: str | None, *, mixed: bool) -> KubeObject | None:
    """Return the Service that callers inside the cluster use; None before any revision serves."""
    if stable is None:
        return None
    selector = {names.LABEL_SERVICE: identity.name}
    if not mixed:
        selector[names.LABEL_REVISION] = stable
    return kube_object(identity, "v1", "Service", identity.name, {"spec": _spec(selector)})


def shares_by_pods(routing: Routing, course: Course, live: Iterable[LiveRevision]) -> bool:
    """Tell whether the plain Service is to have the pods of the stable revision and of the canary.

    While another revision still has pods, the canary waits for its share.
    """
    if routing.type is not RoutingType.REPLICA_RATIO or not course.canary_weight:
        return False
    others = (one for one in live if one.name not in {course.stable, course.canary})
    return not any(one.replicas or one.ready_replicas for one in others)


def _spec(selector: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "ClusterIP",
        "selector": selector,
        "ports": [
            _port(names.PORT_NAME, names.SERVICE_PORT, "http"),
            _port(names.GRPC_PORT_NAME, names.RUNTIME_GRPC_PORT, "kubernetes.io/h2c"),
        ],
    }


def _port(name: str, port: int, protocol: str) -> dict[str, Any]:
    """Its name is the container port's too, so a pod without one is left out of this port alone."""
    return {"name": name, "port": port, "protocol": "TCP", "targetPort": name, "appProtocol": protocol}
