"""ScalingActive: what a scaler says of itself, in plain words with what to do next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paddle_operator.plan import Aim, Plan, Refusal, Scale, Scaler
from paddle_operator.reasons import Reason
from paddle_operator.rollout.course import Course
from paddle_operator.spec import parse
from paddle_operator.spec.scaling import MetricType
from paddle_operator.status import DeploymentFacts, Facts, PodFacts, Said, ScalerFacts, status_of
from tests.operator.fake_cluster import resource

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CPU = {"name": "cpu", "type": "CPUUtilization", "target": {"value": "70"}}
SCALED = {"minReplicas": 2, "maxReplicas": 10, "metrics": [CPU]}
WELL = (Said("AbleToScale", "True"), Said("ScalingActive", "True"))


def told(
    scale: Scale, *scalers: ScalerFacts, ready: int = 3, wanted: int = 3, **scaling: Any
) -> dict[str, tuple[str, str, str]]:
    """Every condition of a service with these scalers."""
    plan = Plan((), Course("calm-1"), "calm-1", None, None, "abc", scale=scale)
    pods = tuple(PodFacts(f"p{n}", revision="calm-1", ready=True) for n in range(ready))
    deployment = DeploymentFacts("calm-1", wanted_replicas=wanted, replicas=wanted, ready_replicas=ready)
    facts = Facts(pods=pods, deployments=(deployment,), scalers=scalers)
    found = status_of(parse(resource(scaling=scaling)), plan, facts, {}, NOW)
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in found["conditions"]}


def hpa(*said: Said, by_keda: bool = False) -> ScalerFacts:
    name = "keda-hpa-calm-1" if by_keda else "calm-1"
    return ScalerFacts("HorizontalPodAutoscaler", name, "calm-1", by_keda, conditions=said)


def scaled_object(*said: Said) -> ScalerFacts:
    return ScalerFacts("ScaledObject", "calm-1", "calm-1", by_keda=True, conditions=said)


ON_HPA, ON_KEDA = (Scale(2, 3, scaler=one) for one in (Scaler.HPA, Scaler.KEDA))


@pytest.mark.parametrize(
    ("scalers", "status", "reason", "words"),
    [
        ((), "Unknown", "ScalerPending", "has not said anything yet"),
        ((hpa(),), "Unknown", "ScalerPending", "has not said anything yet"),
        ((hpa(*WELL),), "True", "Scaling", "the HPA decides, between 2 and 10 replicas"),
        (
            (hpa(*WELL, Said("ScalingLimited", "True", "TooManyReplicas")),),
            "True",
            "ScalingLimited",
            "raise spec.scaling.maxReplicas",
        ),
        ((hpa(*WELL, Said("ScalingLimited", "True", "TooFewReplicas")),), "True", "Scaling", "decides"),
        (
            (hpa(Said("AbleToScale", "False", "FailedGetScale", "no such thing")),),
            "False",
            "ScalerFailed",
            "FailedGetScale: no such thing",
        ),
        (
            (
                hpa(
                    Said("AbleToScale", "True"),
                    Said("ScalingActive", "False", "FailedGetExternalMetric", "x"),
                ),
            ),
            "False",
            "MetricsLost",
            "external.metrics.k8s.io",
        ),
        (
            (hpa(Said("AbleToScale", "True"), Said("ScalingActive", "False", "Odd", "x")),),
            "False",
            "MetricsLost",
            "kubectl describe hpa calm-1",
        ),
    ],
)
def test_what_an_hpa_says_is_told_in_plain_words(
    scalers: tuple[ScalerFacts, ...], status: str, reason: str, words: str
) -> None:
    found = told(ON_HPA, *scalers, **SCALED)["ScalingActive"]
    assert found[:2] == (status, reason)
    assert words in found[2]


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ((Said("Ready", "True"), Said("Fallback", "False")), "Scaling", "KEDA decides"),
        ((Said("Fallback", "True", "FallbackExists", "lost"), Said("Ready", "False")), "MetricsLost", "lost"),
        ((Said("Ready", "False", "ScaledObjectCheckFailed", "bad"),), "ScalerFailed", "bad"),
        ((Said("Paused", "True"), Said("Ready", "True")), "ScalingPaused", "remove its annotations"),
        ((Said("Ready", "True"), Said("Active", "False")), "Scaling", "KEDA decides"),
    ],
)
def test_what_keda_says_comes_first(said: tuple[Said, ...], reason: str, words: str) -> None:
    found = told(ON_KEDA, scaled_object(*said), hpa(*WELL, by_keda=True), **SCALED)["ScalingActive"]
    assert found[1] == reason
    assert words in found[2]
    assert found[0] == ("True" if reason == "Scaling" else "False")


def test_a_lost_metric_says_that_no_pod_is_removed() -> None:
    lost = scaled_object(Said("Fallback", "True", "FallbackExists", "lost"))
    assert "No pod is removed meanwhile" in told(ON_KEDA, lost, **SCALED)["ScalingActive"][2]


def test_a_scaler_that_does_not_go_is_named_with_what_holds_it_and_how_to_let_it_go() -> None:
    deleted = NOW - timedelta(minutes=5)
    held = ScalerFacts(
        *("ScaledObject", "calm-1", "calm-1"), leaving_since=deleted, finalizers=("finalizer.keda.sh",)
    )
    stuck = Scale(3, 3, stuck_since=deleted)
    status, reason, message = told(stuck, held)["ScalingActive"]
    assert (status, reason) == ("False", "ScalerStuck")
    assert "ScaledObject calm-1 was deleted at 2026-11-22T11:55:00+00:00" in message
    assert "held by finalizer finalizer.keda.sh" in message
    assert "kubectl patch scaledobject calm-1" in message


def test_before_a_pod_is_ready_a_missing_metric_is_no_trouble() -> None:
    said = (Said("AbleToScale", "True"), Said("ScalingActive", "False", "FailedGetContainerResourceMetric"))
    found = told(ON_HPA, hpa(*said), ready=0, **SCALED)["ScalingActive"]
    assert found[:2] == ("Unknown", "ScalerPending")


AUTO = {"name": "qps", "type": "RequestsPerReplica", "target": {"type": "Auto"}}


def test_a_learned_target_is_told_and_so_is_one_that_is_waited_for() -> None:
    aim = Aim("qps", MetricType.REQUESTS_PER_REPLICA, "33", learned=True)
    auto = {**SCALED, "metrics": [AUTO, CPU]}
    known = told(replace(ON_HPA, aims=(aim,)), hpa(*WELL), **auto)["ScalingActive"]
    assert known[:2] == ("True", "Scaling")
    assert known[2].endswith("10 replicas, at 33 requests a second for each (target Auto of qps)")
    waiting = told(ON_HPA, hpa(*WELL), **auto)["ScalingActive"]
    assert waiting[:2] == ("True", "Scaling")
    assert "qps asks for nothing until it is known" in waiting[2]


def test_a_scaler_that_cannot_be_made_says_what_to_do() -> None:
    scale = Scale(3, 3, refusal=Refusal(Reason.KEDA_MISSING, "install KEDA"))
    found = told(scale, **SCALED)["ScalingActive"]
    assert found == ("False", "KEDAMissing", "install KEDA. Meanwhile the pods that there are stay")


@pytest.mark.parametrize(
    ("scale", "scaling", "words"),
    [
        (Scale(1, 1), {}, "1 replica"),
        (Scale(4, 4), {"replicas": 4}, "spec.scaling.replicas decides"),
        (Scale(7, 7), {}, "a scaler left 7 replicas"),
        (Scale(6, 6, "holiday"), {"replicas": 4}, "schedule holiday asks for 6 replicas"),
    ],
)
def test_without_a_scaler_it_says_who_decides(scale: Scale, scaling: dict[str, Any], words: str) -> None:
    status, reason, message = told(scale, ready=7, **scaling)["ScalingActive"]
    assert (status, reason) == ("False", "ScalingOff")
    assert words in message


def test_a_service_whose_scaler_adds_pods_serves_all_the_time() -> None:
    found = told(ON_HPA, hpa(*WELL), ready=3, wanted=5, **SCALED)
    assert found["Ready"] == ("True", "Serving", "3 of 5 replicas are ready.")
    assert found["RolloutComplete"][0] == "True"


def test_fewer_pods_than_the_minimum_are_fewer_than_there_must_be() -> None:
    assert told(ON_HPA, hpa(*WELL), ready=1, wanted=5, **SCALED)["Ready"][1] != "Serving"
