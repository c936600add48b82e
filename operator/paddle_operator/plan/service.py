"""Services: one for each revision, and the plain one of the resource's name, which has the stable pods."""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity


def revision_service(identity: Identity, revision_name: str) -> KubeObject:
    """Return the Service of one revision, to which routes send their share."""
    return kube_object(
        identity,
        "v1",
        "Service",
        revision_name,
        {"spec": _spec(identity, revision_name)},
        labels={names.LABEL_REVISION: revision_name},
    )


def plain_service(identity: Identity, stable: str | None) -> KubeObject | None:
    """Return the Service that callers inside the cluster use; None before any revision serves."""
    if stable is None:
        return None
    return kube_object(identity, "v1", "Service", identity.name, {"spec": _spec(identity, stable)})


def _spec(identity: Identity, revision_name: str) -> dict[str, Any]:
    return {
        "type": "ClusterIP",
        "selector": {names.LABEL_SERVICE: identity.name, names.LABEL_REVISION: revision_name},
        "ports": [
            _port(names.PORT_NAME, names.SERVICE_PORT, "http"),
            _port(names.GRPC_PORT_NAME, names.RUNTIME_GRPC_PORT, "kubernetes.io/h2c"),
        ],
    }


def _port(name: str, port: int, protocol: str) -> dict[str, Any]:
    """Its name is the container port's too, so a pod without one is left out of this port alone."""
    return {"name": name, "port": port, "protocol": "TCP", "targetPort": name, "appProtocol": protocol}
