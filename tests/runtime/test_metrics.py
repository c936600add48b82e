"""Metrics: every label set from the start, good answers in the histogram, a new one for new boundaries."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from paddle_runtime.errors import RequestReason
from paddle_runtime.metrics import Metrics
from paddle_runtime.tasks import TASKS, Task
from paddle_runtime.transport import codes

BOUNDARIES = (0.1, 0.2)
LATENCY = "paddle_runtime_request_duration_seconds"


def fresh() -> tuple[Metrics, CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = Metrics(
        registry,
        outcomes=codes.OUTCOME_LABELS,
        refusals=[reason.value for reason in codes.REFUSED_REASONS],
        stages=TASKS[Task.OCR].stages,
        boundaries=BOUNDARIES,
    )
    return metrics, registry


def test_all_label_sets_are_there_at_zero() -> None:
    _, registry = fresh()
    for outcome, code in codes.OUTCOME_LABELS:
        labels = {"outcome": outcome, "code": str(code)}
        assert registry.get_sample_value("paddle_runtime_requests_total", labels) == 0
        assert registry.get_sample_value("paddle_runtime_synthetic_requests_total", labels) == 0
    for protocol in ("http", "grpc"):
        labels = {"protocol": protocol}
        assert registry.get_sample_value("paddle_runtime_protocol_requests_total", labels) == 0
    reasons = {"queue_full", "predicted_late", "not_ready", "draining"}
    assert reasons == {reason.value for reason in RequestReason if reason in codes.REFUSED_REASONS}
    for reason in reasons:
        assert registry.get_sample_value("paddle_runtime_refused_total", {"reason": reason}) == 0
    for stage in ("queue", "decode", "detect", "orient", "recognise", "encode"):
        name = "paddle_runtime_stage_duration_seconds_count"
        assert registry.get_sample_value(name, {"stage": stage}) == 0


def test_only_good_answers_are_in_the_histogram() -> None:
    metrics, registry = fresh()
    for outcome, code in codes.OUTCOME_LABELS:
        metrics.answered(outcome, code, 0.15)
    assert registry.get_sample_value(LATENCY + "_count") == 1
    assert registry.get_sample_value(LATENCY + "_bucket", {"le": "0.1"}) == 0
    assert registry.get_sample_value(LATENCY + "_bucket", {"le": "0.2"}) == 1


def test_an_answer_of_exactly_the_threshold_keeps_the_promise() -> None:
    metrics, registry = fresh()
    metrics.answered("good", 200, 0.2)
    assert registry.get_sample_value(LATENCY + "_bucket", {"le": "0.2"}) == 1


def test_new_boundaries_begin_a_new_histogram_and_leave_the_counters() -> None:
    metrics, registry = fresh()
    metrics.answered("good", 200, 0.15)
    metrics.set_boundaries((0.1, 0.123, 0.2))
    assert registry.get_sample_value(LATENCY + "_count") == 0
    assert registry.get_sample_value(LATENCY + "_bucket", {"le": "0.123"}) == 0
    good = {"outcome": "good", "code": "200"}
    assert registry.get_sample_value("paddle_runtime_requests_total", good) == 1


def test_what_is_served_is_said_once() -> None:
    metrics, registry = fresh()
    for engine in ("a", "b"):
        metrics.describe_model(name="n", digest="d", task="OCR", engine=engine, device="CPU", revision="r")
    (family,) = [each for each in registry.collect() if each.name == "paddle_runtime_model_info"]
    assert [sample.labels["engine"] for sample in family.samples] == ["b"]


def test_a_phase_of_starting_is_told_of_the_worker_that_was_started_last() -> None:
    metrics, registry = fresh()
    for seconds in (9.0, 4.0):
        metrics.loaded("load", seconds)
    assert registry.get_sample_value("paddle_runtime_model_load_seconds", {"phase": "load"}) == 4.0
