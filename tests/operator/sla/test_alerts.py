"""The promise as rules: which there are, and what their texts are made of. promtool judges them elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.documents import render
from paddle_operator.errors import SpecRejected
from paddle_operator.metrics.queries import durations
from paddle_operator.sla import alerts as alerts_module
from paddle_operator.sla.alerts import rule_groups
from paddle_operator.sla.muting import FIRST, LAST, local_time
from paddle_operator.sla.promql import Scope, duration, number
from tests.operator.given import Resource, a_resource, a_service

UP = {"name": "up", "availability": {"targetPercent": "99.9"}}
FAST = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
BOUNDARY = re.compile('le=~"([^"]*)"')
ZONES = [
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
]


def rules(resource: Resource | None = None) -> list[dict[str, Any]]:
    (group,) = rule_groups(a_service(resource), "https://example.com/books/")
    return list(group["rules"])


def alerts(resource: Resource | None = None) -> list[tuple[str, str, str]]:
    return [
        (rule["alert"], rule["labels"]["severity"], rule["labels"].get("objective", ""))
        for rule in rules(resource)
        if "alert" in rule
    ]


def test_each_objective_has_its_alerts_and_the_service_two_for_itself() -> None:
    burns = [("PaddleSLABudgetBurn", severity) for severity in ("page", "page", "ticket", "ticket")]
    of_each = [*burns, ("PaddleSLABudgetSpent", "ticket")]
    assert alerts(a_resource().promising(UP, FAST)) == [
        *((*one, "up") for one in of_each),
        *((*one, "fast") for one in of_each),
        ("PaddleSLAThresholdNotMeasured", "ticket", "fast"),
        ("PaddleSLANoPodReady", "page", ""),
        ("PaddleSLAMetricsMissing", "page", ""),
    ]


def test_no_alerts_no_rules() -> None:
    assert rule_groups(a_service(a_resource().with_("spec.alerting", {"burnRate": "None"})), "x") == []


def test_rules_are_made_once_and_never_shared() -> None:
    service, other = a_service(a_resource().named("often-seen")), a_service(a_resource().named("seldom-seen"))
    first, made = rule_groups(service, "x"), alerts_module._groups.cache_info().misses
    first[0]["rules"].clear()
    again = rule_groups(a_service(a_resource().named("often-seen")), "x")
    assert again[0]["rules"]
    assert alerts_module._groups.cache_info().misses == made
    assert rule_groups(other, "x") != again
    assert rule_groups(service, "y") != again
    assert alerts_module._groups.cache_info().misses == made + 2


def test_the_file_says_what_the_groups_say() -> None:
    service = a_service(a_resource().promising(UP, FAST))
    scope = Scope(service.identity.namespace, service.identity.name)
    text = alerts_module.rule_text(scope, service.spec.sla, service.spec.alerting, "x")
    assert yaml.safe_load(text) == {"groups": rule_groups(service, "x")}


def test_labels_of_the_user_are_on_every_alert_and_replace_none_of_ours() -> None:
    labelled = a_resource().with_("spec.alerting", {"labels": {"team": "ocr"}})
    assert {rule["labels"]["team"] for rule in rules(labelled) if "alert" in rule} == {"ocr"}


def test_every_alert_says_what_it_is_and_where_to_read_on() -> None:
    for rule in rules(a_resource().promising(UP, FAST)):
        if "alert" in rule:
            assert rule["annotations"].keys() == {"summary", "description", "action", "runbook_url"}
            assert rule["annotations"]["summary"].startswith("prod/ocr: ")
            assert re.fullmatch(r"https://example\.com/books/[a-z-]+\.md", rule["annotations"]["runbook_url"])


def test_without_an_address_an_alert_has_no_link_and_says_what_to_do_first() -> None:
    (group,) = rule_groups(a_service(a_resource().promising(UP, FAST)), "")
    told = [rule["annotations"] for rule in group["rules"] if "alert" in rule]
    assert all(one.keys() == {"summary", "description", "action"} for one in told)
    assert all("prod" in one["action"] and "ocr" in one["action"] for one in told)


def test_every_alert_has_a_runbook_of_its_name() -> None:
    books = Path(__file__).resolve().parents[3] / "docs" / "runbooks"
    for rule in rules(a_resource().promising(UP, FAST)):
        if "alert" in rule:
            page = books / rule["annotations"]["runbook_url"].rpartition("/")[2]
            assert page.read_text(encoding="utf-8").startswith(f"# {rule['alert']}\n")


def test_windows_follow_the_promise() -> None:
    def windows(days: int) -> list[str]:
        made = rules(a_resource().with_("spec.sla.window", {"days": days}))
        return [rule["labels"]["window"] for rule in made if rule.get("record") == "paddle_sla:burn_rate"]

    assert windows(30) == ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]
    assert windows(3) == ["1m", "3m", "6m", "12m", "36m", "2h24m", "7h12m"]


def test_every_question_is_asked_of_this_service_alone() -> None:
    everything = (
        a_resource()
        .promising(UP, FAST)
        .with_("spec.sla.window", {"type": "Calendar", "timeZone": "Asia/Tokyo"})
        .with_("spec.sla.exclusions", [{"name": "m", "schedule": "0 3 * * 0", "durationMinutes": 30}])
    )
    for rule in rules(everything):
        for selector in re.findall(r"\{([^}]*)\}", rule["expr"]):
            assert selector.startswith('namespace="prod",service="ocr"'), rule["expr"]


def test_every_alert_is_muted_in_an_exclusion() -> None:
    closed = a_resource().with_(
        "spec.sla.exclusions", [{"name": "m", "schedule": "0 3 * * 0", "durationMinutes": 30}]
    )
    for rule in rules(closed):
        if "alert" in rule:
            assert rule["expr"].endswith("unless on (namespace, service) " + EXCLUDED)
    assert not any(EXCLUDED in rule["expr"] for rule in rules())


def test_the_rules_of_the_most_that_is_allowed_fit_into_one_object() -> None:
    exclusions = [
        {
            "name": "e" * 38 + str(place),
            "schedule": "0 */2 1-31/2 */2 */2",
            "durationMinutes": 1440,
            "timeZone": "America/Argentina/ComodRivadavia",
        }
        for place in range(8)
    ]
    objectives = [
        {
            "name": "o" * 38 + str(place),
            "latency": {"percentile": "99.999", "thresholdMilliseconds": 59_000 + place},
        }
        for place in range(8)
    ]
    largest = (
        a_resource()
        .promising(*objectives)
        .with_("metadata.namespace", "n" * 63)
        .with_("metadata.name", "s" * 40)
        .with_("spec.sla.exclusions", exclusions)
        .with_("spec.alerting", {"labels": {f"l{place:02d}" * 10: "v" * 128 for place in range(16)}})
    )
    assert len(render({"groups": rule_groups(a_service(largest), "https://example.com/books")})) < 500 * 1024
    with pytest.raises(SpecRejected, match="must come to at most 96"):
        a_service(largest.with_("spec.sla.exclusions.0.durationMinutes", 1441))


EXCLUDED = 'paddle_sla:excluded_seconds{namespace="prod",service="ocr"}'


def test_numbers_and_times_are_written_as_prometheus_reads_them() -> None:
    assert [number(Fraction(text)) for text in ("0.001", "14.4", "0.00000001", "100")] == [
        "0.001",
        "14.4",
        "0.00000001",
        "100",
    ]
    seconds = (30, 70, 300, 3600, 8640, 183_600, 86_400 * 90)
    texts = ["30s", "1m10s", "5m", "1h", "2h24m", "2d3h", "90d"]
    assert [duration(timedelta(seconds=one)) for one in seconds] == texts


@pytest.mark.parametrize("milliseconds", [1, 200, 1000, 1500, 90_000])
def test_rules_and_counts_take_the_same_buckets(milliseconds: int) -> None:
    slow = {"name": "fast", "latency": {"percentile": "99", "thresholdMilliseconds": milliseconds}}
    of_rules = {
        found for one in rules(a_resource().promising(slow)) for found in BOUNDARY.findall(one["expr"])
    }
    (of_counts,) = BOUNDARY.findall(durations("prod", "ocr", [milliseconds]))
    assert {f"{one}|[+]Inf" for one in of_rules} == {of_counts}


@given(st.sampled_from(ZONES), st.integers(int(FIRST.timestamp()), int(LAST.timestamp()) - 1))
def test_clocks_are_written_as_they_will_be(zone: str, seconds: int) -> None:
    text = (
        local_time(ZoneInfo(zone)).removeprefix("vector").replace("time()", str(seconds)).replace("bool ", "")
    )
    shown = datetime.fromtimestamp(seconds, ZoneInfo(zone)).replace(tzinfo=UTC).timestamp()
    assert eval(text) == shown
