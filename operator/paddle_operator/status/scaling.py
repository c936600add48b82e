"""The condition ScalingActive: what decides the number of pods, and in plain words why it does not."""

from __future__ import annotations

from datetime import datetime

from paddle_operator.plan import Scaler
from paddle_operator.reasons import Reason
from paddle_operator.status.conditions import Condition, Truth
from paddle_operator.status.facts import ScalerFacts
from paddle_operator.status.situation import Situation

Verdict = tuple[Truth, Reason, str]

KEPT = "No pod is removed meanwhile."
ADVICE = {
    "FailedGetContainerResourceMetric": "Check that metrics-server runs: kubectl top pods",
    "FailedGetExternalMetric": "Check what answers external.metrics.k8s.io: kubectl get apiservice"
    " v1beta1.external.metrics.k8s.io; with KEDA also its operator's log, and the query at Prometheus",
}
"""What to do next, by the reason that an HPA gives."""


def scaling_active(at: Situation) -> Condition:
    """Whether a scaler decides the number of pods by what it measures."""
    refused = next((one for one in at.facts.refusals if one.kind in set(Scaler)), None)
    if refused is not None:
        message = f"{refused.kind} {refused.name} could not be written: {refused.message}"
        return Condition("ScalingActive", "False", refused.reason, message)
    if at.plan.scale.stuck_since is not None:
        return Condition("ScalingActive", "False", Reason.SCALER_STUCK, _stuck(at, at.plan.scale.stuck_since))
    if at.plan.scale.refusal is not None:
        missing = at.plan.scale.refusal
        message = f"{missing.message}. Meanwhile the pods that there are stay"
        return Condition("ScalingActive", "False", missing.reason, message)
    verdict = _off(at) if at.plan.scale.scaler is None else _on(at, at.plan.scale.scaler)
    return Condition("ScalingActive", *verdict)


def _stuck(at: Situation, since: datetime) -> str:
    """What holds it, and how to let it go: KEDA's finalizer is taken away by KEDA alone."""
    scaler = min(
        (one for one in at.facts.scalers if one.leaving_since), key=lambda one: str(one.leaving_since)
    )
    held = "finalizer " + ", ".join(scaler.finalizers) if scaler.finalizers else "what it owns"
    command = (
        f"kubectl patch {scaler.kind.lower()} {scaler.name} --type=merge -p "
        """'{"metadata":{"finalizers":null}}'"""
    )
    return (
        f"{scaler.kind} {scaler.name} was deleted at {since.isoformat()} and is still there, held by {held}. "
        "It may still change the number of pods, and no other scaler is made meanwhile. Start what is to "
        f"remove it (KEDA's operator for a ScaledObject), or, where that is gone for good, run: {command}"
    )


def _off(at: Situation) -> Verdict:
    scaling, scale = at.service.spec.scaling, at.plan.scale
    if scale.schedule:
        why = f"schedule {scale.schedule} asks for {scale.least} replicas"
    elif scaling.replicas is None and at.wanted == 1:
        why = "neither spec.scaling.metrics nor replicas is set: 1 replica"
    elif scaling.replicas is None:
        why = f"a scaler left {at.wanted} replicas: set spec.scaling.replicas to have another number"
    else:
        why = "spec.scaling.replicas decides, also by kubectl scale"
    return "False", Reason.SCALING_OFF, f"no scaler is asked for: {why}"


def _on(at: Situation, scaler: Scaler) -> Verdict:
    found = at.facts.scalers_of(at.plan.stable)
    if scaler is Scaler.KEDA:
        ours = next((one for one in found if one.kind == Scaler.KEDA), None)
        trouble = _trouble_of_keda(ours) if ours is not None else None
        if trouble is not None:
            return trouble
    hpa = next((one for one in found if one.kind == Scaler.HPA), None)
    if hpa is None or not hpa.conditions:
        return "Unknown", Reason.SCALER_PENDING, f"{scaler} {at.plan.stable} has not said anything yet"
    return _of_autoscaler(at, hpa)


def _trouble_of_keda(scaled: ScalerFacts) -> Verdict | None:
    """What a ScaledObject says beyond its HPA. Active is about scaling to zero, which is not done."""
    if scaled.says("Paused").status == "True":
        message = (
            f"ScaledObject {scaled.name} is paused: remove its annotations autoscaling.keda.sh/paused..."
        )
        return "False", Reason.SCALING_PAUSED, message
    ready, fallback = scaled.says("Ready"), scaled.says("Fallback")
    if fallback.status == "True":
        message = (
            f"KEDA gets no answer for a metric of ScaledObject {scaled.name}: {fallback.message}. {KEPT} "
            "Check that Prometheus runs and has the series of the trigger's query, and KEDA's operator log"
        )
        return "False", Reason.METRICS_LOST, message
    if ready.status == "False":
        message = f"KEDA cannot work with ScaledObject {scaled.name}: {ready.reason}: {ready.message}. {KEPT}"
        return "False", Reason.SCALER_FAILED, message
    return None


def _of_autoscaler(at: Situation, hpa: ScalerFacts) -> Verdict:
    able, active, limited = (hpa.says(one) for one in ("AbleToScale", "ScalingActive", "ScalingLimited"))
    if able.status == "False":
        message = f"HPA {hpa.name} cannot scale: {able.reason}: {able.message}. {KEPT}"
        return "False", Reason.SCALER_FAILED, message
    if active.status != "True":
        if not at.ready:
            return "Unknown", Reason.SCALER_PENDING, f"HPA {hpa.name} waits for a pod to measure"
        said = f"HPA {hpa.name} gets no metric: {active.reason}: {active.message}"
        advice = ADVICE.get(active.reason, "See kubectl describe hpa " + hpa.name)
        return "False", Reason.METRICS_LOST, f"{said}. {KEPT} {advice}"
    bounds = _bounds(at, "KEDA" if hpa.by_keda else "the HPA")
    if limited.status == "True" and limited.reason == "TooManyReplicas":
        message = (
            f"{bounds}, and asks for more than that: raise spec.scaling.maxReplicas if load should not wait"
        )
        return "True", Reason.SCALING_LIMITED, message
    return "True", Reason.SCALING, bounds


def _bounds(at: Situation, by: str) -> str:
    """Who decides, between what, and by which number that nobody wrote."""
    scaling, scale = at.service.spec.scaling, at.plan.scale
    schedule = f" (schedule {scale.schedule})" if scale.schedule else ""
    bounds = f"{by} decides, between {scale.least}{schedule} and {scaling.most} replicas"
    learned = next((one for one in scale.aims if one.learned), None)
    if learned is not None:
        return f"{bounds}, at {learned.value} requests a second for each (target Auto of {learned.name})"
    if scaling.learned:
        waiting = ", ".join(scaling.learned)
        return f"{bounds}; {waiting} asks for nothing until it is known what a replica serves in time"
    return bounds
