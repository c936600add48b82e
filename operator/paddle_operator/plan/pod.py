"""The pods of a revision: an init container for each bundle, which fetches it, and the runtime that serves.

Everything here follows from the revision alone. Whatever does not (the promise, replicas, routes, roles)
must not appear in a pod template, or changing it would replace pods.
"""

from __future__ import annotations

import math
from typing import Any

from paddle_operator import names
from paddle_operator.plan.fetching import fetch_container, place_of, store_volumes
from paddle_operator.plan.model import KubeObject
from paddle_operator.plan.resources import fetch_resources, runtime_resources
from paddle_operator.plan.revision import Revision
from paddle_operator.plan.security import container_security, pod_security
from paddle_operator.spec.device import ENVIRONMENT
from paddle_operator.spec.source import IN_BUNDLES, PreloadTarget
from paddle_operator.spec.workload import Device, Pod, Toleration

PRE_STOP_SECONDS = 5
"""A pod that is to end goes on serving this long, until every proxy has dropped it."""
DRAIN_SECONDS = 30
"""After SIGTERM the runtime finishes what it holds within this time; no request is allowed to take longer."""
GRACE_SECONDS = PRE_STOP_SECONDS + DRAIN_SECONDS + 10
"""The kubelet kills after this. It must exceed both, or requests in flight are lost."""
STARTUP_PERIOD_SECONDS = 2
TMP_SIZE_LIMIT = "1Gi"


def pod_template(service: str, revision: Revision, revision_name: str) -> KubeObject:
    """Return the pod template of a revision's Deployment."""
    pod = revision.pod
    scrape = {
        "prometheus.io/scrape": "true",
        "prometheus.io/path": names.PATH_METRICS,
        "prometheus.io/port": str(names.RUNTIME_PORT),
    }
    return {
        "metadata": {
            "labels": {**pod.labels.thaw(), **names.revision_labels(service, revision_name)},
            "annotations": {**pod.annotations.thaw(), **scrape},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": pod_security(),
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "topologySpreadConstraints": _spread(revision_name),
            **placement(pod),
            "initContainers": [
                fetch_container(
                    source,
                    revision.sources,
                    image=revision.image,
                    task=revision.task,
                    timeout_seconds=revision.preload.timeout_seconds,
                    resources=fetch_resources(revision),
                    resolve=False,
                )
                for source in revision.sources
            ],
            "containers": [_runtime_container(service, revision, revision_name)],
            "volumes": _volumes(service, revision),
        },
    }


def placement(pod: Pod) -> dict[str, Any]:
    """Return the user's settings of where and as whom pods run; unset ones are left out."""
    found = {
        "nodeSelector": pod.node_selector.thaw(),
        "tolerations": [_toleration(toleration) for toleration in pod.tolerations],
        "affinity": pod.affinity.thaw(),
        "priorityClassName": pod.priority_class_name,
        "runtimeClassName": pod.runtime_class_name,
        "serviceAccountName": pod.service_account_name,
        "imagePullSecrets": [{"name": secret.name} for secret in pod.image_pull_secrets],
    }
    return {field: value for field, value in found.items() if value}


def _toleration(toleration: Toleration) -> dict[str, Any]:
    written = toleration.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {field: value for field, value in written.items() if value != ""}


def _runtime_container(service: str, revision: Revision, revision_name: str) -> dict[str, Any]:
    return {
        "name": names.CONTAINER_RUNTIME,
        "image": revision.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [names.PROGRAM_RUNTIME],
        "args": ["serve"],
        "env": _environment(service, revision, revision_name),
        "ports": [
            {"name": names.PORT_NAME, "containerPort": names.RUNTIME_PORT, "protocol": "TCP"},
            {"name": names.GRPC_PORT_NAME, "containerPort": names.RUNTIME_GRPC_PORT, "protocol": "TCP"},
        ],
        "resources": runtime_resources(revision),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        **_probes(revision),
        "volumeMounts": [
            {"name": names.VOLUME_BUNDLE, "mountPath": names.BUNDLE_DIR, "readOnly": True},
            {"name": names.VOLUME_SLA, "mountPath": names.SLA_DIR, "readOnly": True},
            {"name": names.VOLUME_TMP, "mountPath": names.TMP_DIR},
        ],
    }


