"""The ConfigMap that carries the promise to the pods, which read it again whenever it changes."""

from __future__ import annotations

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.sla.objectives import sla_document, sla_hash
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.model import Service


def sla_config(service: Service) -> KubeObject:
    """Return the ConfigMap."""
    identity, sla = service.identity, service.spec.sla
    return kube_object(
        identity,
        "v1",
        "ConfigMap",
        names.sla_config_name(identity.name),
        {"data": {names.SLA_FILE_NAME: canonical_json(sla_document(sla)) + "\n"}},
        annotations={names.ANNOTATION_SLA_HASH: sla_hash(sla)},
    )
