"""Rules of the number of pods: what contradicts itself, and what a scaler cannot do without."""

from __future__ import annotations

import re
from decimal import Decimal

from paddle_operator.spec.cron_rules import schedule_rules, zone_rule
from paddle_operator.spec.rule import JsonValue, Rule, unique_rule

_TARGET = r"^[0-9]{1,6}(\.[0-9]{1,3})?$"
_FORMLESS = f"!has(self.target.value) || !self.target.value.matches(r'{_TARGET}')"
_METRICS = "(has(self.metrics) && size(self.metrics) > 0)"
_NAMED = "self.backend in ['KEDA', 'HPA']"
MOST_CPU_PERCENT = 1000


def _names_scaler(scaling: JsonValue) -> bool:
    return scaling["backend"] in {"KEDA", "HPA"}


def _needs_metrics(scaling: JsonValue) -> bool:
    named = _names_scaler(scaling) or "maxReplicas" in scaling
    return scaling["backend"] == "None" or bool(scaling.get("metrics")) or not named


def _needs_maximum(scaling: JsonValue) -> bool:
    asked = _names_scaler(scaling) or bool(scaling.get("metrics"))
    return scaling["backend"] == "None" or "maxReplicas" in scaling or not asked


def _is_fixed(scaling: JsonValue) -> bool:
    scaler = _names_scaler(scaling) or bool(scaling.get("metrics")) or "maxReplicas" in scaling
    return scaling["backend"] == "None" or not scaler


def _schedules_fit(scaling: JsonValue) -> bool:
    most = scaling.get("maxReplicas")
    return most is None or all(one["minReplicas"] <= most for one in scaling.get("schedules") or ())


def _target(metric: JsonValue) -> Decimal | None:
    """The number of a target; None where there is none or its form is wrong, which other rules say."""
    text = metric["target"].get("value", "")
    return Decimal(text) if re.fullmatch(_TARGET, text, re.ASCII) else None


def _accelerator_fits(metric: JsonValue) -> bool:
    number = _target(metric)
    return metric["type"] != "AcceleratorUtilization" or number is None or number <= 100


def _cpu_fits(metric: JsonValue) -> bool:
    number = _target(metric)
    if metric["type"] != "CPUUtilization" or number is None:
        return True
    return "." not in metric["target"]["value"] and number <= MOST_CPU_PERCENT


BOUNDS: tuple[Rule, ...] = (
    Rule(
        "scaler-needs-metrics",
        "spec.scaling",
        f"self.backend == 'None' || {_METRICS} || !(has(self.maxReplicas) || {_NAMED})",
        "a scaler needs something to go by: add spec.scaling.metrics, or remove maxReplicas and set backend "
        "to None",
        _needs_metrics,
    ),
    Rule(
        "scaler-needs-maximum",
        "spec.scaling",
        f"self.backend == 'None' || has(self.maxReplicas) || !({_METRICS} || {_NAMED})",
        "a scaler needs a bound: add spec.scaling.maxReplicas, or remove metrics and set backend to None",
        _needs_maximum,
    ),
    Rule(
        "replicas-without-scaler",
        "spec.scaling",
        f"!has(self.replicas) || self.backend == 'None' || "
        f"!({_METRICS} || has(self.maxReplicas) || {_NAMED})",
        "replicas is for a number that no scaler changes: remove it, or remove metrics, minReplicas and "
        "maxReplicas and set backend to None",
        lambda scaling: "replicas" not in scaling or _is_fixed(scaling),
        "replicas",
    ),
    Rule(
        "fields-of-scaler",
        "spec.scaling",
        f"self.backend != 'None' || !({_METRICS} || has(self.minReplicas) || has(self.maxReplicas))",
        "metrics, minReplicas and maxReplicas need a scaler: set backend to Auto, or remove them",
        lambda scaling: (
            scaling["backend"] != "None"
            or not (scaling.get("metrics") or "minReplicas" in scaling or "maxReplicas" in scaling)
        ),
    ),
    Rule(
        "minimum-of-scaler",
        "spec.scaling",
        f"self.backend != 'Auto' || !has(self.minReplicas) || {_METRICS} || has(self.maxReplicas)",
        "minReplicas needs a scaler: add metrics and maxReplicas, or set replicas instead of it",
        lambda scaling: (
            scaling["backend"] != "Auto"
            or "minReplicas" not in scaling
            or bool(scaling.get("metrics"))
            or "maxReplicas" in scaling
        ),
        "minReplicas",
    ),
    Rule(
        "minimum-within-maximum",
        "spec.scaling",
        "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
        "minReplicas must not exceed maxReplicas: lower it, or raise maxReplicas",
        lambda scaling: scaling.get("minReplicas", 1) <= scaling.get("maxReplicas", 1000),
        "minReplicas",
    ),
    Rule(
        "schedules-within-maximum",
        "spec.scaling",
        "!has(self.schedules) || !has(self.maxReplicas) || "
        "self.schedules.all(one, one.minReplicas <= self.maxReplicas)",
        "schedules must not ask for more pods than maxReplicas: lower their minReplicas or raise it",
        _schedules_fit,
        "maxReplicas",
    ),
)

