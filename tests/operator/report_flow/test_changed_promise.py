"""A report is not better for what was edited after the fact, and tells that it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from paddle_operator.spec.sla_report import Verdict
from tests.operator.report_flow.bookcase import Bookcase, FakeMetrics, an_afternoon
from tests.operator.sla.counters import NOON
from tests.operator.sla.traffic import Event, Pod, every, scrapes

REPAIR = {"name": "repair", "schedule": "30 12 * * *", "durationMinutes": 60}


def test_maintenance_is_listed_and_counts_nowhere() -> None:
    made = an_afternoon()
    assert made.service is not None
    made.promise(NOON - timedelta(days=9), exclusions=[REPAIR])
    made.look(report="mine")
    report = made.result("mine")
    assert [(one.name, one.start, one.end) for one in report.exclusions] == [
        ("repair", "2026-06-01T12:30:00Z", "2026-06-01T13:30:00Z")
    ]
    assert report.excluded_seconds == 3600
    assert report.objectives[0].total == 359, (
        "half of the requests: those until 12:29:51 and from 13:29:51 on"
    )


def an_afternoon_with_a_bad_hour() -> Bookcase:
    """As above, but the second half of each hour is bad; the promise is kept since long ago."""
    made = an_afternoon()
    events = every(10, 1, 7290)
    pod = Pod("a", "r1", (-30,), scrapes(-15, 7300), tuple(map(as_bad_from_half_past, events)))
    made.metrics = FakeMetrics((pod,))
    made.promise(NOON - timedelta(days=9))
    return made


def as_bad_from_half_past(event: Event) -> Event:
    return replace(event, outcome="bad") if 1800 <= event.at < 3600 else event


def test_what_was_bad_is_not_taken_out_by_an_exclusion_that_is_written_afterwards() -> None:
    before, after = an_afternoon_with_a_bad_hour(), an_afternoon_with_a_bad_hour()
    before.look(report="mine")
    after.promise(after.now - timedelta(hours=1), exclusions=[REPAIR])
    after.look(report="mine")
    told, found = before.result("mine"), after.result("mine")
    assert told.objectives[0].verdict is Verdict.BROKEN
    assert found.objectives == told.objectives
    assert (found.excluded_seconds, found.exclusions) == (0, ())


def test_an_exclusion_that_was_not_seen_by_the_operator_yet_holds_from_now_on() -> None:
    made = an_afternoon_with_a_bad_hour()
    assert made.service is not None
    made.service["spec"]["sla"]["exclusions"] = [REPAIR]
    made.look(report="mine")
    report = made.result("mine")
    assert report.excluded_seconds == 0
    assert [one.at for one in report.promise_changes] == ["2026-06-02T12:00:00Z"]


def test_an_exclusion_that_is_written_while_it_lasts_holds_from_then_and_until_it_is_taken_away() -> None:
    made = an_afternoon_with_a_bad_hour()
    made.promise(NOON + timedelta(minutes=40), exclusions=[REPAIR])
    made.promise(NOON + timedelta(minutes=70), exclusions=[])
    made.look(report="mine")
    assert [(one.start, one.end) for one in made.result("mine").exclusions] == [
        ("2026-06-01T12:40:00Z", "2026-06-01T13:10:00Z")
    ]


def test_a_target_that_was_lowered_is_told_with_what_was_promised_before() -> None:
    made = an_afternoon_with_a_bad_hour()
    low = [{"name": "up", "availability": {"targetPercent": "60"}}]
    made.promise(made.now - timedelta(hours=1), objectives=low)
    made.look(report="mine")
    report = made.result("mine")
    assert report.objectives[0].verdict is Verdict.KEPT
    assert [(one.at, one.before) for one in report.promise_changes] == [
        ("2026-06-02T11:00:00Z", "99.9 % of requests answered; over 30 days")
    ]
    assert report.summary.endswith(", promise changed at 2026-06-02T11:00:00Z")
    assert report.promise_known_from is None


def test_where_nobody_kept_what_was_promised_no_exclusion_is_applied_and_that_is_told() -> None:
    made = an_afternoon_with_a_bad_hour()
    made.promise(NOON - timedelta(days=2), exclusions=[REPAIR])
    made.promises = ()
    made.look(report="mine")
    report = made.result("mine")
    assert (report.excluded_seconds, report.promise_known_from) == (0, "2026-06-02T12:00:00Z")
