"""The blocks `status.stable`, `canary` and `previous`: who there is, with which share of the requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddle_operator.rollout.weighing import share_by_pods
from paddle_operator.spec.traffic import RoutingType
from paddle_operator.status.facts import DeploymentFacts
from paddle_operator.status.situation import Situation

Block = dict[str, Any]


def revisions(at: Situation, previous: Mapping[str, Any]) -> dict[str, Block | None]:
    """Return the blocks. A first revision is stable from when it was first ready: until then it is tried."""
    course = at.plan.course
    named = {"stable": course.stable, "canary": course.canary, "previous": course.previous}
    blocks = {role: _block(at, name) for role, name in named.items()}
    served = (previous.get("stable") or {}).get("revision") == course.stable
    if (stable := blocks["stable"]) is not None and not served and not stable["readyReplicas"]:
        return {**blocks, "stable": None, "canary": stable}
    return blocks


def _block(at: Situation, name: str | None) -> Block | None:
    if name is None:
        return None
    deployment = at.facts.deployment(name) or DeploymentFacts(name)
    modules = [{"name": module, "digest": digest} for module, digest in deployment.modules]
    return {
        "revision": name,
        "replicas": deployment.wanted_replicas,
        "readyReplicas": deployment.ready_replicas,
        "weight": at.plan.course.weight(name),
        "effectiveWeight": _effective(at, name) if deployment.ready_replicas else 0,
        **({"modelDigest": deployment.digest} if deployment.digest else {}),
        **({"modules": modules} if modules else {}),
    }


def _effective(at: Situation, name: str) -> int:
    """Return the share of a revision with ready pods: by weight where a route divides, else by pods."""
    course = at.plan.course
    if at.service.spec.routing.type is RoutingType.GATEWAY_API and at.facts.gateway_api:
        return course.weight(name)
    if not at.plan.mixed or name not in {course.stable, course.canary}:
        return 100 if name == course.stable else 0
    stable, canary = (_ready(at, one) for one in (course.stable, course.canary))
    share = share_by_pods(canary, stable)
    return share if name == course.canary else 100 - share


def _ready(at: Situation, name: str | None) -> int:
    found = at.facts.deployment(name)
    return found.ready_replicas if found is not None else 0
