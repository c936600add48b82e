"""The small service that scalers scale for real, between one pod and a few, by one metric."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hack.demo.kubectl import Kube
from hack.demo.site import Site
from tests.e2e.resources import Resource, digits
from tests.e2e.rollouts import host

CPU = "200m"
"""Of each pod: so little that a few requests a second ask for more of them."""


def scaled(name: str, backend: str, metric: dict[str, Any], *, most: int = 3, **scaling: Any) -> Resource:
    """The small Tensor model behind the gateway, between one and so many pods."""
    limits = {"cpu": CPU, "memory": "1Gi"}
    made = digits(name).through_gateway(host(name)).runtime(resources={"requests": limits, "limits": limits})
    bounds = {"backend": backend, "minReplicas": 1, "maxReplicas": most}
    made.body["spec"]["scaling"] = {**bounds, "metrics": [metric], **scaling}
    return made


def by_requests(**target: str) -> dict[str, Any]:
    """Requests a second of each pod, as a metric."""
    return {"name": "qps", "type": "RequestsPerReplica", "target": target}


@contextmanager
def serving_in(site: Site, namespace: str, resource: Resource) -> Iterator[Kube]:
    """Let it serve in a namespace of its own until the end of the block."""
    site.make_namespace(namespace)
    kube = site.kube(namespace)
    kube.apply(resource.body)
    kube.wait_condition(resource.body["metadata"]["name"], "Ready", "True", timeout=300)
    yield kube
    kube.delete("namespace", namespace)


def replicas(kube: Kube, name: str) -> int:
    """Pods that there are to be, by the service's status."""
    return int(kube.get("pms", name)["status"]["stable"]["replicas"])


def ready(kube: Kube, name: str) -> int:
    """Pods that are ready, by the service's status."""
    return int(kube.get("pms", name)["status"]["stable"]["readyReplicas"])
