"""The operator's alerts, evaluated by Prometheus' own promtool: when each fires, and when it must not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from paddle_operator import names
from tests.promtool.scenario import check_rules, expect, expect_alert

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "charts" / "paddle-sla-operator" / "files" / "rules.yaml"
HERE = '{namespace="paddle-sla-system",pod="a"}'
THERE = '{namespace="paddle-sla-system",pod="b"}'
ERRORS = "PaddleOperatorReconcileErrors"
LOOKS = "paddle_operator_reconcile_duration_seconds_count"


def looks(outcome: str, values: str) -> tuple[str, str]:
    return f'{LOOKS}{{namespace="paddle-sla-system",pod="a",outcome="{outcome}"}}', values


def refused(reason: str, values: str) -> tuple[str, str]:
    labels = f'namespace="paddle-sla-system",pod="a",kind="Deployment",reason="{reason}"'
    return f"{names.METRIC_OPERATOR_REFUSED_WRITES}{{{labels}}}", values


def condition(type_: str, values: str, name: str = "calm", pod: str = "a") -> tuple[str, str]:
    labels = f'service_namespace="prod",service_name="{name}",type="{type_}"'
    return f'paddle_operator_service_condition{{namespace="paddle-sla-system",pod="{pod}",{labels}}}', values


def a_calm_operator() -> dict[str, str]:
    """Two replicas, the first one leads; services are looked at and nothing is amiss, for a day."""
    return dict(
        (
            (f"{names.METRIC_OPERATOR_LEADER}{HERE}", "1x1440"),
            (f"{names.METRIC_OPERATOR_LEADER}{THERE}", "0x1440"),
            (f"{names.METRIC_OPERATOR_WATCH_AGE}{HERE}", "13x1440"),
            (f"{names.METRIC_OPERATOR_WATCH_AGE}{THERE}", "24x1440"),
            (f"{names.METRIC_OPERATOR_QUEUE_OLDEST}{HERE}", "0x1440"),
            (f"{names.METRIC_OPERATOR_QUEUE_OLDEST}{THERE}", "0x1440"),
            looks("done", "0+20x1440"),
            looks("refused", "0x1440"),
            looks("failed", "0x1440"),
            condition("Ready", "1x1440"),
            condition("Stalled", "0x1440"),
        )
    )


PAGE, TICKET = "page", "ticket"


def fires(
    at: str, *alerts: tuple[str, str], changed: dict[str, str] | None = None, without: str = ""
) -> None:
    """These alerts and no others fire at that time, if these series differ from a calm operator's."""
    series = {
        name: values
        for name, values in {**a_calm_operator(), **(changed or {})}.items()
        if not without or without not in name
    }
    query = 'sort(count by (alertname, severity) (ALERTS{alertstate="firing"}))'
    wanted = [(f'{{alertname="{name}",severity="{severity}"}}', 1.0) for name, severity in alerts]
    expect(RULES, series, query, at, wanted)


def test_the_rule_file_is_one() -> None:
    check_rules(RULES)


def test_a_calm_operator_raises_no_alert() -> None:
    fires("23h")


def test_nobody_leads() -> None:
    lost = {f"{names.METRIC_OPERATOR_LEADER}{HERE}": "1x9 0x100"}
    fires("11m", changed=lost)
    fires("13m", ("PaddleOperatorNoLeader", PAGE), changed=lost)


def test_an_operator_that_is_not_scraped_has_no_leader_either() -> None:
    fires("5m", ("PaddleOperatorNoLeader", PAGE), without=names.METRIC_OPERATOR_LEADER)


def test_a_change_of_leader_is_no_alert() -> None:
    handed_over = {
        f"{names.METRIC_OPERATOR_LEADER}{HERE}": "1x9 0x100",
        f"{names.METRIC_OPERATOR_LEADER}{THERE}": "0x10 1x100",
    }
    fires("20m", changed=handed_over)


def test_the_leader_of_another_installation_is_not_ours() -> None:
    other = {
        f"{names.METRIC_OPERATOR_LEADER}{HERE}": "0x100",
        f'{names.METRIC_OPERATOR_LEADER}{{namespace="elsewhere",pod="x"}}': "1x100",
    }
    fires("10m", ("PaddleOperatorNoLeader", PAGE), changed=other)


def test_a_watch_that_falls_silent_is_told_and_one_restarted_in_time_is_not() -> None:
    age = f"{names.METRIC_OPERATOR_WATCH_AGE}{HERE}"
    fires("11m", ("PaddleOperatorWatchSilent", PAGE), changed={age: "20x4 20+60x20"})
    fires("11m", changed={age: "20x4 80 140 20x20"})


def test_a_queue_that_stands_still_is_told_and_a_burst_is_not() -> None:
    oldest = f"{names.METRIC_OPERATOR_QUEUE_OLDEST}{HERE}"
    fires("20m", ("PaddleOperatorQueueStuck", PAGE), changed={oldest: "0x5 0+60x30"})
    fires("9m", changed={oldest: "0x5 60 150 200 0x30"})


