"""The Job that reads the model's manifest with the model's own credentials and reports its digest, and those
of its modules.

It is retried for ever by the kubelet, with back-off: once the store is right, nobody has to do anything.
"""

from __future__ import annotations

import hashlib
from typing import Any

from paddle_operator import names
from paddle_operator.plan.fetching import fetch_container, store_volumes
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject
from paddle_operator.plan.pod import TMP_SIZE_LIMIT, placement
from paddle_operator.plan.resources import job_resources
from paddle_operator.plan.security import pod_security
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.model import Service

BACKOFF_LIMIT = 2**31 - 1
RESOLVE_SECONDS = 30
"""One attempt reads one small file: a store that does not answer is reported soon, then tried again."""


def resolve_job(service: Service, image: str, key: str) -> KubeObject:
    """Return the Job. Its name follows from all its content, since a Job's pod template cannot be changed."""
    identity = service.identity
    pod = service.spec.runtime.pod
    metadata: dict[str, Any] = {"labels": {**pod.labels.thaw(), **names.service_labels(identity.name)}}
    if pod.annotations:
        metadata["annotations"] = pod.annotations.thaw()
    template = {"metadata": metadata, "spec": _pod_spec(service, image)}
    spec = {"backoffLimit": BACKOFF_LIMIT, "template": template}
    content = hashlib.sha256(canonical_json([key, spec]).encode()).hexdigest()
    return kube_object(
        identity,
        "batch/v1",
        "Job",
        names.resolve_job_name(identity.name, content),
        {"spec": spec},
        annotations={names.ANNOTATION_RESOLVE_KEY: key},
    )


def _pod_spec(service: Service, image: str) -> dict[str, Any]:
    model = service.spec.model
    timeout_seconds = min(RESOLVE_SECONDS, model.preload.timeout_seconds)
    return {
        "restartPolicy": "OnFailure",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        **placement(service.spec.runtime.pod),
        "containers": [
            fetch_container(
                source,
                model.sources,
                image=image,
                task=model.task,
                timeout_seconds=timeout_seconds,
                resources=job_resources(),
                resolve=True,
            )
            for source in model.sources
        ],
        "volumes": [
            {"name": names.VOLUME_TMP, "emptyDir": {"sizeLimit": TMP_SIZE_LIMIT}},
            *store_volumes(model.sources),
        ],
    }
