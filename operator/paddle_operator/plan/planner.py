"""The plan of one resource: what was decided about its revisions, as objects, in the order of applying."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
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
    Wish,
)
from paddle_operator.plan.network_policy import network_policy
from paddle_operator.plan.pod_monitor import pod_monitor
from paddle_operator.plan.preflight import NO_QUESTIONS, Questions
from paddle_operator.plan.prometheus_rule import prometheus_rule
from paddle_operator.plan.resolve_job import resolve_job
from paddle_operator.plan.roles import Cast, Member, before, carried_out, cast_of
from paddle_operator.plan.route import http_route
from paddle_operator.plan.rule_file import rule_file
from paddle_operator.plan.scaled_object import scaled_object
from paddle_operator.plan.scaling import given_up, held, scale_of, scaler_for, serving, unshrinking
from paddle_operator.plan.service import plain_service, revision_service, shares_by_pods
from paddle_operator.plan.take_over import take_over
from paddle_operator.plan.target import Target, target_of
from paddle_operator.plan.traffic_policy import traffic_policy
from paddle_operator.rollout.course import Course
from paddle_operator.sla.means import Rate
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.sla.profile import Profile, known_of
from paddle_operator.spec.model import Identity, Service
from paddle_operator.spec.report import CountedAt
from paddle_operator.spec.source import Source

_BY_ROLE = tuple(Role)


def plan(
    service: Service,
    platform: Platform,
    resolution: Resolution | None,
    live: tuple[LiveRevision, ...],
    now: datetime,
    *,
    course: Course | None = None,
    questions: Questions = NO_QUESTIONS,
    profile: Profile | None = None,
    availability: CountedAt = CountedAt.RUNTIME,
) -> Plan:
    """Say what should be in the cluster. Equal input gives equal output, byte for byte.

    `course` is what a rollout decided; without one the wanted revision takes over when it is ready.
    `questions` are asked of a canary before callers ask it. `profile` is what was learned of the replicas
    at work, where a target is Auto. `availability`: where it is counted so far, which rules and dashboard
    follow.
    """
    live, scaling = _in_order_of_roles(live), service.spec.scaling
    scale = scale_of(scaling, platform, live, now, _capacity(service, platform, live, profile))
    target = target_of(service.spec, platform, resolution, live)
    wanted = _wanted(service.identity, target, live)
    name = wanted.name if wanted is not None else None
    course = carried_out(course or take_over(live, name, scale.replicas), live, name)
    fewer = 0 if course.recreates else course.stable_replicas
    kept = unshrinking(scale, course, live, scaling, now) if fewer is None else given_up(scale, fewer)
    cast = held(cast_of(course, live, wanted, kept.replicas, now), live, scaling, kept)
    mixed = shares_by_pods(service.spec.routing, course, live)
    job = resolve_job(service, target.image, target.resolve_key) if target.resolving else None
    first = (sla_config(service), network_policy(service.identity, _sources(service, cast.with_pods)), job)
    ready = [one.name for one in live if one.ready_replicas]
    route = http_route(service, platform, course, questions.mirror.thaw() or None, ready)
    traffic = (
        *_traffic(service, platform, course, route, mixed=mixed),
        _scaler(service, platform, cast, live, kept),
    )
    return Plan(
        objects=_there(
            *first,
            *questions.objects,
            *_in_order(service.identity, cast, before(cast, course, live), traffic),
            *_watching(service, platform, availability),
        ),
        course=course,
        target=name,
        resolve_key=target.resolve_key if job else None,
        resolve_job=job["metadata"]["name"] if job else None,
        sla_hash=sla_hash(service.spec.sla),
        refusal=target.refusal,
        untouched=tuple(one.name for one in cast.playing if one.revision is None),
        scale=scale,
        handed_over=tuple(number_alone(service.identity, one) for one in cast.playing if one.hands_over),
        mixed=mixed,
    )


def wish_of(
    service: Service,
    platform: Platform,
    resolution: Resolution | None,
    live: tuple[LiveRevision, ...],
    now: datetime,
    *,
    profile: Profile | None = None,
) -> Wish:
    """Say what the resource asks for, for a rollout to decide about: the same that its plan will go by."""
    live = _in_order_of_roles(live)
    capacity = _capacity(service, platform, live, profile)
    target = target_of(service.spec, platform, resolution, live)
    name = target.revision.name(service.identity.name) if target.revision is not None else None
    replicas = scale_of(service.spec.scaling, platform, live, now, capacity).replicas
    return Wish(name, replicas, target.revision)


def _in_order_of_roles(live: tuple[LiveRevision, ...]) -> tuple[LiveRevision, ...]:
    """Sort the revisions: where several are what is asked for, the first of them is taken."""
    return tuple(sorted(live, key=lambda member: (_BY_ROLE.index(member.role), member.name)))


def _capacity(
    service: Service, platform: Platform, live: tuple[LiveRevision, ...], profile: Profile | None
) -> Rate | None:
    """Return what a replica that serves now serves in time, as far as that is known."""
    stable = serving(live)
    if profile is None or stable is None:
        return None
    terms = terms_of(service, envoy_gateway=platform.envoy_gateway)
    return known_of(profile, stable.name, terms).capacity


def _wanted(identity: Identity, target: Target, live: tuple[LiveRevision, ...]) -> Member | None:
    if target.revision is None:
        return None
    name = target.revision.name(identity.name)
    return Member(
        name=name,
        revision=target.revision,
        role=Role.CANARY,
        resolve_key=target.resolve_key,
        default_image=target.default_image,
        replicas=0,
        template=next((one.template for one in live if one.name == name), None),
    )


def _in_order(
    identity: Identity, cast: Cast, before: Collection[Member], traffic: Sequence[KubeObject | None]
) -> Iterator[KubeObject | None]:
    """Yield the revisions' objects and the traffic in the order of applying.

    Capacity comes before weight: a revision that takes requests is there, labelled and at its number before
    the traffic says so. Weight goes before capacity: who takes none any more, or is to have fewer pods, is
    touched after the traffic, and deletions come last. So a crash between any two writes leaves a route whose
    revisions have their pods. Who is made new comes after the traffic, too: the plain Service must have let
    go of all pods of the service first, where it had them (`shares_by_pods`). A Service without pods harms
    nobody, and a route to one that is not there is refused: they are first.
    """
    yield from (revision_service(identity, one.name) for one in cast.with_pods)
    yield from (deployment(identity, one) for one in before)
    yield from traffic
    yield from (deployment(identity, one) for one in (*cast.with_pods, *cast.history) if one not in before)


def _traffic(
    service: Service, platform: Platform, course: Course, route: KubeObject | None, *, mixed: bool
) -> tuple[KubeObject | None, ...]:
    identity = service.identity
    return (
        plain_service(identity, course.stable, mixed=mixed),
        route,
        traffic_policy(identity, platform, route if service.spec.routing.has_gateway else None),
        disruption_budget(identity, course.stable),
    )


def _watching(service: Service, platform: Platform, availability: CountedAt) -> tuple[KubeObject | None, ...]:
    return (
        rule_file(service, platform, availability),
        prometheus_rule(service, platform, availability),
        pod_monitor(service, platform),
        dashboard(service, platform, availability),
    )


def _there(*wanted: KubeObject | None) -> tuple[KubeObject, ...]:
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


def _sources(service: Service, members: tuple[Member, ...]) -> tuple[Source, ...]:
    """Every bundle that a pod may have to read: a restarted pod of an old revision fetches its own again."""
    made = (member.revision.sources for member in members if member.revision is not None)
    return (*service.spec.model.sources, *itertools.chain.from_iterable(made))