METRICS: tuple[Rule, ...] = (
    unique_rule("spec.scaling.metrics", "name"),
    Rule(
        "unique-type",
        "spec.scaling.metrics",
        "self.all(one, self.exists_one(other, one.type == other.type))",
        "must not have the same type twice, since only the lower target would count: remove one",
        lambda metrics: len({one["type"] for one in metrics}) == len(metrics),
    ),
    Rule(
        "target-given",
        "spec.scaling.metrics[*].target",
        "self.type == 'Auto' ? !has(self.value) : has(self.value)",
        "needs either value, a number, or type Auto and no value",
        lambda target: ("value" in target) is (target["type"] != "Auto"),
    ),
    Rule(
        "target-learned",
        "spec.scaling.metrics[*]",
        "self.target.type != 'Auto' || self.type == 'RequestsPerReplica'",
        "target Auto needs type RequestsPerReplica: give target.value, or remove the metric",
        lambda metric: metric["target"]["type"] != "Auto" or metric["type"] == "RequestsPerReplica",
        "type",
    ),
    Rule(
        "target-form",
        "spec.scaling.metrics[*].target.value",
        f"self.matches(r'{_TARGET}') && double(self) > 0.0",
        "must be a decimal string above 0 with at most 6 digits and 3 decimals: write for instance '200'",
        lambda text: re.fullmatch(_TARGET, text, re.ASCII) is not None and Decimal(text) > 0,
    ),
    Rule(
        "accelerator-percent",
        "spec.scaling.metrics[*]",
        f"self.type != 'AcceleratorUtilization' || {_FORMLESS} || double(self.target.value) <= 100.0",
        "AcceleratorUtilization must be at most 100 percent: lower target.value",
        _accelerator_fits,
        "target.value",
    ),
    Rule(
        "cpu-percent",
        "spec.scaling.metrics[*]",
        f"self.type != 'CPUUtilization' || {_FORMLESS} || "
        f"(self.target.value.matches('^[0-9]+$') && double(self.target.value) <= {MOST_CPU_PERCENT}.0)",
        f"CPUUtilization must be a whole percentage of what a pod asks for, at most {MOST_CPU_PERCENT}: "
        "write target.value without decimals, for instance '70'",
        _cpu_fits,
        "target.value",
    ),
)

SCHEDULES: tuple[Rule, ...] = (
    unique_rule("spec.scaling.schedules", "name"),
    *schedule_rules(
        "spec.scaling.schedules[*].start", "'0 8 * * 1-5' for 8:00 from Monday to Friday", "start"
    ),
    zone_rule("spec.scaling.schedules[*].timeZone"),
)

SCALING_RULES = (*BOUNDS, *METRICS, *SCHEDULES)
