"""The ConfigMap with the service's dashboard, which Grafana's sidecar finds by its label."""

from __future__ import annotations

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.sla.dashboard import service_dashboard
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.spec.model import Service
from paddle_operator.spec.report import CountedAt


def dashboard(service: Service, platform: Platform, availability: CountedAt) -> KubeObject | None:
    """Return the ConfigMap; None where no dashboards are wanted. `availability`: where it is counted."""
    if not platform.dashboards:
        return None
    identity, sla = service.identity, service.spec.sla
    text = service_dashboard(identity.namespace, identity.name, sla, availability)
    file = names.dashboard_file_name(identity.namespace, identity.name)
    return kube_object(
        identity,
        "v1",
        "ConfigMap",
        names.dashboard_name(identity.name),
        {"data": {file: text}},
        labels={names.LABEL_DASHBOARD: names.DASHBOARD_OF_GRAFANA},
        annotations={names.ANNOTATION_SLA_HASH: sla_hash(sla)},
    )
