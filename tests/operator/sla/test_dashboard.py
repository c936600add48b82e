"""The dashboard of a service: its own promise, drawn whole, and the same again for the same promise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddle_operator.sla.dashboard import service_dashboard
from paddle_operator.spec.report import CountedAt
from tests.operator.given import a_resource, a_service

UP = {"name": "up", "availability": {"targetPercent": "99.9"}}
FAST = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 250}}
FASTER = {"name": "faster", "latency": {"percentile": "50", "thresholdMilliseconds": 80}}
RIGHT = {"name": "right", "errorRate": {"maxPercent": "0.5"}}


def of(*objectives: dict[str, Any], service: str = "ocr", **window: Any) -> dict[str, Any]:
    resource = a_resource().promising(*objectives)
    if window:
        resource = resource.with_("spec.sla.window", window)
    made: dict[str, Any] = json.loads(service_dashboard("prod", service, a_service(resource).spec.sla))
    return made


def panels(dashboard: dict[str, Any], title: str) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["title"] == title]


def lines(panel: dict[str, Any]) -> list[float]:
    return [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]


def asked(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def test_every_objective_has_a_row_that_says_what_is_promised() -> None:
    rows = [panel["title"] for panel in of(UP, FAST, RIGHT)["panels"] if panel["type"] == "row"]
    assert rows[:3] == [
        "up: 99.9 % of requests answered",
        "fast: 95 % within 250 ms",
        "right: at most 0.5 % failed",
    ]


def test_the_target_is_where_the_figure_turns_green_and_the_threshold_is_drawn() -> None:
    made = of(UP, FAST, FASTER)
    assert [lines(panel) for panel in panels(made, "Attained")] == [[0.999], [0.95], [0.5]]
    assert lines(panels(made, "Latency of good answers")[0]) == [0.08, 0.25]
    assert lines(panels(made, "Share within 250 ms")[0]) == [0.95]
    assert lines(panels(made, "Share within 80 ms")[0]) == [0.5]


def test_a_promise_without_latency_has_no_share_within() -> None:
    assert [p["title"] for p in of(UP)["panels"] if p["title"].startswith("Share within")] == []


def test_burn_rates_are_those_of_the_alerts_of_this_window() -> None:
    month, week = (panels(of(UP, days=days), "Burn rate")[0] for days in (30, 7))
    assert [target["legendFormat"] for target in month["targets"]] == ["over 5m", "over 1h", "over 6h"]
    assert all("[30d]" not in query for query in asked(month))
    assert [target["legendFormat"] for target in week["targets"]] != ["over 5m", "over 1h", "over 6h"]
    assert lines(month) == [1.0, 14.4]


def test_the_window_is_the_promises_and_a_month_is_shown_as_recorded_only() -> None:
    (rolling,) = panels(of(UP, days=7), "Budget left")
    (month,) = panels(of(UP, type="Calendar", timeZone="Asia/Shanghai"), "Budget left")
    assert "[7d]" in asked(rolling)[0]
    mine = 'namespace="prod",service="ocr",objective="up",account="requests"'
    assert asked(month) == [f"max(paddle_sla:budget_remaining{{{mine}}})"]


def test_what_callers_got_is_drawn_where_availability_is_counted_at_the_gateway() -> None:
    sla = a_service(a_resource().promising(UP, FAST)).spec.sla
    behind = json.loads(service_dashboard("prod", "ocr", sla, CountedAt.GATEWAY))
    (panel,) = panels(behind, "Answers at the gateway")
    (query,) = asked(panel)
    assert query.startswith("sum by (envoy_response_code_class) (rate(envoy_cluster_upstream_rq_xx{")
    assert 'envoy_cluster_name=~"httproute/prod/ocr/rule/0(/backend/[0-9]+)?"' in query
    up, fast = panels(behind, "Attained")
    assert "counted at the gateway" in up["description"]
    assert "counted in the pods" in fast["description"]
    assert panels(of(UP, FAST), "Answers at the gateway") == []


def test_panels_are_numbered_and_cover_each_other_nowhere() -> None:
    made = of(UP, FAST, FASTER, RIGHT)
    numbers = [panel["id"] for panel in made["panels"]]
    assert numbers == list(range(1, len(numbers) + 1))
    taken: set[tuple[int, int]] = set()
    for panel in made["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_queries_go_to_the_source_that_is_chosen_above() -> None:
    made = of(UP)
    assert [variable["name"] for variable in made["templating"]["list"]] == ["datasource"]
    for panel in made["panels"]:
        for target in panel.get("targets", ()):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        letters = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(letters)) == len(letters)


def test_equal_promises_give_equal_text_and_every_service_its_own_place() -> None:
    sla = a_service(a_resource().promising(UP)).spec.sla
    service_dashboard.cache_clear()
    first = service_dashboard("prod", "ocr", sla)
    service_dashboard.cache_clear()
    assert service_dashboard("prod", "ocr", sla) == first
    places = {of(UP, service=name)["uid"] for name in ("ocr", "o" * 40)}
    assert len(places) == 2
    assert max(len(place) for place in places) <= 40


@pytest.mark.parametrize("count", [1, 8])
def test_it_fits_into_a_configmap_many_times(count: int) -> None:
    many = [{**FAST, "name": f"{'x' * 38}-{number}"} for number in range(count)]
    assert len(json.dumps(of(*many, service="s" * 40))) < 100_000
