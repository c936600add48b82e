"""Rules and monitors: made where somebody reads them, gone with their field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from paddle_operator.plan import Plan
from paddle_operator.plan.diff import Delete, diff
from paddle_operator.sla.objectives import sla_hash
from tests.operator.given import (
    EVERY_DEVICE,
    UID,
    Resource,
    a_resource,
    a_service,
    planned,
    template,
    the,
)
from tests.operator.stored import stored

MONITORED = replace(
    EVERY_DEVICE, prometheus_rules=True, pod_monitors=True, monitoring_labels={"release": "prom"}
)
SILENT = a_resource().with_("spec.alerting", {"burnRate": "None"})


def monitored(resource: Resource | None = None) -> Plan:
    return planned(a_service(resource), platform=MONITORED)


def kinds_and_names(made: Plan) -> set[tuple[str, str]]:
    return {(item["kind"], item["metadata"]["name"]) for item in made.objects}


def test_the_rules_are_made_as_a_file_everywhere_and_as_a_resource_where_it_is_read() -> None:
    rules, file, monitor = ("PrometheusRule", "ocr"), ("ConfigMap", "ocr-rules"), ("PodMonitor", "ocr")
    assert {rules, file, monitor} <= kinds_and_names(monitored())
    plain = kinds_and_names(planned(a_service()))
    assert file in plain
    assert not {rules, monitor} & plain
    without_monitors = replace(MONITORED, pod_monitors=False)
    partly = kinds_and_names(planned(a_service(), platform=without_monitors))
    assert rules in partly
    assert monitor not in partly


def test_both_forms_hold_the_same_rules() -> None:
    made = monitored()
    ((name, text),) = the(made, "ConfigMap", "ocr-rules")["data"].items()
    assert name == "prod.ocr.rules.yaml"
    assert yaml.safe_load(text) == {"groups": the(made, "PrometheusRule")["spec"]["groups"]}


def test_they_are_found_by_their_labels_and_name_the_promise() -> None:
    made = monitored()
    wanted = {"serving.paddle-sla.io/sla-hash": sla_hash(a_service().spec.sla)}
    file = the(made, "ConfigMap", "ocr-rules")["metadata"]
    assert file["labels"]["serving.paddle-sla.io/rules"] == "prometheus"
    assert file["annotations"] == wanted
    for kind in ("PrometheusRule", "PodMonitor"):
        metadata = the(made, kind)["metadata"]
        assert metadata["labels"]["release"] == "prom"
        assert metadata["labels"]["serving.paddle-sla.io/service"] == "ocr"
        assert metadata["annotations"] == wanted


def test_without_alerts_there_are_no_rules_and_pods_are_still_measured() -> None:
    made = kinds_and_names(monitored(SILENT))
    assert ("PodMonitor", "ocr") in made
    assert not {("PrometheusRule", "ocr"), ("ConfigMap", "ocr-rules")} & made


def test_rules_that_nobody_wants_any_more_are_deleted() -> None:
    live = [stored(item) for item in monitored().objects]
    deleted = [action.key for action in diff(monitored(SILENT), live, UID) if isinstance(action, Delete)]
    assert {(key.kind, key.name) for key in deleted} == {
        ("PrometheusRule", "ocr"),
        ("ConfigMap", "ocr-rules"),
    }


def test_an_edit_of_alerts_touches_no_pod_and_no_hash() -> None:
    before = monitored()
    after = monitored(a_resource().with_("spec.alerting", {"labels": {"team": "ocr"}}))
    changed = [one for one, other in zip(before.objects, after.objects, strict=True) if one != other]
    assert [item["metadata"]["name"] for item in changed] == ["ocr-rules", "ocr"]
    assert before.sla_hash == after.sla_hash


def series_labels(made: Plan) -> dict[str, str]:
    """The labels that a relabelled series of a pod of this plan has."""
    labels = template(made)["metadata"]["labels"]
    meta = {f"__meta_kubernetes_pod_label_{_safe(name)}": value for name, value in labels.items()}
    meta |= {"__meta_kubernetes_namespace": "prod", "__meta_kubernetes_pod_name": "ocr-1-x"}
    steps: list[dict[str, Any]] = the(made, "PodMonitor")["spec"]["podMetricsEndpoints"][0]["relabelings"]
    return {step["targetLabel"]: meta[step["sourceLabels"][0]] for step in steps}


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def test_a_series_says_whose_it_is() -> None:
    made = monitored()
    assert series_labels(made) == {
        "namespace": "prod",
        "pod": "ocr-1-x",
        "service": "ocr",
        "revision": made.stable,
    }


def test_the_monitor_selects_the_pods_that_serve_and_not_those_that_only_read() -> None:
    made = planned(a_service(), digest=None, platform=MONITORED)
    selector = the(made, "PodMonitor")["spec"]["selector"]
    job = the(made, "Job")["spec"]["template"]["metadata"]["labels"]
    serving = template(monitored())["metadata"]["labels"]
    (needed,) = selector["matchExpressions"]
    assert serving.items() >= selector["matchLabels"].items()
    assert (needed["key"] in serving, needed["key"] in job) == (True, False)


def test_pods_are_scraped_as_often_as_the_operator_was_told() -> None:
    often = planned(a_service(), platform=replace(MONITORED, scrape_seconds=5))
    (endpoint,) = the(often, "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoint["interval"] == "5s"
