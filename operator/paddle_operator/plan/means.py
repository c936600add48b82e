"""What a service has to keep its promise with: fields and constants that its pods and route are made of."""

from __future__ import annotations

from fractions import Fraction

from pydantic import BaseModel

from paddle_operator.plan.deployment import SCHEDULING_SECONDS
from paddle_operator.plan.pod import DRAIN_SECONDS, GRACE_SECONDS, PRE_STOP_SECONDS
from paddle_operator.plan.traffic_policy import ATTEMPT_TIMEOUT, RETRIES
from paddle_operator.sla.figures import Figure, Origin, Unit
from paddle_operator.sla.learning import demands_of
from paddle_operator.sla.means import Means
from paddle_operator.sla.objectives import sla_hash
from paddle_operator.sla.profile import Terms
from paddle_operator.spec.model import Service


def means_of(service: Service, *, envoy_gateway: bool) -> Means:
    """Read them from a resource, in a cluster with or without Envoy Gateway."""
    spec = service.spec
    preload = spec.model.preload
    least = spec.scaling.min_replicas if spec.scaling.scales else spec.scaling.replicas
    most_given = spec.scaling.scales or least is not None or bool(spec.scaling.schedules)
    startup = _figure(preload, "timeout_seconds", Unit.SECONDS)
    downloads = preload.timeout_seconds * len(spec.model.sources)
    moving = SCHEDULING_SECONDS + downloads + preload.timeout_seconds
    return Means(
        least_pods=_pods(spec.scaling.least, given=least is not None),
        most_pods=_pods(spec.scaling.most, given=most_given),
        pods_field=f"spec.scaling.{'minReplicas' if spec.scaling.scales else 'replicas'}",
        most_field=f"spec.scaling.{'maxReplicas' if spec.scaling.scales else 'replicas'}",
        probe_period=_figure(spec.probes, "period_seconds", Unit.SECONDS),
        probe_failures=_figure(spec.probes, "failure_threshold", Unit.TIMES),
        probe_timeout=_figure(spec.probes, "timeout_seconds", Unit.SECONDS),
        startup=startup,
        ending=_fixed(GRACE_SECONDS),
        pre_stop=_fixed(PRE_STOP_SECONDS),
        drain=_fixed(DRAIN_SECONDS),
        longest_request=_fixed(int(ATTEMPT_TIMEOUT.removesuffix("s"))),
        moving=Figure(Fraction(moving), Unit.SECONDS, Origin.BOUND),
        repeats=envoy_gateway and spec.routing.has_gateway,
    )


def terms_of(service: Service, *, envoy_gateway: bool) -> Terms:
    """Return what the replicas at work are judged by."""
    spec = service.spec
    repeats = envoy_gateway and spec.routing.has_gateway
    batching = spec.runtime.batching
    return Terms(
        demands=demands_of(spec.sla),
        promise=sla_hash(spec.sla),
        window_days=spec.sla.window.days,
        attempts=RETRIES + 1 if repeats else 1,
        room=spec.runtime.queue.max_requests,
        together=batching.max_size if batching else 1,
    )


def _pods(count: int, *, given: bool) -> Figure:
    return Figure(Fraction(count), Unit.PODS, Origin.GIVEN if given else Origin.DEFAULT)


def _figure(block: BaseModel, field: str, unit: Unit) -> Figure:
    """The API server writes defaults into what it stores, so a default is known by its value alone."""
    value = getattr(block, field)
    default = type(block).model_fields[field].default
    return Figure(Fraction(value), unit, Origin.DEFAULT if value == default else Origin.GIVEN)


def _fixed(value: int) -> Figure:
    return Figure(Fraction(value), Unit.SECONDS, Origin.FIXED)
