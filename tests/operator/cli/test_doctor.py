"""What doctor says of the services that it sees."""

from __future__ import annotations

from typing import Any

from paddle_operator.cli.doctor import Finding, measured, report, stalled


def a_service(name: str = "calm", *, generation: int = 1, **conditions: tuple[str, str]) -> dict[str, Any]:
    """A service whose conditions, of its first generation, have these statuses and reasons."""
    said = [
        {"type": type_, "status": status, "reason": reason, "observedGeneration": 1}
        for type_, (status, reason) in conditions.items()
    ]
    return {"metadata": {"name": name, "generation": generation}, "status": {"conditions": said}}


READ = {"MetricsAvailable": ("True", "MetricsRead")}
LOST = {"MetricsAvailable": ("False", "MetricsMissing")}
NOT_ASKED = {"MetricsAvailable": ("Unknown", "MetricsNotConfigured")}


def test_a_service_that_waits_for_a_person_is_named_with_its_reason() -> None:
    waiting = a_service("ocr", Stalled=("True", "InvalidSpec"))
    found = stalled([a_service(), waiting], "prod")
    assert found.good is False
    assert "ocr (InvalidSpec)" in found.said
    assert stalled([a_service()], "prod") == Finding("services", True, "1 in namespace prod, none stalled")


def test_a_service_without_metrics_is_named_and_where_to_look() -> None:
    found = measured([a_service(**READ), a_service("ocr", **LOST)])
    assert found.good is False
    assert "ocr (MetricsMissing)" in found.said
    assert "calm" not in found.said
    assert "Prometheus scrapes the pods" in found.said


def test_all_services_with_metrics_are_well() -> None:
    assert measured([a_service(**READ), a_service("ocr", **READ)]).good is True


def test_without_a_prometheus_to_ask_it_is_a_choice_and_no_fault() -> None:
    assert measured([a_service(**NOT_ASKED)]) == Finding("metrics", None, "read of 0 of 1 services")
    assert measured([]).good is None


def test_what_was_said_of_an_older_generation_does_not_count() -> None:
    assert measured([a_service(generation=2, **LOST)]).good is None


def test_the_report_marks_what_is_wrong() -> None:
    said = report([measured([a_service(**LOST)]), measured([a_service(**READ)])])
    assert [line.split()[0] for line in said.splitlines()] == ["WRONG", "ok"]
