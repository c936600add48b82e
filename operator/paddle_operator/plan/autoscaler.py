"""The HorizontalPodAutoscaler of the revision that serves."""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import Aim, KubeObject, Scale, Scaler
from paddle_operator.spec.model import Service
from paddle_operator.spec.scaling import Behavior, MetricType

EXTERNAL_METRICS = {
    MetricType.REQUESTS_PER_REPLICA: "paddle_sla_offered_requests_per_second",
    MetricType.ACCELERATOR_UTILIZATION: "paddle_sla_accelerator_percent",
}
"""What a provider of external metrics serves, for all pods of a revision together, by label `revision`."""


def autoscaler(service: Service, revision: str, scale: Scale) -> KubeObject:
    """Return the HPA."""
    scaling = service.spec.scaling
    spec = {
        "scaleTargetRef": target_of(revision),
        "minReplicas": scale.least,
        "maxReplicas": scaling.most,
        "metrics": [_metric(one, revision) for one in scale.aims],
        "behavior": behavior(scaling.behavior),
    }
    return kube_object(
        service.identity,
        "autoscaling/v2",
        Scaler.HPA.value,
        revision,
        {"spec": spec},
        labels={names.LABEL_REVISION: revision},
        annotations=learned(scale),
    )


def learned(scale: Scale) -> dict[str, str]:
    """Return the record of the number that nobody wrote: it stays until something speaks against it."""
    found = next((one for one in scale.aims if one.learned), None)
    return {names.ANNOTATION_LEARNED_TARGET: found.value} if found is not None else {}


def target_of(revision: str) -> dict[str, str]:
    """Return the reference to what is scaled."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": revision}


def behavior(given: Behavior) -> dict[str, Any]:
    """Return how fast it follows. What is not said here has the API server's defaults."""
    return {
        "scaleUp": {"stabilizationWindowSeconds": given.scale_up_stabilization_seconds},
        "scaleDown": {"stabilizationWindowSeconds": given.scale_down_stabilization_seconds},
    }


def _metric(aim: Aim, revision: str) -> dict[str, Any]:
    """An HPA holds when it cannot read a metric, and adds pods when another one asks for them."""
    if aim.type is MetricType.CPU_UTILIZATION:  # of our container: one that is added asks for nothing
        target = {"type": "Utilization", "averageUtilization": int(aim.value)}
        resource = {"name": "cpu", "container": names.CONTAINER_RUNTIME, "target": target}
        return {"type": "ContainerResource", "containerResource": resource}
    selected = {"matchLabels": {"revision": revision}}
    asked = {"name": EXTERNAL_METRICS[aim.type], "selector": selected}
    target_value = {"type": "AverageValue", "averageValue": aim.value}
    return {"type": "External", "external": {"metric": asked, "target": target_value}}
