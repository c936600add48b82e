"""The part of the corpus that is about the number of pods."""

from __future__ import annotations

from typing import Any

from tests.contract.case import Case
from tests.operator.given import Resource, a_resource

CPU = a_resource()
METRICS = ("RequestsPerReplica", "AcceleratorUtilization", "CPUUtilization")
PEAK = {"name": "peak", "start": "0 8 * * 1-5", "durationHours": 10, "minReplicas": 6}


def scaling(**fields: Any) -> Resource:
    return CPU.with_("spec.scaling", fields)


def metric(type_: str = "RequestsPerReplica", value: str = "200", name: str = "") -> dict[str, Any]:
    return {"name": name or type_.lower(), "type": type_, "target": {"value": value}}


def learned(type_: str = "RequestsPerReplica", **target: Any) -> dict[str, Any]:
    return {**metric(type_), "target": {"type": "Auto", **target}}


def scaled(*metrics: dict[str, Any], **fields: Any) -> Resource:
    return scaling(**{"metrics": list(metrics) or [metric()], "maxReplicas": 10, **fields})


def scheduled(start: str = "0 8 * * 1-5", **fields: Any) -> Resource:
    peak = {"name": "peak", "start": start, "durationHours": 10, "minReplicas": 6, **fields}
    return scaling(replicas=2, schedules=[peak])


SCALERS_ACCEPTED = (
    Case("a scaler of whatever kind there is", scaled(minReplicas=2)),
    Case(
        "an HPA that goes by all there is",
        scaled(*map(metric, METRICS, ["0.5", "100", "1000"]), backend="HPA"),
    ),
    Case("a target that is learned", scaled(learned(), minReplicas=2)),
    Case("KEDA that holds", scaled(backend="KEDA", onMetricsUnavailable="Hold")),
    Case("as many at least as at most", scaled(minReplicas=10)),
    Case("a fixed number on weekdays", scheduled()),
    Case("a holiday in Shanghai", scheduled("0 0 28 1 *", durationHours=192, timeZone="Asia/Shanghai")),
    Case("a schedule of a scaler", scaled(schedules=[{**PEAK, "minReplicas": 10}])),
    Case("a schedule of nothing else", scaling(schedules=[PEAK])),
)

SCALERS_REJECTED = (
    Case("a scaler of nothing", scaling(backend="KEDA", maxReplicas=4), ("scaler-needs-metrics",)),
    Case("a most of nothing", scaling(maxReplicas=4), ("scaler-needs-metrics",)),
    Case("a scaler without a bound", scaling(metrics=[metric()]), ("scaler-needs-maximum",)),
    Case("a name alone", scaling(backend="HPA"), ("scaler-needs-metrics", "scaler-needs-maximum")),
    Case("a number and a scaler", scaled(replicas=3), ("replicas-without-scaler",)),
    Case("metrics and nobody", scaled(backend="None"), ("fields-of-scaler",)),
    Case("a least and nobody", scaling(backend="None", minReplicas=2), ("fields-of-scaler",)),
    Case("a least alone", scaling(minReplicas=2), ("minimum-of-scaler",)),
    Case("more at least than at most", scaled(minReplicas=11), ("minimum-within-maximum",)),
    Case(
        "a schedule above the most",
        scaled(schedules=[{**PEAK, "minReplicas": 11}]),
        ("schedules-within-maximum",),
    ),
    Case(
        "the same load twice",
        scaled(metric(), metric(name="again")),
        ("unique-type",),
    ),
    Case("a target that is learned and given", scaled(learned(value="1")), ("target-given",)),
    Case("a target that is neither", scaled({**metric(), "target": {}}), ("target-given",)),
    Case("a share of CPU that is learned", scaled(learned("CPUUtilization")), ("target-learned",)),
    Case("a target of nothing", scaled(metric(value="0.0")), ("target-form",)),
    Case("a target below nothing", scaled(metric(value="-1")), ("target-form",)),
    Case("a target with a unit", scaled(metric(value="200qps")), ("target-form",)),
    Case(
        "busier than all the time", scaled(metric("AcceleratorUtilization", "101")), ("accelerator-percent",)
    ),
    Case("a part of a percent of CPU", scaled(metric("CPUUtilization", "70.5")), ("cpu-percent",)),
    Case("eleven CPUs for one", scaled(metric("CPUUtilization", "1100")), ("cpu-percent",)),
    Case("a start of three fields", scheduled("0 8 * *   "), ("start-form",)),
    Case("an hour of no clock", scheduled("0 24 * * *"), ("start-form",)),
)

SCALERS_DUPLICATE = (
    Case("two schedules of one name", scaling(schedules=[PEAK, PEAK]), ("unique",)),
    Case(
        "two metrics of one name",
        scaled(metric(name="one"), metric("CPUUtilization", "70", name="one")),
        ("unique",),
    ),
)

SCALERS_OURS_ALONE = (
    Case("a zone that nobody knows", scheduled(timeZone="Europe/Atlantis"), ("zone-known",)),
    Case("a peak that never comes", scheduled("0 8 31 2,4,6 *"), ("start-comes",)),
    Case("a week backwards", scheduled("0 8 * * 5-1"), ("start-ascends",)),
)

SCALERS_MISSHAPEN = (
    Case("a scaler that nobody knows", scaled(backend="VPA"), ("enum",)),
    Case("a metric that nobody measures", scaled(metric("GPUMemory", "50")), ("enum",)),
    Case(
        "a target of a kind that nobody knows", scaled({**metric(), "target": {"type": "Guess"}}), ("enum",)
    ),
    Case("a metric without a target", scaled({"name": "qps", "type": "RequestsPerReplica"}), ("required",)),
    Case("at most nothing", scaled(maxReplicas=0), ("greater_than_equal",)),
    Case("down at once", scaled(behavior={"scaleDownStabilizationSeconds": 0}), ("greater_than_equal",)),
    Case("a schedule of no time", scheduled(durationHours=0), ("greater_than_equal",)),
    Case("a zone with a space", scheduled(timeZone="New York"), ("string_pattern_mismatch",)),
)
