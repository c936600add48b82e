"""The ConfigMap with the service's rules as a file, for a plain Prometheus to which a sidecar brings it."""

from __future__ import annotations

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, Platform
from paddle_operator.sla.alerts import rule_text
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.sla.promql import Scope
from paddle_operator.spec.model import Service
from paddle_operator.spec.report import CountedAt


def rule_file(service: Service, platform: Platform, availability: CountedAt) -> KubeObject | None:
    """Return the ConfigMap; None where no alerts are wanted. `availability`: where it is counted."""
    identity, spec = service.identity, service.spec
    scope = Scope(identity.namespace, identity.name, availability)
    text = rule_text(scope, spec.sla, spec.alerting, platform.runbooks)
    if not text:
        return None
    file = names.rules_file_name(identity.namespace, identity.name)
    return kube_object(
        identity,
        "v1",
        "ConfigMap",
        names.rules_name(identity.name),
        {"data": {file: text}},
        labels={names.LABEL_RULES: names.RULES_OF_PROMETHEUS},
        annotations={names.ANNOTATION_SLA_HASH: sla_hash(spec.sla)},
    )
