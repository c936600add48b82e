"""From a Deployment in the cluster to the revision that it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paddle_operator import names
from paddle_operator.plan.model import KubeObject, LiveRevision, Role, ScalersAtWork
from paddle_operator.plan.ownership import owns_replicas
from paddle_operator.plan.revision import Revision

_NONE = ScalersAtWork()


def live_revision(deployment: Mapping[str, Any], scalers: ScalersAtWork = _NONE) -> LiveRevision | None:
    """Read a Deployment that carries our labels, and on which these scalers work; None: no revision's."""
    metadata = deployment["metadata"]
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    name, service = metadata["name"], labels.get(names.LABEL_SERVICE, "")
    if labels.get(names.LABEL_REVISION) != name:
        return None
    return LiveRevision(
        name=name,
        revision=_recorded(annotations.get(names.ANNOTATION_REVISION_INPUTS, ""), name, service),
        role=_role(labels.get(names.LABEL_ROLE, "")),
        resolve_key=annotations.get(names.ANNOTATION_RESOLVE_KEY, ""),
        default_image=names.ANNOTATION_DEFAULT_IMAGE in annotations,
        replicas=deployment.get("spec", {}).get("replicas", 1),
        ready_replicas=deployment.get("status", {}).get("availableReplicas", 0),
        retired_at=_time(annotations.get(names.ANNOTATION_RETIRED_AT, "")),
        template=_template(annotations.get(names.ANNOTATION_POD_TEMPLATE, ""), name),
        owns_replicas=owns_replicas(deployment),
        decided_by=annotations.get(names.ANNOTATION_REPLICAS, ""),
        scalers=scalers,
        rejected=annotations.get(names.ANNOTATION_REJECTED, ""),
    )


def _recorded(text: str, name: str, service: str) -> Revision | None:
    """Trust a record only if it gives the name that it is found under: somebody may have edited it."""
    revision = Revision.from_json(text)
    return revision if revision is not None and revision.name(service) == name else None


def _template(text: str, name: str) -> KubeObject | None:
    """Trust a template only if the Deployment would select its pods."""
    try:
        template: KubeObject = json.loads(text)
        label = template["metadata"]["labels"][names.LABEL_REVISION]
    except (ValueError, KeyError, TypeError):
        return None
    return template if label == name and isinstance(template.get("spec"), dict) else None


def _role(text: str) -> Role:
    """Read a role. An unknown one is taken for stable, the role that is never deleted by mistake."""
    return Role(text) if text in set(Role) else Role.STABLE


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
