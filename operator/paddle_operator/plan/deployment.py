"""The Deployment of a revision."""

from __future__ import annotations

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.plan.pod import pod_template
from paddle_operator.plan.roles import Member
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.model import Identity

SETTLING_SECONDS = 2
"""How long a pod must have been ready to count: until then proxies may not know it (kube-proxy gathers
changes for a second)."""
SCHEDULING_SECONDS = 60
"""Allowed on top of downloads and loading for scheduling and pulling the image."""


def number_alone(identity: Identity, member: Member) -> KubeObject:
    """Return no more of the Deployment than its replicas, for a field manager that only holds them."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": member.name, "namespace": identity.namespace},
        "spec": {"replicas": member.replicas},
    }


def deployment(identity: Identity, member: Member) -> KubeObject | None:
    """Return the Deployment; None for a revision whose record cannot be read, which is left alone."""
    revision = member.revision
    if revision is None:
        return None
    template = member.template or pod_template(identity.name, revision, member.name)
    annotations = {
        names.ANNOTATION_REVISION_INPUTS: revision.to_json(),
        names.ANNOTATION_RESOLVE_KEY: member.resolve_key,
        names.ANNOTATION_MODEL_DIGEST: revision.digest,
        names.ANNOTATION_POD_TEMPLATE: canonical_json(template),
    }
    if member.default_image:
        annotations[names.ANNOTATION_DEFAULT_IMAGE] = revision.image
    if member.decided_by:
        annotations[names.ANNOTATION_REPLICAS] = member.decided_by
    if member.retired_at is not None:
        annotations[names.ANNOTATION_RETIRED_AT] = member.retired_at.isoformat()
    if member.rejected:
        annotations[names.ANNOTATION_REJECTED] = member.rejected
    labels = {names.LABEL_REVISION: member.name}
    spec = {
        **({"replicas": member.replicas} if member.writes_replicas else {}),
        "minReadySeconds": SETTLING_SECONDS,
        "revisionHistoryLimit": 1,
        "progressDeadlineSeconds": (
            (len(revision.sources) + 1) * revision.preload.timeout_seconds + SCHEDULING_SECONDS
        ),
        "selector": {"matchLabels": {names.LABEL_SERVICE: identity.name, **labels}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": template,
    }
    return kube_object(
        identity,
        "apps/v1",
        "Deployment",
        member.name,
        {"spec": spec},
        labels={**labels, names.LABEL_ROLE: member.role.value},
        annotations=annotations,
    )
