"""The block `spec.scaling`: how many pods there are, and who decides it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from paddle_operator.spec.base import Block, DecimalText, list_map
from paddle_operator.spec.zone import UTC, ZoneName

Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Replicas = Annotated[int, Field(ge=1, le=1000)]


class ScalingBackend(StrEnum):
    """Who decides the number of replicas."""

    AUTO = "Auto"
    KEDA = "KEDA"
    HPA = "HPA"
    NONE = "None"


class MetricType(StrEnum):
    """What a scaler goes by."""

    REQUESTS_PER_REPLICA = "RequestsPerReplica"
    ACCELERATOR_UTILIZATION = "AcceleratorUtilization"
    CPU_UTILIZATION = "CPUUtilization"


class TargetType(StrEnum):
    """Where a target comes from."""

    VALUE = "Value"
    AUTO = "Auto"


class Target(Block):
    """What a metric should be at each replica."""

    type: TargetType = TargetType.VALUE
    """Value: the number in `value`. Auto: what was learned that a replica serves while the objectives hold,
    less a headroom; with RequestsPerReplica alone. Until it is known the metric asks for nothing; where it is
    the only one, the pods that there are stay, at least minReplicas."""
    value: DecimalText | None = None
    """The number, as a decimal string above 0 such as "200". Required with type Value, refused with Auto."""


class ScalingMetric(Block):
    """One metric."""

    name: Name
    """Name, one of a kind in the list."""
    type: MetricType
    """RequestsPerReplica: requests a second that callers send, refused ones included, for each replica; from
    Prometheus. AcceleratorUtilization: percentage of the time in which a replica computes, whatever it
    computes on; from Prometheus. CPUUtilization: percentage of the CPU that a replica asks for; from
    metrics-server."""
    target: Target
    """What the metric should be at each replica."""


class ReplicaSchedule(Block):
    """A time of more replicas that is known beforehand."""

    name: Name
    """Name, one of a kind in the list."""
    start: Annotated[str, Field(min_length=9, max_length=100)]
    """When it begins, in cron's five fields (minute, hour, day of month, month, day of week), such as
    "0 8 * * 1-5"."""
    duration_hours: Annotated[int, Field(ge=1, le=8784)]
    """Elapsed hours from then on, whatever the clocks do meanwhile."""
    time_zone: ZoneName = UTC
    """Time zone of `start`, by its name in the tz database, such as Asia/Shanghai."""
    min_replicas: Replicas
    """Fewest pods in that time. It never lowers a number."""


class Behavior(Block):
    """How fast a scaler follows."""

    scale_up_stabilization_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """Pods are added only for what was asked for all this long, in seconds."""
    scale_down_stabilization_seconds: Annotated[int, Field(ge=60, le=3600)] = 300
    """Pods are removed only when they were too many all this long, in seconds. At least the minute over which
    load is measured, so that a revision that has just taken over keeps its pods."""


class OnMetricsUnavailable(StrEnum):
    """What a scaler does about a metric that it cannot read."""

    HOLD_OR_INCREASE = "HoldOrIncrease"
    HOLD = "Hold"


class Scaling(Block):
    """The number of pods: fixed, or decided by a scaler where there are metrics."""

    backend: ScalingBackend = ScalingBackend.AUTO
    """None: `replicas` decides, also by `kubectl scale`. KEDA and HPA: that scaler decides, by `metrics`.
    Auto: without metrics as None; with them KEDA where it is installed, else HPA."""
    replicas: Replicas | None = None
    """Pods that serve, where no scaler decides. Not zero: a promise cannot be kept by nobody; delete the
    resource to stop it. Absent: 1, or as many as the scaler left that decided before."""
    min_replicas: Replicas | None = None
    """Fewest pods that a scaler may leave. Absent: 1."""
    max_replicas: Replicas | None = None
    """Most pods that a scaler may make. Required with metrics."""
    metrics: Annotated[tuple[ScalingMetric, ...], Field(max_length=3), list_map("name")] = ()
    """What a scaler goes by; the metric that asks for most pods wins."""
    schedules: Annotated[tuple[ReplicaSchedule, ...], Field(max_length=16), list_map("name")] = ()
    """Times of more pods, with and without a scaler; where several hold, the highest number counts."""
    behavior: Behavior = Behavior()
    """How fast a scaler follows."""
    on_metrics_unavailable: OnMetricsUnavailable = OnMetricsUnavailable.HOLD_OR_INCREASE
    """What a lost metric does; it never removes a pod. HoldOrIncrease: it asks for the pods that there are,
    and at least for the minimum. Hold: it asks for the pods that there are. Other metrics may ask for more
    meanwhile."""

    @property
    def scales(self) -> bool:
        """Whether a scaler is asked for: by the rules that is where there are metrics."""
        return bool(self.metrics)

    @property
    def learned(self) -> tuple[str, ...]:
        """Names of the metrics whose number is learned."""
        return tuple(one.name for one in self.metrics if one.target.type is TargetType.AUTO)

    @property
    def least(self) -> int:
        """Fewest pods, apart from schedules."""
        return (self.min_replicas if self.scales else self.replicas) or 1

    @property
    def most(self) -> int:
        """Most pods: the bound of a scaler, or without one what is asked for at any time."""
        return self.max_replicas or max([self.least, *(one.min_replicas for one in self.schedules)])
