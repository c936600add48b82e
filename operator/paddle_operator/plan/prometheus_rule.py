"""The PrometheusRule: the service's rules for the Prometheus operator, where it is."""

from __future__ import annotations

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.sla.alerts import rule_groups
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.spec.model import Service
from paddle_operator.spec.report import CountedAt


def prometheus_rule(service: Service, platform: Platform, availability: CountedAt) -> KubeObject | None:
    """Return the rules; None where no alerts are wanted, or nobody would read them.
    `availability`: where it is counted."""
    groups = rule_groups(service, platform.runbooks, availability) if platform.prometheus_rules else []
    if not groups:
        return None
    return kube_object(
        service.identity,
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        service.identity.name,
        {"spec": {"groups": groups}},
        labels=platform.monitoring_labels,
        annotations={names.ANNOTATION_SLA_HASH: sla_hash(service.spec.sla)},
    )
