"""All that a new revision is asked before any caller asks it: the golden set, and copies of real requests."""

from __future__ import annotations

from dataclasses import dataclass

from paddle_operator.plan.model import KubeObject, LiveRevision
from paddle_operator.plan.network_policy import compare_policy
from paddle_operator.plan.preflight_job import preflight_job
from paddle_operator.plan.shadow import mirror_filter, shadow_job, shadow_service
from paddle_operator.spec.base import EMPTY_OBJECT, FrozenJson
from paddle_operator.spec.model import Identity
from paddle_operator.spec.rollout import Preflight


@dataclass(frozen=True, slots=True)
class Questions:
    """What has to be there for it, in the order of applying; nothing where nothing is asked."""

    objects: tuple[KubeObject, ...] = ()
    jobs: tuple[str, ...] = ()
    """Names of the Jobs whose ends are its result."""
    mirror: FrozenJson = EMPTY_OBJECT
    """The filter by which the gateway sends copies while these objects are there; empty: it sends none."""
    left_out: str = ""
    """What was asked for and cannot be asked, and why."""
    absent: str = ""
    """The stable revision, where it has no pod whose answers others could be held to."""


NO_QUESTIONS = Questions()
_WITHOUT_SHADOW = "the shadow is left out, for no pod of the stable revision is there to compare with"


def questions(
    identity: Identity,
    preflight: Preflight,
    tried: LiveRevision,
    stable: LiveRevision | None,
    *,
    routed: bool,
    received: bool = True,
) -> Questions:
    """Put them together. `routed`: a route of the Gateway API is there, which alone can copy requests.
    `received`: the Service that takes the copies is there, so that the gateway may be told of it.

    Both Jobs run at the same time: each asks for one answer after another.
    """
    absent = stable.name if stable is not None and not stable.replicas else ""  # its pods made room
    stable = None if absent else stable
    golden = preflight_job(identity, preflight, tried, stable)
    shadow = shadow_job(identity, preflight, tried, stable) if routed else None
    jobs = tuple(job for job in (golden, shadow) if job is not None)
    left_out = _WITHOUT_SHADOW if routed and shadow is None and preflight.shadow is not None else ""
    if not jobs:
        return Questions(left_out=left_out)
    service = () if shadow is None else (shadow_service(identity, shadow),)
    return Questions(
        objects=(compare_policy(identity), *service, *jobs),
        jobs=tuple(job["metadata"]["name"] for job in jobs),
        mirror=FrozenJson.of(mirror_filter(identity, preflight) if service and received else {}),
        left_out=left_out,
        absent=absent,
    )
