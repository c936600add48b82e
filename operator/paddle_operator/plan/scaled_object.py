"""KEDA's ScaledObject of the revision that serves.

KEDA makes an HPA of it and answers that HPA's questions from Prometheus.
"""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.plan.autoscaler import behavior, learned, target_of
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import Aim, KubeObject, Platform, Scale, Scaler
from paddle_operator.sla.load_queries import accelerator_percent, offered_load
from paddle_operator.spec.model import Service
from paddle_operator.spec.scaling import MetricType, OnMetricsUnavailable
from paddle_operator.spec.workload import Device

POLLING_SECONDS = 15
FAILURES = 3
"""Questions without an answer, one after the other, until a metric counts as lost. Before, the HPA holds."""
_FALLBACKS = {
    OnMetricsUnavailable.HOLD_OR_INCREASE: "currentReplicasIfHigher",
    OnMetricsUnavailable.HOLD: "currentReplicas",
}


def scaled_object(
    service: Service, revision: str, device: Device, scale: Scale, platform: Platform
) -> KubeObject:
    """Return the ScaledObject."""
    identity, scaling = service.identity, service.spec.scaling
    spec: dict[str, Any] = {
        "scaleTargetRef": target_of(revision),
        "pollingInterval": POLLING_SECONDS,
        "minReplicaCount": scale.least,
        "maxReplicaCount": scaling.most,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior(scaling.behavior)}},
        "triggers": [_trigger(one, identity.namespace, revision, device, platform) for one in scale.aims],
    }
    if any(one.type is not MetricType.CPU_UTILIZATION for one in scale.aims):  # KEDA refuses it otherwise
        spec["fallback"] = {
            "failureThreshold": FAILURES,
            "replicas": scale.least,
            "behavior": _FALLBACKS[scaling.on_metrics_unavailable],
        }
    return kube_object(
        identity,
        "keda.sh/v1alpha1",
        Scaler.KEDA.value,
        revision,
        {"spec": spec},
        labels={names.LABEL_REVISION: revision},
        annotations=learned(scale),
    )


def _trigger(aim: Aim, namespace: str, revision: str, device: Device, platform: Platform) -> dict[str, Any]:
    if aim.type is MetricType.CPU_UTILIZATION:
        usage = {"value": aim.value, "containerName": names.CONTAINER_RUNTIME}
        return {"type": "cpu", "name": aim.name, "metricType": "Utilization", "metadata": usage}
    query = (
        offered_load(namespace, revision, platform.scrape_seconds)
        if aim.type is MetricType.REQUESTS_PER_REPLICA
        else accelerator_percent(
            namespace, revision, device, platform.accelerator_source, platform.scrape_seconds
        )
    )
    question = {
        "serverAddress": platform.prometheus_url,
        "query": query,
        "threshold": aim.value,
        "ignoreNullValues": "false",  # else no answer would be taken for no load
    }
    trigger = {"type": "prometheus", "name": aim.name, "metricType": "AverageValue", "metadata": question}
    if platform.keda_authentication:
        question["authModes"] = "bearer"  # without a mode KEDA looks at neither token nor CA
        trigger["authenticationRef"] = {
            "kind": "ClusterTriggerAuthentication",
            "name": platform.keda_authentication,
        }
    return trigger
