"""From pods to a diagnosis: how far the model has come, and what exactly went wrong where.

A container that is restarted over and over is waiting, running and ended in turn. Its last end is what counts
until it becomes ready, so a failure is said once and does not flicker with the restarts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from paddle_operator import names
from paddle_operator.reasons import EXIT_CODES, PHASES, Reason
from paddle_operator.status.facts import ContainerFacts, Exit, Facts, PodFacts

IMAGE_TROUBLES = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
}
CONFIG_TROUBLES = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
OWN_REASONS = {str(reason): reason for reason in EXIT_CODES.values()}
FAULTS_OF_THE_BUNDLE = {
    Reason.MODEL_NOT_FOUND,
    Reason.DIGEST_MISMATCH,
    Reason.BUNDLE_INVALID,
    Reason.LOAD_FAILED,
    Reason.WARMUP_FAILED,
    Reason.SELF_TEST_FAILED,
}
LONGEST_QUOTE = 600
STEPS = {
    names.CONTAINER_RESOLVE: "resolve",
    names.CONTAINER_FETCH: "download",
    names.CONTAINER_RUNTIME: "run",
}


class ModelState(StrEnum):
    """How far the model has come: status.model.state."""

    RESOLVING = "Resolving"
    NO_PODS = "NoPods"
    """None is to run: the rollout has not begun, or has rejected the revision."""
    PENDING = "Pending"
    DOWNLOADING = "Downloading"
    LOADING = "Loading"
    LOADED = "Loaded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, in which pod, with which exit code where a container ended."""

    reason: Reason
    message: str
    pod: str = ""
    exit_code: int | None = None

    @property
    def of_bundle(self) -> bool:
        """Whether the bundle is at fault, so that the next pod would fail as this one did."""
        return self.reason in FAULTS_OF_THE_BUNDLE


def failure_among(pods: tuple[PodFacts, ...]) -> Failure | None:
    """The failure to tell about: one that waits for a person first, then by the pod's name."""
    failures = [found for pod in pods if (found := failure_of(pod))]
    return min(failures, key=lambda one: (not one.reason.stalls, one.pod), default=None)


def trouble_of(facts: Facts, revision: str) -> str:
    """What keeps pods of a revision from becoming ready, in words; empty where nothing is known."""
    failure = failure_among(facts.pods_of(revision))
    return failure.message if failure is not None else ""


def failure_of(pod: PodFacts) -> Failure | None:
    """What keeps the pod from becoming ready, if anything does."""
    if pod.ready:
        return None
    if pod.evicted:
        return Failure(Reason.POD_EVICTED, f"pod {pod.name} was evicted: {pod.evicted}", pod.name)
    if pod.unschedulable:
        advice = "Check runtime.resources, runtime.pod and the accelerator's device plugin."
        return Failure(
            Reason.UNSCHEDULABLE, f"no node takes pod {pod.name}: {pod.unschedulable} {advice}", pod.name
        )
    if pod.stuck:
        return Failure(Reason.POD_CONFIG_INVALID, f"pod {pod.name} cannot be started: {pod.stuck}", pod.name)
    found = (_failure_of_container(pod.name, container) for container in pod.containers)
    return next((failure for failure in found if failure), None)


def state_of(pods: tuple[PodFacts, ...]) -> ModelState:
    """How far the furthest pod has come."""
    if any(pod.ready for pod in pods):
        return ModelState.LOADED
    if any(_runs(pod, names.CONTAINER_RUNTIME) for pod in pods):
        return ModelState.LOADING
    if any(_runs(pod, names.CONTAINER_FETCH) for pod in pods):
        return ModelState.DOWNLOADING
    return ModelState.PENDING


def last_end(pods: tuple[PodFacts, ...]) -> Failure | None:
    """The last failure that the pods still remember, also of a container that is well again."""
    for pod in sorted(pods, key=lambda one: one.name):
        for container in pod.containers:
            if container.exit is not None and container.exit.code != 0:
                return _failure_of_exit(pod.name, container.name, container.exit)
    return None


def _runs(pod: PodFacts, name: str) -> bool:
    container = pod.container(name)
    return container is not None and (container.running or container.exit is not None)


def _failure_of_container(pod: str, container: ContainerFacts) -> Failure | None:
    where = f"container {container.name} of pod {pod}"
    if container.waiting_reason in IMAGE_TROUBLES:
        return Failure(
            Reason.IMAGE_PULL_FAILED,
            f"the image for {where} cannot be pulled: {_without_backoff(container.waiting_message)}."
            " Check runtime.image, runtime.pod.imagePullSecrets and the registry.",
            pod,
        )
    if container.waiting_reason in CONFIG_TROUBLES:
        return Failure(Reason.POD_CONFIG_INVALID, f"{where} cannot be made: {container.waiting_message}", pod)
    if container.failed and container.exit is not None:
        return _failure_of_exit(pod, container.name, container.exit)
    return None


def _failure_of_exit(pod: str, container: str, end: Exit) -> Failure:
    where = f"pod {pod}, container {container}, exit code {end.code}"
    if end.reason == "OOMKilled":
        advice = "the container used more memory than its limit: raise runtime.resources.limits.memory"
        return Failure(Reason.OUT_OF_MEMORY, f"{_step(container)} failed in {where}: {advice}", pod, end.code)
    reason, text = _own_words(end)
    if not text:
        text = f"{end.reason or 'Error'}: see kubectl logs {pod} -c {container} --previous"
    return Failure(reason, f"{PHASES.get(reason, _step(container))} failed in {where}: {text}", pod, end.code)


def _own_words(end: Exit) -> tuple[Reason, str]:
    """The runtime's termination message: its own reason and text, or what the exit code means."""
    try:
        said = json.loads(end.message)
    except ValueError:
        said = None
    by_code = EXIT_CODES.get(end.code, Reason.CONTAINER_FAILED)
    if not isinstance(said, dict):
        return by_code, end.message.strip()[-LONGEST_QUOTE:]
    return OWN_REASONS.get(str(said.get("reason")), by_code), str(said.get("message", ""))[:LONGEST_QUOTE]


def _step(container: str) -> str:
    base, _ = names.read_by(container)
    return STEPS.get(base, container)


def _without_backoff(message: str) -> str:
    """The cause alone: the kubelet alternates between it and "Back-off pulling image ...: cause"."""
    return re.sub(r'^Back-off pulling image "[^"]*": \w+: ', "", message)[:LONGEST_QUOTE].rstrip(". ")
