"""promtool finds nothing wrong with any rules, and exclusions are when the promise's arithmetic says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.generated import example_plans
from paddle_operator.sla.alerts import rule_groups
from paddle_operator.sla.exclusions import exclusions_of
from paddle_operator.sla.intervals import Interval
from paddle_operator.spec.report import CountedAt
from tests.operator.given import Resource, a_resource, a_service
from tests.promtool.story import run

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVERY_KIND = (
    {"name": "up", "availability": {"targetPercent": "99.95"}},
    {"name": "fast", "latency": {"percentile": "99", "thresholdMilliseconds": 1000}},
    {"name": "right", "errorRate": {"maxPercent": "0.123456"}},
)
CLOSED = [
    {"name": "weekly", "schedule": "0 3 * * 0", "durationMinutes": 30, "timeZone": "Europe/Berlin"},
    {"name": "often", "schedule": "*/30 0-5/2 1,15 3-5 1-5", "durationMinutes": 10_080},
]


def judged(folder: Path, groups: list[dict[str, Any]]) -> str:
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": groups}))
    done = run("check", "rules", "--lint=all", "--lint-fatal", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("days", [1, 2, 3, 7, 28, 30, 90])
def test_rules_for_every_window_are_right(tmp_path: Path, days: int) -> None:
    resource = a_resource().promising(*EVERY_KIND).with_("spec.sla.window", {"days": days})
    for availability in (CountedAt.RUNTIME, CountedAt.GATEWAY):
        said = judged(
            tmp_path, rule_groups(a_service(resource), "https://example.com/runbooks/", availability)
        )
        assert "SUCCESS" in said


def test_rules_with_everything_are_right(tmp_path: Path) -> None:
    resource = (
        a_resource()
        .promising(*EVERY_KIND)
        .with_("spec.sla.window", {"type": "Calendar", "timeZone": "Africa/Casablanca"})
        .with_("spec.sla.exclusions", CLOSED)
        .with_("spec.alerting", {"labels": {"team": 'quotes " and $ and {', "_9": "ü"}})
    )
    assert "SUCCESS" in judged(tmp_path, rule_groups(a_service(resource), "docs/runbooks"))


def test_a_mistake_in_an_expression_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": [{"record": "a", "expr": "sum by x"}]}]}))
    assert run("check", "rules", str(file)).returncode != 0


@pytest.mark.parametrize("folder", example_plans.examples(), ids=lambda folder: folder.name)
def test_the_rule_file_of_an_example_is_right(tmp_path: Path, folder: Path) -> None:
    objects = [item for item in yaml.safe_load_all((folder / "plan.yaml").read_text()) if item]
    files = [item["data"] for item in objects if item["metadata"]["name"].endswith("-rules")]
    rules = [item["spec"]["groups"] for item in objects if item["kind"] == "PrometheusRule"]
    assert files
    for file, groups in zip(files, rules, strict=True):
        ((name, text),) = file.items()
        (tmp_path / name).write_text(text)
        assert run("check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / name)).returncode == 0
        assert yaml.safe_load(text) == {"groups": groups}


def closed(schedule: str, minutes: int, zone: str = "UTC") -> Resource:
    one = {"name": "closed", "schedule": schedule, "durationMinutes": minutes, "timeZone": zone}
    return a_resource().with_("spec.sla.exclusions", [one])


@pytest.mark.parametrize(
    "resource",
    [
        closed("0 3 * * 0", 30),
        closed("30 22 * * *", 180),
        closed("0 0 1,15 * *", 1500),
        closed("0 12 20 * 1", 60),
        closed("15,45 */6 * 2 2-4", 20),
        closed("0 18 * * 5", 60 * 60, "Asia/Kolkata"),
        closed("0 1 31 1 *", 180, "Pacific/Honolulu"),
    ],
    ids=lambda resource: resource.body["spec"]["sla"]["exclusions"][0]["schedule"],
)
def test_an_exclusion_is_under_way_exactly_when_the_arithmetic_says_so(
    tmp_path: Path, resource: Resource
) -> None:
    service = a_service(resource)
    (exclusion,) = exclusions_of(service.spec.sla)
    minutes = range(7 * 1440, 40 * 1440, 110)
    asked = []
    for minute in minutes:
        now = EPOCH + timedelta(minutes=minute)
        under_way = bool(exclusion.spans(Interval(now, now + timedelta(seconds=1))).parts)
        expected = [{"labels": "{}", "value": int(under_way)}]
        query = "count(paddle_sla:excluded_seconds) > bool 0 or vector(0)"
        asked.append({"expr": query, "eval_time": f"{minute}m", "exp_samples": expected})
    found = [one for one in asked if one["exp_samples"][0]["value"]]  # type: ignore[index]
    assert found, "the test would show nothing"
    group = rule_groups(service, "docs/runbooks")[0]
    group["rules"] = [
        one for one in group["rules"] if one.get("record", "").startswith("paddle_sla:local")
    ] + [one for one in group["rules"] if one.get("record") == "paddle_sla:excluded_seconds"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [group]}))
    test = {"interval": "10m", "promql_expr_test": asked}
    whole = {"rule_files": ["rules.yaml"], "evaluation_interval": "10m", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(whole))
    done = run("test", "rules", str(tmp_path / "test.yaml"))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
