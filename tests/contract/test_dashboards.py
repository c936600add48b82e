"""Dashboards ask only for what is exported: by the runtime, the operator, or the rules of the promise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hack.generated import operator_dashboard, operator_metrics_page, runtime_metrics_page
from paddle_operator import names
from paddle_operator.sla.alerts import rule_groups
from paddle_operator.sla.dashboard import service_dashboard
from tests.operator.given import a_resource, a_service

SERVICE = a_service(
    a_resource().promising(
        {"name": "up", "availability": {"targetPercent": "99.9"}},
        {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 250}},
    )
)
SERVICE_DASHBOARD = json.loads(service_dashboard("prod", "ocr", SERVICE.spec.sla))
OPERATOR_DASHBOARD = json.loads(operator_dashboard.board().text())
PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}
TARGET = {"namespace", "pod", "service", "revision"}
"""Labels that a scrape gives."""


def exported(registry: CollectorRegistry) -> dict[str, set[str]]:
    """The labels of each series, by its name."""
    return {sample.name: set(sample.labels) for family in registry.collect() for sample in family.samples}


def recorded() -> dict[str, set[str]]:
    rules = rule_groups(SERVICE, "")[0]["rules"]
    return {rule["record"]: set(rule["labels"]) for rule in rules if "record" in rule}


KNOWN = {
    **exported(runtime_metrics_page.filled()),
    **exported(operator_metrics_page.filled()),
    **recorded(),
    **{name: set() for name in PROCESS},
}
SELECTED = re.compile(r"([a-zA-Z_:]+)\{([^}]*)\}")


def selected(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Every series that a dashboard asks for, with the labels by which it chooses."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            for name, matchers in SELECTED.findall(target["expr"]):
                yield name, set(re.findall(r'(\w+)(?:=~|!=|=)"', matchers))


@pytest.mark.parametrize("dashboard", [SERVICE_DASHBOARD, OPERATOR_DASHBOARD], ids=["service", "operator"])
def test_every_series_that_is_asked_for_is_exported_with_the_labels_that_choose(
    dashboard: Mapping[str, Any],
) -> None:
    found = list(selected(dashboard))
    assert len(found) > 20
    for name, chosen_by in found:
        assert name in KNOWN
        assert chosen_by <= KNOWN[name] | TARGET, name


def test_the_operator_calls_the_runtimes_metrics_by_their_names() -> None:
    ours = {value for name, value in vars(names).items() if name.startswith("METRIC_")}
    assert {value for value in ours if value.startswith("paddle_runtime_")} <= KNOWN.keys()


def test_the_operators_names_are_all_its_metrics() -> None:
    ours = {value for name, value in vars(names).items() if name.startswith("METRIC_OPERATOR_")}
    families = {family.name for family in operator_metrics_page.filled().collect()}
    told = {name for name in families if name.startswith(names.METRIC_OPERATOR_PREFIX)}
    assert {value.removesuffix("_total") for value in ours - {names.METRIC_OPERATOR_PREFIX}} == told


def test_the_panels_of_the_operator_show_all_that_it_measures() -> None:
    shown = {re.sub("_(bucket|count|sum)$", "", name) for name, _ in selected(OPERATOR_DASHBOARD)}
    ours = {value for name, value in vars(names).items() if name.startswith("METRIC_OPERATOR_")}
    assert ours - {names.METRIC_OPERATOR_PREFIX, names.METRIC_OPERATOR_BUILD_INFO} <= shown
