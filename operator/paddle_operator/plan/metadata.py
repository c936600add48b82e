"""What every object made by the operator has in its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddle_operator import names
from paddle_operator.plan.model import KubeObject
from paddle_operator.spec.model import Identity


def kube_object(
    identity: Identity,
    api_version: str,
    kind: str,
    name: str,
    body: Mapping[str, Any],
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> KubeObject:
    """Make an object that belongs to the resource. `body` is all but apiVersion, kind and metadata."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": identity.namespace,
        "labels": {**names.service_labels(identity.name), **(labels or {})},
    }
    if annotations:
        metadata["annotations"] = dict(annotations)
    if identity.uid:
        metadata["ownerReferences"] = [owner_reference(identity)]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def decided_on(item: KubeObject, uid: str, version: str) -> KubeObject:
    """Bind a write to the object that was seen, by its uid, and to its version: of another one it is refused,
    by what is not empty. One that is gone since is not made again, which a version alone would not say to
    server-side apply."""
    seen = {"uid": uid, "resourceVersion": version}
    return {**item, "metadata": {**item["metadata"], **{key: told for key, told in seen.items() if told}}}


def owner_reference(identity: Identity) -> dict[str, Any]:
    """Make the cluster delete the object with the resource, also when the operator is gone.

    It does not block the deletion: nothing needs to be taken apart in order.
    """
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "name": identity.name,
        "uid": identity.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
