"""Every query of the dashboards, read by Prometheus' own promtool; and what some of them come to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.generated import operator_dashboard
from paddle_operator.sla.alerts import rule_groups
from paddle_operator.sla.dashboard import service_dashboard
from paddle_operator.spec.report import CountedAt
from tests.operator.given import a_resource, a_service
from tests.promtool.scenario import check_rules, expect

OBJECTIVES: tuple[dict[str, Any], ...] = (
    {"name": "up", "availability": {"targetPercent": "99.9"}},
    {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}},
    {"name": "errors", "errorRate": {"maxPercent": "0.5"}},
)


def of_service(availability: CountedAt = CountedAt.RUNTIME) -> dict[str, Any]:
    service = a_service(a_resource().promising(*OBJECTIVES))
    found: dict[str, Any] = json.loads(service_dashboard("prod", "ocr", service.spec.sla, availability))
    return found


def of_service_behind_a_gateway() -> dict[str, Any]:
    return of_service(CountedAt.GATEWAY)


def of_operator() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(operator_dashboard.board().text())
    return found


def queries(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The title of each panel that asks something, and what it asks, with Grafana's variables filled in."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            asked = (
                target["expr"].replace("$__rate_interval", "5m").replace("$namespace", "paddle-sla-system")
            )
            assert "$" not in asked, "a variable that Grafana would not fill in"
            yield panel["title"], asked


@pytest.mark.parametrize("dashboard", [of_service, of_service_behind_a_gateway, of_operator])
def test_prometheus_understands_every_query(dashboard: Any, tmp_path: Path) -> None:
    asked = list(queries(dashboard()))
    assert len(asked) > 15
    rules = [{"record": f"query:{number}", "expr": query} for number, (_, query) in enumerate(asked)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
    check_rules(file)


def shows(
    panel: str,
    number: int,
    series: Mapping[str, str],
    at: str,
    *wanted: tuple[str, float],
    availability: CountedAt = CountedAt.RUNTIME,
) -> None:
    """A panel's query, over series that are scraped each minute, gives these samples, to six places."""
    asked = [query for title, query in queries(of_service(availability)) if title == panel][number]
    places = [(labels, round(value, 6)) for labels, value in wanted]
    expect(None, series, f"round({asked}, 0.000001)", at, places)


WHO = 'namespace="prod",service="ocr",pod="a",revision="r"'
TRAFFIC = {
    f'paddle_runtime_requests_total{{{WHO},outcome="good",code="200"}}': "0+980x300",
    f'paddle_runtime_requests_total{{{WHO},outcome="bad",code="500"}}': "0+10x300",
    f'paddle_runtime_requests_total{{{WHO},outcome="refused",code="503"}}': "0+10x300",
    f'paddle_runtime_requests_total{{{WHO},outcome="invalid",code="400"}}': "0+500x300",
    f'paddle_runtime_request_duration_seconds_bucket{{{WHO},le="0.2"}}': "0+900x300",
    f'paddle_runtime_request_duration_seconds_bucket{{{WHO},le="+Inf"}}': "0+980x300",
}
"""Of 1000 requests a minute that count 980 are answered, 900 of them in time; 500 more are invalid."""


@pytest.mark.parametrize(("objective", "attained"), [(0, 0.98), (1, 0.9), (2, 0.98)])
def test_without_recorded_rules_what_is_attained_comes_from_the_counters(
    objective: int, attained: float
) -> None:
    shows("Attained", objective, TRAFFIC, "4h", ("{}", attained))


@pytest.mark.parametrize("with_good", [True, False])
def test_availability_comes_from_the_gateways_counters_where_it_is_counted_there(with_good: bool) -> None:
    of = 'envoy_cluster_name="httproute/prod/ocr/rule/0/backend/0",pod="envoy-a"'
    failed = {f'envoy_cluster_upstream_rq_xx{{{of},envoy_response_code_class="5"}}': "0+10x300"}
    good = {f'envoy_cluster_upstream_rq_xx{{{of},envoy_response_code_class="2"}}': "0+990x300"}
    series = {**TRAFFIC, **failed, **(good if with_good else {})}
    gateway = CountedAt.GATEWAY
    shows("Attained", 0, series, "4h", ("{}", 0.99 if with_good else 0.0), availability=gateway)
    shows("Attained", 1, series, "4h", ("{}", 0.9), availability=gateway)


@pytest.mark.parametrize(
    ("objective", "left"), [(0, 1 - 0.02 / 0.001), (1, 1 - 0.1 / 0.05), (2, 1 - 0.02 / 0.005)]
)
def test_and_so_does_the_budget_that_is_left(objective: int, left: float) -> None:
    shows("Budget left", objective, TRAFFIC, "4h", ("{}", left))


def test_what_the_rules_record_comes_first() -> None:
    mine = 'namespace="prod",service="ocr",objective="up",account="requests"'
    recorded = {f"paddle_sla:budget_remaining{{{mine}}}": "0.25x300"}
    shows("Budget left", 0, {**TRAFFIC, **recorded}, "4h", ("{}", 0.25))
    shows("Attained", 0, {**TRAFFIC, **recorded}, "4h", ("{}", 0.99925))


def test_in_an_exclusion_nothing_burns_although_pods_fail(tmp_path: Path) -> None:
    night = {"name": "night", "schedule": "0 1 * * *", "durationMinutes": 60}
    service = a_service(a_resource().promising(*OBJECTIVES).with_("spec.sla.exclusions", [night]))
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": rule_groups(service, "")}), encoding="utf-8")
    board = json.loads(service_dashboard("prod", "ocr", service.spec.sla))
    burns, *_ = (query for title, query in queries(board) if title == "Burn rate")
    down = {f'paddle_runtime_requests_total{{{WHO},outcome="bad",code="500"}}': "0+1000x300"}
    up = {f'paddle_runtime_requests_total{{{WHO},outcome="good",code="200"}}': "0+0x300"}
    expect(rules, down | up, burns, "1h30m", [])
    expect(rules, down | up, f"round({burns})", "3h", [("{}", 1000)])
    expect(None, down | up, f"round({burns})", "1h30m", [("{}", 1000)])


def test_a_burn_of_one_spends_the_budget_in_just_the_window() -> None:
    steady = {
        f'paddle_runtime_requests_total{{{WHO},outcome="good",code="200"}}': "0+999x300",
        f'paddle_runtime_requests_total{{{WHO},outcome="bad",code="500"}}': "0+1x300",
    }
    shows("Burn rate", 1, steady, "4h", ("{}", 1.0))


def test_without_traffic_there_is_no_data_and_no_promise_kept() -> None:
    shows("Attained", 0, {}, "4h")
