"""The plan of one resource: which revision serves, which takes over, what else must exist."""

from __future__ import annotations

import itertools
from datetime import datetime

from paddle_operator.plan.autoscaler import autoscaler
from paddle_operator.plan.config import sla_config
from paddle_operator.plan.dashboard import dashboard
from paddle_operator.plan.deployment import deployment, number_alone
from paddle_operator.plan.disruption import disruption_budget
from paddle_operator.plan.means import terms_of
from paddle_operator.plan.model import (
    KubeObject,
    LiveRevision,
    Plan,
    Platform,
    Resolution,
    Role,
    Scale,
    Scaler,
)
from paddle_operator.plan.network_policy import network_policy
from paddle_operator.plan.pod_monitor import pod_monitor
from paddle_operator.plan.prometheus_rule import prometheus_rule
from paddle_operator.plan.resolve_job import resolve_job
from paddle_operator.plan.roles import Cast, Member, cast_of
from paddle_operator.plan.route import http_route
from paddle_operator.plan.rule_file import rule_file
from paddle_operator.plan.scaled_object import scaled_object
from paddle_operator.plan.scaling import held, scale_of, scaler_for, serving
from paddle_operator.plan.service import plain_service, revision_service
from paddle_operator.plan.target import Target, target_of
from paddle_operator.plan.traffic_policy import traffic_policy
from paddle_operator.sla.means import Rate
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.sla.profile import Profile, known_of
from paddle_operator.spec.model import Identity, Service
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.source import Source

_BY_ROLE = (Role.STABLE, Role.NEXT, Role.RETIRED)


def plan(
    service: Service,
    platform: Platform,
    resolution: Resolution | None,
    live: tuple[LiveRevision, ...],
    now: datetime,
    *,
    profile: Profile | None = None,
    availability: CountedAt = CountedAt.RUNTIME,
) -> Plan:
    """Decide what should be in the cluster. Equal input gives equal output, byte for byte.

    `profile` is what was learned of the replicas at work, where a target is Auto. `availability`: where it
    is counted so far, which rules and dashboard follow.
    """
    live = tuple(sorted(live, key=lambda member: (_BY_ROLE.index(member.role), member.name)))
    scaling = service.spec.scaling
    scale = scale_of(scaling, platform, live, now, _capacity(service, platform, live, profile))
    replicas = scale.replicas
    target = target_of(service.spec, platform, resolution, live)
    wanted = _wanted(service.identity, target, live, replicas)
    cast = held(cast_of(live, wanted, replicas, now), live, scaling, scale)
    job = resolve_job(service, target.image, target.resolve_key) if target.resolving else None
    return Plan(
        objects=(
            *_objects(service, platform, cast, job, _scaler(service, platform, cast, live, scale)),
            *_watching(service, platform, availability),
        ),
        stable=cast.stable.name if cast.stable else None,
        next=cast.next.name if cast.next else None,
        target=wanted.name if wanted else None,
        resolve_key=target.resolve_key if job else None,
        resolve_job=job["metadata"]["name"] if job else None,
        sla_hash=sla_hash(service.spec.sla),
        refusal=target.refusal,
        untouched=tuple(m.name for m in (cast.stable, cast.next) if m is not None and m.revision is None),
        scale=scale,
        handed_over=tuple(number_alone(service.identity, m) for m in (cast.stable,) if m and m.hands_over),
    )


def _capacity(
    service: Service, platform: Platform, live: tuple[LiveRevision, ...], profile: Profile | None
) -> Rate | None:
    """Return what a replica that serves now serves in time, as far as that is known."""
    stable = serving(live)
    if profile is None or stable is None:
        return None
    terms = terms_of(service, envoy_gateway=platform.envoy_gateway)
    return known_of(profile, stable.name, terms).capacity


def _wanted(
    identity: Identity, target: Target, live: tuple[LiveRevision, ...], replicas: int
) -> Member | None:
    if target.revision is None:
        return None
    name = target.revision.name(identity.name)
    return Member(
        name=name,
        revision=target.revision,
        role=Role.NEXT,
        resolve_key=target.resolve_key,
        default_image=target.default_image,
        replicas=replicas,
        template=next((one.template for one in live if one.name == name), None),
    )


def _objects(
    service: Service, platform: Platform, cast: Cast, job: KubeObject | None, scaler: KubeObject | None
) -> tuple[KubeObject, ...]:
    """Put the objects into the order of applying: pods' needs, pods, traffic, who leaves.

    Traffic moves after the revision that takes it is labelled stable and before the old one is labelled
    retired, so that a crash between any two writes leaves a serving revision.
    """
    identity = service.identity
    stable = cast.stable.name if cast.stable else None
    taking = [member for member in (cast.stable, cast.next) if member is not None]
    route = http_route(service, platform, stable)
    wanted = [
        sla_config(service),
        network_policy(identity, _sources(service, (*taking, *cast.retired))),
        job,
        *_revision_objects(identity, taking),
        plain_service(identity, stable),
        route,
        traffic_policy(identity, platform, route),
        disruption_budget(identity, stable),
        scaler,
        *_revision_objects(identity, cast.retired),
    ]
    return tuple(item for item in wanted if item is not None)


def _watching(service: Service, platform: Platform, availability: CountedAt) -> tuple[KubeObject, ...]:
    wanted = (
        rule_file(service, platform, availability),
        prometheus_rule(service, platform, availability),
        pod_monitor(service, platform),
        dashboard(service, platform, availability),
    )
    return tuple(item for item in wanted if item is not None)


def _scaler(
    service: Service, platform: Platform, cast: Cast, live: tuple[LiveRevision, ...], scale: Scale
) -> KubeObject | None:
    """Return what scales the revision that serves: the one that takes over is given its capacity."""
    stable = cast.stable
    if stable is None or stable.revision is None:
        return None
    there = next((one for one in live if one.name == stable.name), None)
    match scaler_for(there, scale):
        case Scaler.HPA:
            return autoscaler(service, stable.name, scale)
        case Scaler.KEDA:
            return scaled_object(service, stable.name, stable.revision.device, scale, platform)
        case None:
            return None


def _revision_objects(identity: Identity, members: list[Member] | tuple[Member, ...]) -> list[KubeObject]:
    found: list[KubeObject] = []
    for member in members:
        workload = deployment(identity, member)
        if workload is not None:
            found += [revision_service(identity, member.name), workload]
    return found


def _sources(service: Service, members: tuple[Member, ...]) -> tuple[Source, ...]:
    """Every bundle that a pod may have to read: a restarted pod of an old revision fetches its own again."""
    made = (member.revision.sources for member in members if member.revision is not None)
    return (*service.spec.model.sources, *itertools.chain.from_iterable(made))
