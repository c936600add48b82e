"""What the chart adds for people who watch the operator: monitor, rules, dashboard."""

from __future__ import annotations

from typing import Any

import yaml
from charts.rendering import NAMESPACE, OPERATOR, helm, of_kind, rendered, template

RULES = OPERATOR / "files" / "rules.yaml"
MONITORED = "every-toggle"


def only(case: str, kind: str) -> dict[str, Any]:
    (found,) = of_kind(rendered(case), kind)
    return found


def test_nothing_that_needs_another_operators_kinds_is_there_by_default() -> None:
    kinds = {item["kind"] for item in rendered("defaults")}
    assert not kinds & {"PodMonitor", "PrometheusRule"}


def test_the_monitor_selects_the_operators_pods_and_a_port_that_they_have() -> None:
    found = of_kind(rendered(MONITORED), "PodMonitor")
    (monitor,) = [one for one in found if one["metadata"]["name"] == "paddle-sla-operator"]
    template = only(MONITORED, "Deployment")["spec"]["template"]
    assert monitor["metadata"]["namespace"] == NAMESPACE
    assert monitor["metadata"]["labels"]["release"] == "prom"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint == {"port": "probes", "path": "/metrics", "interval": "15s"}
    assert endpoint["port"] in {port["name"] for port in template["spec"]["containers"][0]["ports"]}


def operator_rules(namespace: str, *sets: str) -> dict[str, Any]:
    values = [
        part
        for one in ("operator.prometheusRule.enabled=true", *sets)
        for part in ("--set", f"monitoring.{one}")
    ]
    done = helm("template", "r", str(OPERATOR), "--namespace", namespace, *values)
    (rule,) = of_kind(tuple(yaml.safe_load_all(done.stdout)), "PrometheusRule")
    return rule


def test_the_rules_are_those_of_the_file_that_promtool_judges() -> None:
    assert operator_rules(NAMESPACE)["spec"] == yaml.safe_load(RULES.read_text(encoding="utf-8"))


def test_the_rules_ask_for_the_releases_namespace_and_name_its_runbooks() -> None:
    rule = operator_rules("ops", "runbooks=https://git.example.com/runbooks/", "labels.release=prom")
    assert rule["metadata"]["labels"]["release"] == "prom"
    text = yaml.safe_dump(rule["spec"])
    assert 'namespace="ops"' in text
    assert "https://git.example.com/runbooks/operator-no-leader.md" in text
    assert NAMESPACE not in text


def test_without_an_address_no_alert_has_a_link_and_each_says_what_to_do_first() -> None:
    for rule in operator_rules(NAMESPACE)["spec"]["groups"][0]["rules"]:
        assert rule["annotations"].keys() == {"summary", "description", "action"}


def dashboards(objects: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [one for one in of_kind(objects, "ConfigMap") if "grafana_dashboard" in one["metadata"]["labels"]]


def told(objects: tuple[dict[str, Any], ...], variable: str) -> str | None:
    (container,) = of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry.get("value") for entry in container["env"]}.get(variable)


def test_the_chart_brings_the_operators_dashboard_to_grafanas_sidecar_whole() -> None:
    (found,) = dashboards(rendered("defaults"))
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    (text,) = found["data"].values()
    assert text == (OPERATOR / "files" / "dashboard.json").read_text(encoding="utf-8")


def test_dashboards_are_switched_for_the_operator_and_for_services_together() -> None:
    assert told(rendered("defaults"), "PADDLE_OPERATOR_DASHBOARDS") == "true"
    done = template(OPERATOR, "monitoring.dashboards.enabled=false")
    objects = tuple(item for item in yaml.safe_load_all(done.stdout) if item)
    assert dashboards(objects) == []
    assert told(objects, "PADDLE_OPERATOR_DASHBOARDS") == "false"
