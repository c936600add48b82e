"""The Job that asks a new revision's pods the golden set before any caller asks them anything.

It runs the new revision's own image, holds no credentials, and sends synthetic requests alone. An answer that
is wrong ends it at once; what kept it from finding out is tried again, a few times.
"""

from __future__ import annotations

import hashlib
from typing import Any

from paddle_operator import names
from paddle_operator.plan.metadata import kube_object
from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.plan.pod import TMP_SIZE_LIMIT, placement
from paddle_operator.plan.resources import job_resources
from paddle_operator.plan.revision import Revision
from paddle_operator.plan.security import container_security, pod_security
from paddle_operator.spec.base import canonical_json
from paddle_operator.spec.model import Identity
from paddle_operator.spec.rollout import Preflight

COMPARE_SECONDS = 300
"""For all requests of one try: a ConfigMap holds few, and a canary's pods are idle."""
DEADLINE_SECONDS = 1200
"""For all tries with their pauses, and for pods that never start."""
BACKOFF_LIMIT = 3
"""Tries after the first one, for a revision that did not answer."""
TTL_SECONDS = 86_400
"""What it found is in the rollout's memory soon; this is for when nobody is there to take it away."""
EXIT_ANSWERS_DIFFER = 40
"""The only code of the program that speaks against the revision (the runtime's compare/faults.py)."""
EXIT_GOLDEN_SET_INVALID = 41


def preflight_job(
    identity: Identity,
    preflight: Preflight,
    tried: LiveRevision,
    stable: LiveRevision | None,
    attempt: int = 0,
) -> KubeObject | None:
    """Return the Job; None where nothing is to be asked, or where the revision's record was damaged.

    Its name follows from all its content, since a Job's pod template cannot be changed. `attempt` makes
    another Job of the same content, where a person asks for another try.
    """
    if preflight.golden_set_ref is None or tried.revision is None:
        return None
    service, labels = identity.name, {names.LABEL_COMPARES: tried.name}
    pod = tried.revision.pod
    metadata: dict[str, Any] = {"labels": {**pod.labels.thaw(), **names.service_labels(service), **labels}}
    if pod.annotations:
        metadata["annotations"] = pod.annotations.thaw()
    arguments = _arguments(identity.namespace, preflight, tried, stable)
    spec = {
        "backoffLimit": BACKOFF_LIMIT,
        "activeDeadlineSeconds": DEADLINE_SECONDS,
        "ttlSecondsAfterFinished": TTL_SECONDS,
        "podFailurePolicy": _failure_policy(),
        "template": {
            "metadata": metadata,
            "spec": _pod_spec(tried.revision, preflight.golden_set_ref.config_map, arguments),
        },
    }
    content = hashlib.sha256(canonical_json([attempt, spec]).encode()).hexdigest()
    name = names.preflight_job_name(service, content)
    return kube_object(identity, "batch/v1", "Job", name, {"spec": spec}, labels=labels)


def needs_parity(tried: Revision | None, stable: Revision | None) -> bool:
    """Tell whether answers have to stay as they were: another device may compute another result."""
    if tried is None or stable is None:
        return False
    return (tried.device, tried.device_resource) != (stable.device, stable.device_resource)


def _arguments(
    namespace: str, preflight: Preflight, tried: LiveRevision, stable: LiveRevision | None
) -> list[str]:
    arguments = ["compare", f"{names.GOLDEN_DIR}/{names.GOLDEN_KEY}", "--new", _address(tried, namespace)]
    if stable is not None:
        arguments += ["--stable", _address(stable, namespace)]
        if needs_parity(tried.revision, stable.revision):
            arguments.append("--parity")
    return [
        *arguments,
        *("--max-text-error-percent", preflight.max_text_error_percent),
        *("--max-abs-error", preflight.max_abs_error),
        *("--timeout-seconds", str(COMPARE_SECONDS)),
    ]


def _address(revision: LiveRevision, namespace: str) -> str:
    """Return the revision's own Service, which has its ready pods alone."""
    return f"http://{revision.name}.{namespace}.svc:{names.SERVICE_PORT}"


def _failure_policy() -> dict[str, Any]:
    """Another try finds the same where answers differ or the set is wrong; a drained node is no try."""
    codes = [EXIT_ANSWERS_DIFFER, EXIT_GOLDEN_SET_INVALID]
    final = {"containerName": names.CONTAINER_COMPARE, "operator": "In", "values": codes}
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    return {
        "rules": [
            {"action": "FailJob", "onExitCodes": final},
            {"action": "Ignore", "onPodConditions": disrupted},
        ]
    }


def _pod_spec(revision: Revision, config_map: str, arguments: list[str]) -> dict[str, Any]:
    """A set that is not there is told by the program, in words, rather than by a pod that never starts."""
    golden = {"name": config_map, "optional": True}
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        **placement(revision.pod),
        "containers": [
            {
                "name": names.CONTAINER_COMPARE,
                "image": revision.image,
                "imagePullPolicy": "IfNotPresent",
                "command": [names.PROGRAM_RUNTIME],
                "args": arguments,
                "env": [{"name": "HOME", "value": names.TMP_DIR}],
                "resources": job_resources(),
                "securityContext": container_security(),
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": [
                    {"name": names.VOLUME_GOLDEN, "mountPath": names.GOLDEN_DIR, "readOnly": True},
                    {"name": names.VOLUME_TMP, "mountPath": names.TMP_DIR},
                ],
            }
        ],
        "volumes": [
            {"name": names.VOLUME_GOLDEN, "configMap": golden},
            {"name": names.VOLUME_TMP, "emptyDir": {"sizeLimit": TMP_SIZE_LIMIT}},
        ],
    }
