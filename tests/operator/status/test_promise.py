"""The promise in the status: figures rounded to our disadvantage, and texts that stay as long as they do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paddle_operator.reasons import Reason
from paddle_operator.sla.answer import Answer, Failed, NoData, Stale, Value
from paddle_operator.sla.cells import Cell
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.measured import Measured, measured
from paddle_operator.sla.measuring import Step
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.record import Record, account_of
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.report import CountedAt
from paddle_operator.status.conditions import Condition
from paddle_operator.status.promise import metrics_available, sla_met, sla_status

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRESH = Value(NOW)
READY = Condition("Ready", "True", Reason.SERVING, "")
UP = {"name": "up", "availability": {"targetPercent": "99.9"}}
FAST = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}


def promising(*objectives: dict[str, Any], least: int = 1, **sla: Any) -> Sla:
    body = {"objectives": list(objectives or [UP]), "minTraffic": {"requests": least}, **sla}
    return Sla.model_validate_json(json.dumps(body))


def counted(
    good: int,
    bad: int,
    *objectives: dict[str, Any],
    days: int = 1,
    unknown: int = 0,
    least: int = 1,
    metrics: Answer[datetime] = FRESH,
    until: datetime = NOW,
    behind: bool = False,
) -> Measured:
    """These requests in one cell of so many days up to `until`."""
    sla = promising(*objectives, least=least)
    return counted_for(
        sla, good, bad, days=days, unknown=unknown, metrics=metrics, until=until, behind=behind
    )


def counted_for(
    sla: Sla,
    good: int,
    bad: int,
    *,
    days: int = 1,
    unknown: int = 0,
    metrics: Answer[datetime] = FRESH,
    until: datetime = NOW,
    behind: bool = False,
) -> Measured:
    """The same for a promise that is there already."""
    tallies = {"r1": Tally(good, bad)} if good or bad else {}
    whole = Cell(Interval(until - timedelta(days=days), until), tallies, timedelta(seconds=unknown))
    accounts = {account_of(one): (whole,) for one in sla.objectives}
    return measured(sla, {CountedAt.RUNTIME: Step(Record(until, accounts), {}, metrics, behind)}, NOW)


def row(found: Measured, *objectives: dict[str, Any]) -> dict[str, Any]:
    (shown,) = sla_status(promising(*objectives), found)["objectives"]
    return dict(shown)


@pytest.mark.parametrize(
    ("good", "bad", "attained", "left"),
    [
        (1000, 0, "100.00", "100.0"),
        (999, 1, "99.90", "0.0"),
        (1_000_000, 1, "99.99", "99.9"),
        (998_999, 1001, "99.89", "-0.1"),
        (99_900_001, 99_999, "99.90", "0.0"),
        (0, 5, "0.00", "-99900.0"),
    ],
)
def test_a_figure_never_looks_better_than_it_is(good: int, bad: int, attained: str, left: str) -> None:
    shown = row(counted(good, bad))
    assert (shown["attainedPercent"], shown["budgetRemainingPercent"]) == (attained, left)


def test_a_figure_has_one_digit_more_than_its_promise() -> None:
    sharp = {"name": "up", "availability": {"targetPercent": "99.999"}}
    assert row(counted(999_999, 1, sharp), sharp)["attainedPercent"] == "99.9999"
    assert row(counted(19, 1, FAST), FAST)["attainedPercent"] == "95.00"


def test_the_least_budget_is_the_services_own() -> None:
    found = counted(998, 2, UP, FAST)
    assert sla_status(promising(UP, FAST), found)["budgetRemainingPercent"] == "-100.0"


def test_without_a_measurement_only_the_promise_is_shown() -> None:
    assert sla_status(promising(UP, FAST), None) == {
        "promise": "99.9 % of requests answered, 95 % within 200 ms; over 30 days",
        "objectives": [
            {"name": "up", "promise": "99.9 % of requests answered"},
            {"name": "fast", "promise": "95 % within 200 ms"},
        ],
    }


def test_unknown_time_is_shown_in_minutes_begun() -> None:
    assert row(counted(1, 0, unknown=61))["unknownMinutes"] == 2
    assert row(counted(1, 0))["unknownMinutes"] == 0


def test_a_window_that_is_not_full_says_since_when_is_counted() -> None:
    message = sla_met(counted(1, 0)).message
    assert message.endswith("over the last 30 days, counted since 2026-11-21T12:00Z")
    assert sla_met(counted(1, 0, days=30)).message.endswith("over the last 30 days")


def test_exactly_the_promise_keeps_it() -> None:
    assert sla_met(counted(999, 1)).status == "True"
    assert sla_met(counted(998_999, 1001)).status == "False"


def test_one_broken_objective_breaks_the_promise_and_is_named() -> None:
    broken = sla_met(counted(990, 10, UP, FAST))
    assert (broken.status, broken.reason) == ("False", Reason.BUDGET_SPENT)
    assert broken.message.startswith(
        "up is broken: up 99.00 % of 99.9 % promised; fast 99.00 % of 95 % promised"
    )


def test_a_month_is_named_with_its_zone() -> None:
    month = promising(window={"type": "Calendar", "timeZone": "Asia/Shanghai"})
    step = Step(Record(NOW, {}), {}, FRESH, behind=True)
    message = sla_met(measured(month, {CountedAt.RUNTIME: step}, NOW)).message
    assert message == "what happened over this month (Asia/Shanghai) is being counted"


def test_exclusions_that_leave_no_time_are_told() -> None:
    week = {"name": "always", "schedule": "0 0 * * 0", "durationMinutes": 7 * 1440}
    found = sla_met(counted_for(promising(exclusions=[week]), 0, 0))
    assert (found.status, found.reason) == ("Unknown", Reason.TOO_LITTLE_TRAFFIC)
    assert found.message.startswith("the promise holds at no time of the last 30 days: spec.sla.exclusions")
    day = {**week, "durationMinutes": 6 * 1440}
    assert "fewer than 1 requests" in sla_met(counted_for(promising(exclusions=[day]), 0, 0)).message


def test_a_burn_rate_needs_the_least_traffic_of_an_hour() -> None:
    def shown(requests: int) -> bool:
        sla = promising(least=20)
        cell = Cell(Interval(NOW - timedelta(minutes=5), NOW), {"r1": Tally(requests, 0)})
        step = Step(Record(NOW, {"requests": (cell,)}), {}, FRESH, behind=False)
        return "burnRate1h" in sla_status(sla, measured(sla, {CountedAt.RUNTIME: step}, NOW))["objectives"][0]

    assert (shown(239), shown(240)) == (False, True), "20 in 300 s, which is the default, are 240 in an hour"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (Value(NOW), "True", "MetricsRead"),
        (Value(NOW - timedelta(minutes=6)), "False", "MetricsStale"),
        (Stale(NOW - timedelta(hours=1), "old"), "False", "MetricsStale"),
        (NoData("nothing"), "False", "MetricsMissing"),
        (Failed("HTTP 503: replaying"), "False", "MetricsFailed"),
    ],
)
def test_the_kinds_of_answer_are_told_apart(answer: Answer[datetime], status: str, reason: str) -> None:
    said = metrics_available(counted(1, 0, metrics=answer), READY)
    assert (said.status, said.reason) == (status, reason)


def test_no_data_is_no_fault_before_the_service_is_ready() -> None:
    starting = Condition("Ready", "Unknown", Reason.LOADING, "")
    nothing = {CountedAt.RUNTIME: Step(Record(NOW, {}), {}, NoData("none"), behind=False)}
    assert metrics_available(measured(promising(), nothing, NOW), starting).status == "Unknown"
    assert metrics_available(counted(0, 0, metrics=Failed("x")), starting).status == "False"


def test_a_service_that_was_seen_and_is_seen_no_more_lacks_metrics_though_it_is_not_ready() -> None:
    down = Condition("Ready", "False", Reason.LOADING, "")
    said = metrics_available(counted(240, 0, metrics=NoData("none")), down)
    assert (said.status, said.reason) == ("False", Reason.METRICS_MISSING)


def in_cells(sla: Sla, *cells: tuple[int, int, int, int], **of: tuple[int, int, int, int]) -> Measured:
    """Cells up to now, each of so many minutes, of which so many are unknown, with good and bad requests."""

    def made(found: tuple[tuple[int, int, int, int], ...]) -> tuple[Cell, ...]:
        start, kept = NOW - timedelta(minutes=sum(one[0] for one in found)), []
        for length, unknown, good, bad in found:
            end = start + timedelta(minutes=length)
            tallies = {"r1": Tally(good, bad)} if good or bad else {}
            kept.append(Cell(Interval(start, end), tallies, timedelta(minutes=unknown)))
            start = end
        return tuple(kept)

    accounts = {account_of(one): made((of[one.name],) if one.name in of else cells) for one in sla.objectives}
    step = Step(Record(NOW, accounts), {}, NoData("none"), behind=False)
    return measured(sla, {CountedAt.RUNTIME: step}, NOW)


HOUR_SEEN, HOUR_UNSEEN = (60, 0, 240, 0), (60, 60, 0, 0)


def test_an_hour_that_was_seen_does_not_stand_for_twenty_days_that_were_not() -> None:
    said = sla_met(in_cells(promising(), HOUR_SEEN, *[HOUR_UNSEEN] * 24 * 20))
    assert (said.status, said.reason) == ("Unknown", Reason.UNKNOWN_TIME)
    assert said.message.startswith(
        "up is not broken by what was counted, but 28800 minutes are unknown; over"
    )
    assert "Prometheus answers and has no sample" in said.message, "and what is to be done"


def test_what_was_broken_stays_broken_whatever_nobody_saw() -> None:
    said = sla_met(in_cells(promising(), (60, 0, 230, 10), *[HOUR_UNSEEN] * 24))
    assert (said.status, said.reason) == ("False", Reason.BUDGET_SPENT)
    assert "promised, 1440 minutes unknown" in said.message


def test_less_unknown_time_than_a_month_lets_fail_is_told_and_decides_nothing() -> None:
    said = sla_met(in_cells(promising(), HOUR_SEEN, (60, 43, 100, 0), HOUR_SEEN))
    assert (said.status, said.reason) == ("True", Reason.PROMISE_KEPT)
    assert "99.9 % promised, 43 minutes unknown; over" in said.message
    assert sla_met(in_cells(promising(), HOUR_SEEN, (60, 44, 100, 0), HOUR_SEEN)).status == "Unknown"


def test_each_objective_says_since_when_it_is_counted_where_that_differs() -> None:
    said = sla_met(in_cells(promising(UP, FAST), up=(95, 0, 240, 0), fast=(75, 0, 240, 0)))
    assert said.message == (
        "up 100.00 % of 99.9 % promised, counted since 2026-11-22T10:25Z; "
        "fast 100.00 % of 95 % promised, counted since 2026-11-22T10:45Z; over the last 30 days"
    )


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, "MetricsNotConfigured"),
        (counted(0, 0), "TooLittleTraffic"),
        (counted(0, 19, least=20), "TooLittleTraffic"),
        (counted(0, 0, metrics=Failed("x")), "MetricsFailed"),
        (counted(999, 1, behind=True), "Counting"),
        (counted(999, 1, until=NOW - timedelta(hours=1), metrics=Failed("x")), "MetricsFailed"),
        (counted(0, 9, until=NOW - timedelta(hours=1), metrics=NoData("x")), "MetricsMissing"),
    ],
)
def test_what_is_not_known_is_neither_kept_nor_broken(found: Measured | None, reason: str) -> None:
    said = sla_met(found)
    assert (said.status, said.reason) == ("Unknown", reason)
