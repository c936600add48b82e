"""The ConfigMap with the service's rules as a file, for a plain Prometheus to which a sidecar brings it."""

from __future__ import annotations

from paddle_operator import names
from paddle_operator.documents import render
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.sla.alerts import rule_groups
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.spec.model import Service


def rule_file(service: Service, platform: Platform) -> KubeObject | None:
    """Return the ConfigMap; None where no alerts are wanted."""
    groups = rule_groups(service, platform.runbooks)
    if not groups:
        return None
    identity = service.identity
    file = names.rules_file_name(identity.namespace, identity.name)
    return kube_object(
        identity,
        "v1",
        "ConfigMap",
        names.rules_name(identity.name),
        {"data": {file: render({"groups": groups})}},
        labels={names.LABEL_RULES: names.RULES_OF_PROMETHEUS},
        annotations={names.ANNOTATION_SLA_HASH: sla_hash(service.spec.sla)},
    )