def _environment(service: str, revision: Revision, revision_name: str) -> list[dict[str, str]]:
    """Return the runtime's variables: the user's first, then ours, which the user's cannot name."""
    ours = {
        "HOME": names.TMP_DIR,
        names.ENV_MODEL: names.BUNDLE_DIR,
        names.ENV_MODEL_NAME: service,
        names.ENV_MODEL_DIGEST: revision.digest,
        names.ENV_PORT: str(names.RUNTIME_PORT),
        names.ENV_GRPC_PORT: str(names.RUNTIME_GRPC_PORT),
        names.ENV_DEVICE: revision.device.value,
        names.ENV_QUEUE_MAX_REQUESTS: str(revision.queue.max_requests),
        names.ENV_LOAD_TIMEOUT_SECONDS: str(revision.preload.timeout_seconds),
        names.ENV_SLA_FILE: names.SLA_FILE,
        names.ENV_REVISION: revision_name,
        names.ENV_DRAIN_SECONDS: str(DRAIN_SECONDS),
    }
    if revision.modules:
        places = (f"{IN_BUNDLES[module.name]}={place_of(module)}" for module in revision.modules)
        ours[names.ENV_MODULES] = ",".join(places)
    if revision.device is not Device.CPU:
        ours[names.ENV_DEVICE_COUNT] = str(revision.device_count)
    if revision.device is Device.GPU:
        ours[names.ENV_DEVICE_MEMORY_MIB] = str(revision.device_memory_mib)
    if (batching := revision.batching) is not None:
        ours[names.ENV_BATCH_MAX_SIZE] = str(batching.max_size)
        ours[names.ENV_BATCH_MAX_DELAY] = str(batching.max_delay_milliseconds)
    theirs = {variable.name: variable.value for variable in revision.pod.env}
    return [
        _variable(name, value) for name, value in {**ENVIRONMENT[revision.device], **theirs, **ours}.items()
    ]


def _variable(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _probes(revision: Revision) -> dict[str, Any]:
    """Return the three probes. The startup probe covers loading and warming up, and hands over once ready."""
    steady = {
        "periodSeconds": revision.probes.period_seconds,
        "failureThreshold": revision.probes.failure_threshold,
        "timeoutSeconds": revision.probes.timeout_seconds,
    }
    attempts = math.ceil(revision.preload.timeout_seconds / STARTUP_PERIOD_SECONDS)
    return {
        "startupProbe": {
            "httpGet": _get(names.PATH_READY),
            "periodSeconds": STARTUP_PERIOD_SECONDS,
            "failureThreshold": attempts,
            "timeoutSeconds": revision.probes.timeout_seconds,
        },
        "livenessProbe": {"httpGet": _get(names.PATH_LIVE), **steady},
        "readinessProbe": {"httpGet": _get(names.PATH_READY), **steady},
    }


def _get(path: str) -> dict[str, Any]:
    return {"path": path, "port": names.PORT_NAME}


def _spread(revision_name: str) -> list[dict[str, Any]]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {names.LABEL_REVISION: revision_name}},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _volumes(service: str, revision: Revision) -> list[dict[str, Any]]:
    bundle: dict[str, Any] = {"sizeLimit": revision.preload.size_limit}
    if revision.preload.target is PreloadTarget.MEMORY:
        bundle["medium"] = "Memory"
    return [
        {"name": names.VOLUME_BUNDLE, "emptyDir": bundle},
        {"name": names.VOLUME_SLA, "configMap": {"name": names.sla_config_name(service)}},
        {"name": names.VOLUME_TMP, "emptyDir": {"sizeLimit": TMP_SIZE_LIMIT}},
        *store_volumes(revision.sources),
    ]
