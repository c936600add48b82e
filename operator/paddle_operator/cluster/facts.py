"""From raw objects to facts and to what the plan is told: reading only, without a client."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from paddle_operator import names
from paddle_operator.cluster.nodes import fetch_seconds
from paddle_operator.plan import FoundBundle, KubeObject, Resolution, Revision, Scaler
from paddle_operator.sla.intervals import utc
from paddle_operator.spec.source import ModuleName
from paddle_operator.status import (
    ContainerFacts,
    DeploymentFacts,
    Exit,
    JobFacts,
    PodFacts,
    RouteFacts,
    Said,
    ScalerFacts,
)


def pod_facts(pod: KubeObject, stuck: str = "") -> PodFacts:
    """One pod, trimmed to what is judged."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    labels = metadata.get("labels") or {}
    scheduled = _condition(status, "PodScheduled")
    unschedulable = scheduled.get("reason") == "Unschedulable"
    job, deleted = labels.get(names.LABEL_JOB, ""), metadata.get("deletionTimestamp")
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return PodFacts(
        name=metadata["name"],
        revision=labels.get(names.LABEL_REVISION, ""),
        job=job,
        ready=not job and _condition(status, "Ready").get("status") == "True",
        terminating=deleted is not None,
        ends_by=utc(datetime.fromisoformat(deleted)) if deleted else None,
        node=str((pod.get("spec") or {}).get("nodeName", "")),
        unschedulable=str(scheduled.get("message", "")) if unschedulable else "",
        stuck=stuck,
        evicted=str(status.get("message", "")) if status.get("reason") == "Evicted" else "",
        containers=tuple(_container(one, probed=not job) for one in containers),
        fetch_seconds=fetch_seconds(status),
    )


def waits_for_containers(pod: KubeObject) -> bool:
    """Whether a pod has a node and none of its containers was ever made: only Events say why."""
    status = pod.get("status") or {}
    if "deletionTimestamp" in pod["metadata"] or _condition(status, "PodScheduled").get("status") != "True":
        return False
    made = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    waiting = {"ContainerCreating", "PodInitializing"}
    states = [(one.get("state") or {}).get("waiting", {}).get("reason") for one in made]
    return bool(made) and all(reason in waiting for reason in states) and not any(map(_end, made))


def job_facts(job: KubeObject, stuck: str = "") -> JobFacts:
    """A Job."""
    metadata, status = job["metadata"], job.get("status") or {}
    ended = {"Complete", "Failed"}
    conditions = status.get("conditions") or ()
    return JobFacts(
        name=metadata["name"],
        uid=metadata["uid"],
        key=(metadata.get("annotations") or {}).get(names.ANNOTATION_RESOLVE_KEY, ""),
        finished=any(one["type"] in ended and one["status"] == "True" for one in conditions),
        stuck=stuck,
    )


def waits_for_pod(job: KubeObject) -> bool:
    """Whether a Job has no pod although it should: only Events say why."""
    status = job.get("status") or {}
    return not any(
        status.get(count) for count in ("active", "ready", "succeeded", "failed", "completionTime")
    )


def deployment_facts(deployment: KubeObject) -> DeploymentFacts:
    """A revision's Deployment."""
    status = deployment.get("status") or {}
    failure = _condition(status, "ReplicaFailure")
    annotations = deployment["metadata"].get("annotations") or {}
    recorded = Revision.from_json(annotations.get(names.ANNOTATION_REVISION_INPUTS, ""))
    return DeploymentFacts(
        revision=deployment["metadata"]["name"],
        digest=annotations.get(names.ANNOTATION_MODEL_DIGEST, ""),
        wanted_replicas=int(deployment["spec"].get("replicas", 1)),
        replicas=int(status.get("replicas", 0)),
        ready_replicas=int(status.get("availableReplicas", 0)),
        pods_refused=str(failure.get("message", "")) if failure.get("status") == "True" else "",
        modules=tuple((one.name.value, one.digest) for one in recorded.modules) if recorded else (),
    )


def route_facts(route: KubeObject) -> tuple[RouteFacts, ...]:
    """What each gateway says about the present generation of the route."""
    generation = route["metadata"].get("generation", 0)
    return tuple(_parent(one, generation) for one in (route.get("status") or {}).get("parents") or ())


