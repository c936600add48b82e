"""From what was read to an observation: which objects are the service's and what they say. No client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from paddle_operator.cluster import kinds
from paddle_operator.cluster.facts import (
    deployment_facts,
    job_facts,
    pod_facts,
    resolution_of,
    route_facts,
    scaler_facts,
    waits_for_containers,
    waits_for_pod,
)
from paddle_operator.cluster.kinds import Kind
from paddle_operator.cluster.ports import Observation
from paddle_operator.plan import KubeObject, Platform, Scaler, ScalersAtWork
from paddle_operator.plan.learned_target import target_from
from paddle_operator.plan.live import live_revision
from paddle_operator.status import Facts, ScalerFacts

FAILED_MOUNT, FAILED_CREATE = "FailedMount", "FailedCreate"
TRIES = {FAILED_MOUNT: 4, FAILED_CREATE: 1}
"""How often an Event must have come to be believed; four mounts are tried within about eight seconds."""


def observation_of(
    body: KubeObject,
    items: Iterable[KubeObject],
    pods: Iterable[KubeObject],
    said: Mapping[str, str],
    platform: Platform,
) -> Observation:
    """Put together one look. `said` has the text of an Event by the uid of the object that it is about."""
    uid = body["metadata"]["uid"]
    items = tuple(items)
    owned = tuple(item for item in items if controller_of(item) in {uid, None})
    deployments = _of(kinds.DEPLOYMENT, owned)
    routes = _of(kinds.HTTP_ROUTE, owned)
    pods = tuple(pods)
    scalers = _scalers(items, uid)
    jobs = tuple(job_facts(job, said.get(job["metadata"]["uid"], "")) for job in _of(kinds.JOB, owned))
    return Observation(
        body=body,
        objects=owned,
        revisions=tuple(
            found
            for one in deployments
            if (found := live_revision(one, _at_work(scalers, one["metadata"]["name"]))) is not None
        ),
        resolution=resolution_of(jobs, pods),
        platform=platform,
        facts=Facts(
            pods=tuple(pod_facts(pod, said.get(pod["metadata"]["uid"], "")) for pod in pods),
            jobs=jobs,
            deployments=tuple(deployment_facts(one) for one in deployments),
            routes=tuple(fact for route in routes for fact in route_facts(route)),
            scalers=scalers,
            gateway_api=platform.gateway_api,
            envoy_gateway=platform.envoy_gateway,
        ),
    )


def _scalers(items: tuple[KubeObject, ...], uid: str) -> tuple[ScalerFacts, ...]:
    """Our scalers, and the HPAs that KEDA makes of them: it copies our labels, and is their controller."""
    found: list[ScalerFacts] = []
    for item in items:
        if (item["apiVersion"], item["kind"]) in {(one.api_version, one.kind) for one in kinds.SCALERS}:
            controller = controller_reference(item)
            by_keda = controller.get("kind") == Scaler.KEDA
            if by_keda or controller.get("uid") == uid:
                found.append(scaler_facts(item, by_keda))
    return tuple(found)


def _at_work(scalers: Iterable[ScalerFacts], revision: str) -> ScalersAtWork:
    mine = [one for one in scalers if one.revision == revision]
    leaving = [one.leaving_since for one in mine if one.leaving_since is not None]
    learned = [number for one in mine if (number := target_from(one.learned_target)) is not None]
    return ScalersAtWork(
        kinds=frozenset(Scaler.KEDA if one.by_keda else Scaler.HPA for one in mine),
        leaving_since=min(leaving, default=None),
        learned_target=min(learned, default=None),
    )


def silent(items: Iterable[KubeObject], pods: Iterable[KubeObject]) -> dict[str, str]:
    """What does not say itself why it does not go on: the reason of the Event to look for, by uid."""
    stuck = {pod["metadata"]["uid"]: FAILED_MOUNT for pod in pods if waits_for_containers(pod)}
    jobs = [item for item in items if item["kind"] == kinds.JOB.kind and waits_for_pod(item)]
    return stuck | {job["metadata"]["uid"]: FAILED_CREATE for job in jobs}


def complaint(events: Iterable[KubeObject], reason: str) -> str:
    """The message of the Event of that reason, while it is the last word on its object and no hiccup.

    Kubelets often cannot mount a volume at the first try, and go on to pull the image when they can.
    """
    last = max(events, key=_time, default=None)
    if last is None or last.get("reason") != reason or int(last.get("count") or 1) < TRIES[reason]:
        return ""
    return str(last.get("message", ""))


def _time(event: KubeObject) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def controller_of(item: KubeObject) -> str | None:
    """The uid of the object's controller, where it has one."""
    reference = controller_reference(item)
    return str(reference["uid"]) if reference else None


def controller_reference(item: KubeObject) -> Mapping[str, Any]:
    """The reference to the object's controller; empty where it has none."""
    owners = item["metadata"].get("ownerReferences") or ()
    return next((one for one in owners if one.get("controller")), {})


def _of(kind: Kind, owned: tuple[KubeObject, ...]) -> list[KubeObject]:
    return [item for item in owned if item["kind"] == kind.kind and item["apiVersion"] == kind.api_version]
