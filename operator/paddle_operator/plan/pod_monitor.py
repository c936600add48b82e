"""The PodMonitor: which pods the Prometheus operator has scraped, and by which labels their series are known.

The labels are those that the rules and the report ask for; the embedded Prometheus gives the same.
"""

from __future__ import annotations

from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.sla.series import NAMESPACE_LABEL, POD_LABEL, REVISION_LABEL, SERVICE_LABEL
from paddle_operator.spec.model import Service

_META = "__meta_kubernetes_"


def pod_monitor(service: Service, platform: Platform) -> KubeObject | None:
    """Return the monitor; None where nobody would read it. Pods that read a manifest serve no metrics."""
    if not platform.pod_monitors:
        return None
    identity = service.identity
    endpoint = {
        "port": names.PORT_NAME,
        "path": names.PATH_METRICS,
        "interval": f"{platform.scrape_seconds}s",
        "relabelings": [
            _relabelling(f"{_META}namespace", NAMESPACE_LABEL),
            _relabelling(f"{_META}pod_name", POD_LABEL),
            _relabelling(_of_pod(names.LABEL_SERVICE), SERVICE_LABEL),
            _relabelling(_of_pod(names.LABEL_REVISION), REVISION_LABEL),
        ],
    }
    spec = {
        "jobLabel": names.LABEL_NAME,
        "selector": {
            "matchLabels": names.service_labels(identity.name),
            "matchExpressions": [{"key": names.LABEL_REVISION, "operator": "Exists"}],
        },
        "podMetricsEndpoints": [endpoint],
    }
    return kube_object(
        identity,
        "monitoring.coreos.com/v1",
        "PodMonitor",
        identity.name,
        {"spec": spec},
        labels=platform.monitoring_labels,
        annotations={names.ANNOTATION_SLA_HASH: sla_hash(service.spec.sla)},
    )


def _relabelling(source: str, target: str) -> dict[str, Any]:
    return {"action": "replace", "sourceLabels": [source], "targetLabel": target}


def _of_pod(label: str) -> str:
    """Name a pod's label as Prometheus' discovery does."""
    return f"{_META}pod_label_{''.join(letter if letter.isalnum() else '_' for letter in label)}"