def scaler_facts(scaler: KubeObject, by_keda: bool) -> ScalerFacts:
    """A ScaledObject, or an HPA."""
    metadata, status = scaler["metadata"], scaler.get("status") or {}
    deleted = metadata.get("deletionTimestamp")
    return ScalerFacts(
        kind=scaler["kind"],
        name=metadata["name"],
        revision=str(((scaler.get("spec") or {}).get("scaleTargetRef") or {}).get("name", "")),
        by_keda=by_keda or scaler["kind"] == Scaler.KEDA,
        wanted_replicas=int(status.get("desiredReplicas") or 0),
        conditions=tuple(
            Said(
                str(one.get("type", "")),
                str(one.get("status", "")),
                str(one.get("reason", "")),
                str(one.get("message", "")),
            )
            for one in status.get("conditions") or ()
        ),
        leaving_since=utc(datetime.fromisoformat(deleted)) if deleted else None,
        finalizers=tuple(metadata.get("finalizers") or ()),
        learned_target=(metadata.get("annotations") or {}).get(names.ANNOTATION_LEARNED_TARGET, ""),
    )


def resolution_of(jobs: Iterable[JobFacts], pods: Iterable[KubeObject]) -> Resolution | None:
    """What the newest resolve Job left in the termination messages of its pod.

    An older Job may still be there: deletions wait while a write is refused.
    """
    keys = {job.name: job.key for job in jobs if job.key}
    newest_first = sorted(
        pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True
    )
    for pod in newest_first:
        job = (pod["metadata"].get("labels") or {}).get(names.LABEL_JOB, "")
        found = _resolution(keys[job], pod.get("status") or {}) if job in keys else None
        if found is not None:
            return found
    return None


def _resolution(key: str, status: Mapping[str, Any]) -> Resolution | None:
    """What each container of a pod that reads a manifest said; None until all of them have ended well."""
    ends = {
        names.read_by(one["name"]): (one.get("state") or {}).get("terminated") or {}
        for one in status.get("containerStatuses") or ()
    }
    read = {module: end for (base, module), end in ends.items() if base == names.CONTAINER_RESOLVE}
    if any(end.get("exitCode") != 0 for end in read.values()):
        return None
    try:
        said = {module: json.loads(end["message"]) for module, end in read.items()}
        size_bytes = sum(int(one["sizeBytes"]) for one in said.values())
        model = _bundle(said.pop(""))
        modules = {ModuleName(name): _bundle(one) for name, one in said.items()}
        return Resolution(key, model, modules, size_bytes)
    except (ValueError, KeyError, TypeError):
        return None


def _bundle(said: Mapping[str, Any]) -> FoundBundle:
    return FoundBundle(said["digest"], said["task"], said["format"], frozenset(said["modules"]))


def _parent(parent: Mapping[str, Any], generation: int) -> RouteFacts:
    reference = parent.get("parentRef") or {}
    conditions = parent.get("conditions") or ()
    fresh = {one["type"]: one for one in conditions if one.get("observedGeneration", 0) >= generation}
    accepted, resolved = fresh.get("Accepted", {}), fresh.get("ResolvedRefs", {})
    overlap = fresh.get("RouteRulesOverlap", {})
    accepted_before = any(one["type"] == "Accepted" and one.get("status") == "True" for one in conditions)
    wrong = accepted if accepted.get("status") == "False" else resolved
    where = "/".join(filter(None, (reference.get("namespace"), reference.get("name"))))
    return RouteFacts(
        parent=where,
        accepted=_truth(accepted),
        resolved=_truth(resolved),
        reason=str(wrong.get("reason", "")),
        message=str(wrong.get("message", "")),
        overlap=str(overlap.get("message", "")) if overlap.get("status") == "True" else "",
        behind=accepted_before and not accepted,
    )


def _truth(condition: Mapping[str, Any]) -> bool | None:
    return {"True": True, "False": False}.get(str(condition.get("status")))


def _condition(status: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
    conditions = status.get("conditions") or ()
    return next((one for one in conditions if one.get("type") == type_), {})


def _container(status: Mapping[str, Any], *, probed: bool) -> ContainerFacts:
    """One container. Without a readiness probe the kubelet calls it ready as soon as it runs."""
    state = status.get("state") or {}
    waiting = state.get("waiting") or {}
    return ContainerFacts(
        name=status["name"],
        ready=probed and bool(status.get("ready")),
        running="running" in state,
        waiting_reason=str(waiting.get("reason", "")),
        waiting_message=str(waiting.get("message", "")),
        exit=_end(status),
    )


def _end(status: Mapping[str, Any]) -> Exit | None:
    for state in (status.get("state") or {}, status.get("lastState") or {}):
        if (end := state.get("terminated")) is not None:
            return Exit(int(end.get("exitCode", 0)), str(end.get("reason", "")), str(end.get("message", "")))
    return None
