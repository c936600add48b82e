"""The Jobs that compare answers: what a preflight's and a shadow's have in common.

They run the new revision's own image, hold no credentials, and send synthetic requests alone. An answer that
is wrong ends one at once; what kept it from finding out is tried again, a few times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.plan.pod import TMP_SIZE_LIMIT, placement
from paddle_operator.plan.resources import job_resources
from paddle_operator.plan.security import container_security, pod_security
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.model import Identity
from paddle_operator.spec.rollout import Preflight

BACKOFF_LIMIT = 3
"""Tries after the first one, for a revision that did not answer."""
TTL_SECONDS = 86_400
"""What it found is in the rollout's memory soon; this is for when nobody is there to take it away."""
EXIT_ANSWERS_DIFFER = 40
"""The only code of the program that speaks against the revision (the runtime's compare/faults.py)."""
EXIT_GOLDEN_SET_INVALID = 41
EXIT_TOO_FEW_COPIES = 43
EXIT_NOTHING_KNOWN = 44


def compare_job(
    identity: Identity,
    tried: LiveRevision,
    name_of: Callable[[str, str], str],
    *,
    arguments: list[str],
    deadline_seconds: int,
    golden_set: str = "",
    listens: bool = False,
) -> KubeObject | None:
    """Return the Job; None where the revision's record was damaged.

    Its name follows from all its content, since a Job's pod template cannot be changed. To ask the
    same again it is deleted.
    """
    if tried.revision is None:
        return None
    labels = {names.LABEL_COMPARES: tried.name}
    pod = tried.revision.pod
    ours = {**names.service_labels(identity.name), **labels}
    metadata: dict[str, Any] = {"labels": {**pod.labels.thaw(), **ours}}
    if pod.annotations:
        metadata["annotations"] = pod.annotations.thaw()
    container = _container(tried.revision.image, arguments, golden_set=golden_set, listens=listens)
    pod_spec = {**_pod_spec(golden_set), **placement(pod), "containers": [container]}
    spec = {
        "backoffLimit": BACKOFF_LIMIT,
        "activeDeadlineSeconds": deadline_seconds,
        "ttlSecondsAfterFinished": TTL_SECONDS,
        "podFailurePolicy": _failure_policy(),
        "template": {"metadata": metadata, "spec": pod_spec},
    }
    content = hashlib.sha256(canonical_json(spec).encode()).hexdigest()
    name = name_of(identity.name, content)
    return kube_object(identity, "batch/v1", "Job", name, {"spec": spec}, labels=labels)


def address_of(identity: Identity, revision: LiveRevision) -> str:
    """Return the revision's own Service, which has its ready pods alone."""
    return f"http://{revision.name}.{identity.namespace}.svc:{names.SERVICE_PORT}"


def limits_of(preflight: Preflight) -> list[str]:
    """Return the flags that say how far answers may be apart."""
    return [
        *("--max-text-error-percent", preflight.max_text_error_percent),
        *("--max-label-error-percent", preflight.max_label_error_percent),
        *("--max-box-error-percent", preflight.max_box_error_percent),
        *("--max-abs-error", preflight.max_abs_error),
    ]


def _failure_policy() -> dict[str, Any]:
    """Another try finds the same where answers differ or the set is wrong; a drained node is no try."""
    codes = [EXIT_ANSWERS_DIFFER, EXIT_GOLDEN_SET_INVALID, EXIT_TOO_FEW_COPIES, EXIT_NOTHING_KNOWN]
    final = {"containerName": names.CONTAINER_COMPARE, "operator": "In", "values": codes}
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    return {
        "rules": [
            {"action": "FailJob", "onExitCodes": final},
            {"action": "Ignore", "onPodConditions": disrupted},
        ]
    }


def _pod_spec(golden_set: str) -> dict[str, Any]:
    """A set that is not there is told by the program, in words, rather than by a pod that never starts."""
    golden = {"name": names.VOLUME_GOLDEN, "configMap": {"name": golden_set, "optional": True}}
    tmp = {"name": names.VOLUME_TMP, "emptyDir": {"sizeLimit": TMP_SIZE_LIMIT}}
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "volumes": [golden, tmp] if golden_set else [tmp],
    }


def _container(image: str, arguments: list[str], *, golden_set: str, listens: bool) -> dict[str, Any]:
    port = {"name": names.PORT_NAME, "containerPort": names.RUNTIME_PORT, "protocol": "TCP"}
    golden = {"name": names.VOLUME_GOLDEN, "mountPath": names.GOLDEN_DIR, "readOnly": True}
    tmp = {"name": names.VOLUME_TMP, "mountPath": names.TMP_DIR}
    return {
        "name": names.CONTAINER_COMPARE,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [names.PROGRAM_RUNTIME],
        "args": ["compare", *arguments],
        "env": [{"name": "HOME", "value": names.TMP_DIR}],
        **({"ports": [port]} if listens else {}),
        "resources": job_resources(),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [golden, tmp] if golden_set else [tmp],
    }