def test_a_third_of_the_looks_fails_and_a_person_is_called() -> None:
    failing = dict([looks("done", "0+20x60 1200+14x60"), looks("failed", "0x60 0+6x60")])
    fires("2h", (ERRORS, PAGE), (ERRORS, TICKET), changed=failing)


def test_failures_that_are_over_call_nobody_and_leave_the_ticket_for_a_while() -> None:
    over = dict([looks("failed", "0x30 0+20x20 400x300")])
    fires("50m", (ERRORS, PAGE), (ERRORS, TICKET), changed=over)
    fires("1h", (ERRORS, TICKET), changed=over)
    fires("2h", changed=over)


def test_one_look_in_ten_fails_for_hours_and_a_ticket_is_written() -> None:
    slow = dict([looks("done", "0+18x1440"), looks("refused", "0+2x1440")])
    fires("8h", (ERRORS, TICKET), changed=slow)


def test_few_looks_say_nothing() -> None:
    few = dict([looks("done", "0x1440"), looks("failed", "0+1x80 80x1000")])
    fires("1h10m", changed=few)


def test_writes_refused_again_and_again_are_told_unless_the_server_is_away() -> None:
    fires("40m", ("PaddleOperatorWritesRefused", TICKET), changed=dict([refused("Forbidden", "0x5 0+1x60")]))
    fires("40m", changed=dict([refused("APIUnavailable", "0x5 0+1x60")]))


def test_a_write_refused_once_is_forgotten() -> None:
    once = dict([refused("QuotaExceeded", "0x5 1x60")])
    for at in ("10m", "20m"):
        fires(at, changed=once)


def test_a_service_that_waits_for_a_person_is_a_ticket() -> None:
    stalled = dict([condition("Stalled", "0x5 1x60")])
    fires("12m", changed=stalled)
    fires("20m", ("PaddleModelServiceStalled", TICKET), changed=stalled)


def test_a_service_that_does_not_answer_calls_a_person_and_one_not_known_does_not() -> None:
    silent = dict([condition("Ready", "1x5 0x60")])
    fires("19m", changed=silent)
    fires("30m", ("PaddleModelServiceNotReady", PAGE), changed=silent)
    fires("30m", changed=dict([condition("Ready", "1x5 -1x60")]))


def test_a_service_that_is_gone_is_not_missed() -> None:
    fires("30m", changed=dict([condition("Ready", "1x5 0x10 stale")]))


def test_what_a_person_reads_names_the_service_and_the_pod() -> None:
    expect_alert(
        RULES,
        {**a_calm_operator(), **dict([condition("Stalled", "1x60", name="ocr")])},
        "20m",
        {
            "alertname": "PaddleModelServiceStalled",
            "severity": TICKET,
            "namespace": "paddle-sla-system",
            "service_namespace": "prod",
            "service_name": "ocr",
        },
        {
            "summary": "The model service prod/ocr waits for a person.",
            "description": (
                "Its condition Stalled is True and says what to do. What served before still serves."
            ),
            "action": "Run 'kubectl describe pms ocr -n prod': the condition Stalled says what to do.",
        },
    )
    age = f"{names.METRIC_OPERATOR_WATCH_AGE}{HERE}"
    expect_alert(
        RULES,
        {**a_calm_operator(), age: "200x60"},
        "20m",
        {
            "alertname": "PaddleOperatorWatchSilent",
            "severity": PAGE,
            "namespace": "paddle-sla-system",
            "pod": "a",
        },
        {
            "summary": "The operator's replica a hears nothing from the API server.",
            "description": (
                "Its own heartbeat has not come back over its watch for 3m 20s; it comes every 25 seconds. "
                "The kubelet restarts a replica whose watch alone is dead, so most likely the API server "
                "cannot be reached."
            ),
            "action": (
                "Run 'kubectl get --raw /readyz?verbose'. If the API server is well, read the replica's "
                "log for 'heartbeat'."
            ),
        },
    )


def linked_rules() -> list[dict[str, Any]]:
    """The rules with the links that the chart makes of comments."""
    text = RULES.read_text(encoding="utf-8").replace("# runbook_url: ADDRESS", "runbook_url: docs/runbooks")
    return list(yaml.safe_load(text)["groups"][0]["rules"])


def test_every_alert_has_a_severity_a_runbook_that_is_there_and_a_metric_that_is_exported() -> None:
    page = (ROOT / "docs" / "reference" / "operator-metrics.md").read_text(encoding="utf-8")
    for rule in linked_rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        runbook = ROOT / rule["annotations"]["runbook_url"]
        assert runbook.read_text(encoding="utf-8").startswith(f"# {rule['alert']}\n")
        metrics = set(re.findall(r"paddle_operator_\w+", rule["expr"]))
        assert metrics
        for metric in metrics:
            assert f"| `{re.sub('_(count|bucket|sum)$', '', metric)}` |" in page


def test_every_runbook_of_the_operator_has_an_alert() -> None:
    named = {Path(rule["annotations"]["runbook_url"]).name for rule in linked_rules()}
    assert {path.name for path in (ROOT / "docs" / "runbooks").glob("operator-*.md")} == named
