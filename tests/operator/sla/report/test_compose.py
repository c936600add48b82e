"""A report on a service that can be counted by hand, and what becomes of too much of everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from paddle_operator.sla.answer import Value
from paddle_operator.sla.exclusions import OneOff
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.ledger import Page, read_page
from paddle_operator.sla.report.compose import Made, Subject, question_of, report_of
from paddle_operator.sla.report.size import LIMIT_BYTES, document, fitted, size_bytes
from paddle_operator.sla.series import Sample, Series
from paddle_operator.spec.promise import Sla
from paddle_operator.spec.sla_report import (
    MAX_INCIDENTS,
    MAX_REVISIONS,
    OTHERS,
    ReportedService,
    ReportStatus,
    Verdict,
)
from tests.operator.sla.counters import SCRAPING, at, known, span
from tests.operator.sla.report.reporting import HOUR, SLA, STEPS, reported, shares, steady, the
from tests.operator.sla.traffic import Event, Pod, digest_of, every, ordered, reading, scrapes, truth


def test_an_hour_that_can_be_counted_by_hand() -> None:
    bad = every(10, 902, 1202, outcome="bad")  # 30 failures between 15:02 and 20:02 past
    pod = replace(steady(), events=ordered(steady().events, bad))
    report = reported([pod], span(0, HOUR))
    up = the(report, "up")
    assert (up.good, up.total) == (359, 389)  # the request at 59:51 is seen at 60:00, which is no more in it
    assert (up.attained_percent, up.target_percent) == ("92.2879", "99")
    assert up.verdict is Verdict.BROKEN
    assert (up.allowed_bad, up.spent_percent) == ("3.8", "771.3")
    (incident,) = up.incidents
    assert (incident.start, incident.end) == ("2026-06-01T12:15:00Z", "2026-06-01T12:25:00Z")
    assert (incident.bad, incident.spent_percent) == (30, "771.3")
    assert sum(sum(its.bad) for its in up.timeline.revisions) == 30
    assert report.requests is not None
    assert (report.requests.good, report.requests.bad) == (359, 30)
    assert report.unknown == ()
    assert (report.promise, report.made_by) == (
        "99 % of requests answered, 95 % within 200 ms; over 30 days",
        "test 1",
    )


def test_a_few_failures_at_night_are_told_apart_and_their_budget_is_counted() -> None:
    bad = every(10, 902, 932, outcome="bad")
    pod = replace(steady(), events=ordered(every(100, 1, HOUR), bad))
    up = the(reported([pod], span(0, HOUR)), "up")
    assert up.incidents == ()
    assert (up.too_little_traffic.stretches, up.too_little_traffic.bad) == (1, 3)
    assert up.too_little_traffic.spent_percent == up.spent_percent
    assert up.verdict is Verdict.BROKEN  # of the whole hour there are requests enough


def test_a_period_with_too_little_traffic_is_not_judged() -> None:
    pod = replace(steady(), events=ordered(every(600, 1, HOUR), every(600, 301, HOUR, outcome="bad")))
    up = the(reported([pod], span(0, HOUR)), "up")
    assert (up.verdict, up.incidents) == (Verdict.TOO_LITTLE_TRAFFIC, ())


def test_slow_answers_break_the_latency_objective_only() -> None:
    slow = replace(steady(), events=tuple(Event(one.at, fast=one.at > 600) for one in steady().events))
    report = reported([slow], span(0, HOUR))
    assert the(report, "up").verdict is Verdict.KEPT
    assert the(report, "fast").verdict is Verdict.BROKEN
    assert shares(the(report, "fast")) == truth([slow], latency=True, during=span(0, HOUR))


def test_the_budget_is_spent_by_revisions() -> None:
    old, new = steady("a", "old"), steady("b", "new")
    events = every(10, 1801, 1891, outcome="refused")
    new = replace(new, lives=(1800,), scrapes=scrapes(1815, HOUR), events=events)
    up = the(reported([old, new], span(0, HOUR)), "up")
    spent = {its.revision: its.spent_percent for its in up.revisions}
    assert spent == {"old": "0", "new": up.spent_percent}
    assert up.incidents[0].revision == "new"


def test_a_digest_that_a_metric_makes_up_is_left_out() -> None:
    right = digest_of("r1")
    for told, kept in ((right, right), ('"><b>', ""), (right + "\n", ""), ("", "")):
        report = reported([steady()], span(0, HOUR), digests={"r1": told})
        assert [one.model_digest for one in report.revisions] == [kept]


def test_excluded_time_counts_nowhere() -> None:
    pod = steady(outcome="bad")
    report = reported([pod], span(0, HOUR), exclusions=(OneOff("repair", span(0, 1800)),))
    assert the(report, "up").total == 180  # from the request at 29:51 on, which is seen at 30:00
    assert report.excluded_seconds == 1800
    assert [one.name for one in report.exclusions] == ["repair"]
    assert the(report, "up").incidents[0].start == "2026-06-01T12:30:00Z"


def test_unknown_time_is_listed_with_its_cause() -> None:
    pods = [
        replace(steady(), lives=(-30, 1001)),
        replace(steady("b"), scrapes=scrapes(-15, HOUR + 60, lost=[(2000, 2300)])),
        replace(steady("c"), scrapes=scrapes(-15, 3000)),
    ]
    report = reported(pods, span(0, HOUR))
    told = [(one.pod, one.cause, one.start[11:19], one.end[11:19]) for one in report.unknown]
    assert told == [
        ("a", "Reset", "12:16:30", "12:16:41"),
        ("b", "Gap", "12:33:15", "12:38:30"),
        ("c", "End", "12:49:45", "12:50:22"),
    ]
    causes = {one.cause: (one.seconds, one.stretches) for one in report.unknown_by_cause}
    assert causes == {"Reset": (11, 1), "Gap": (315, 1), "End": (38, 1)}
    assert shares(the(report, "up")) == truth(pods, latency=False, during=span(0, HOUR))


def test_a_gap_over_the_edge_of_a_page_is_the_same_gap() -> None:
    pods = [replace(steady(), scrapes=scrapes(-15, HOUR + 60, lost=[(1700, 1900)])), steady("b", "r2")]
    whole = reported(pods, span(0, HOUR))
    for cuts in ([1800], [1695], [1710, 1740, 1890], [1905]):
        assert reported(pods, span(0, HOUR), cuts=cuts) == whole


def test_a_service_that_nobody_scraped_is_not_measured() -> None:
    report = reported([], span(0, HOUR), cuts=[1800])
    assert {one.verdict for one in report.objectives} == {Verdict.NOT_MEASURED}
    assert the(report, "up").attained_percent is None
    assert [(one.cause, one.start, one.end) for one in report.unknown] == [
        ("Silence", "2026-06-01T12:00:00Z", "2026-06-01T13:00:00Z")
    ]
    assert report.unknown_seconds == HOUR


def test_an_hour_that_was_seen_does_not_stand_for_half_a_day_that_was_not() -> None:
    pod = replace(steady(), events=every(10, 1, HOUR))
    report = reported([pod], span(0, 12 * HOUR), cuts=[6 * HOUR])
    up, fast = the(report, "up"), the(report, "fast")
    assert (up.verdict, fast.verdict) == (Verdict.UNKNOWN_TIME, Verdict.UNKNOWN_TIME)
    assert up.unknown_seconds > 10.9 * HOUR
    assert up.attained_percent == "100", "of what was counted"
    bad = replace(steady(), events=every(10, 1, HOUR, outcome="bad"))
    assert the(reported([bad], span(0, 12 * HOUR)), "up").verdict is Verdict.BROKEN


def test_a_threshold_that_no_pod_measured_leaves_latency_unknown_and_the_rest_known() -> None:
    other = Sla.model_validate_json(
        """{"objectives": [{"name": "up", "availability": {"targetPercent": "99"}},
            {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 300}}]}"""
    )
    report = reported([steady()], span(0, HOUR), sla=other)
    assert the(report, "fast").verdict is Verdict.NOT_MEASURED
    assert the(report, "fast").unknown_seconds > 0.9 * HOUR
    assert the(report, "up").total == 359
    assert {(one.cause, one.objective) for one in report.unknown} == {("Boundary", "fast")}


Change = Callable[[Series], tuple[Series, ...]]


def second_job(one: Series) -> tuple[Series, ...]:
    """Two jobs scrape the pod for some minutes."""
    lately = tuple(sample for sample in one.samples if at(HOUR + 600) < sample.at < at(HOUR + 700))
    return (one, Series(one.labels | {("job", "second")}, lately)) if lately else (one,)


def no_number(one: Series) -> tuple[Series, ...]:
    return (Series(one.labels, (*one.samples[:-1], Sample(one.samples[-1].at, float("nan")))),)


def without(name: str) -> Change:
    return lambda one: (Series(frozenset(pair for pair in one.labels if pair[0] != name), one.samples),)


def other_outcome(one: Series) -> tuple[Series, ...]:
    odd = {(name, "odd" if name == "outcome" else value) for name, value in one.labels}
    return (one, Series(frozenset(odd), one.samples))


@pytest.mark.parametrize(
    ("change", "total"),
    [
        (second_job, 719),
        (other_outcome, 719),
        (no_number, 721),  # the last scrape of the hour is lost, and what rose until the next is counted
        (without("pod"), 1079),  # as over a gap: what rose meanwhile is counted where the pod is seen again
        (without("revision"), 1079),
    ],
)
def test_a_page_whose_samples_cannot_be_right_is_unknown_time_and_no_other_is(
    change: Change, total: int
) -> None:
    pod = Pod("a", "r1", (-30,), scrapes(-15, 3 * HOUR + 60), every(10, 1, 3 * HOUR))
    subject = Subject(ReportedService(name="calm"), SLA, ())
    period = span(0, 3 * HOUR)
    question = question_of(subject, period, SCRAPING, STEPS)
    pages: list[Page] = []
    for hour, part in enumerate(span(start, start + HOUR) for start in range(0, 3 * HOUR, HOUR)):
        said = reading([pod], Interval(part.start if pages else question.since, part.end))
        if hour == 1:
            assert isinstance(said.requests, Value)
            said = replace(
                said, requests=Value(tuple(new for one in said.requests.value for new in change(one)))
            )
        pages.append(known(read_page(question, part, said, pages[-1] if pages else None)))
    made = Made(at(4 * HOUR), "test 1")
    report = report_of(
        subject, question, pages, period=period, steps=STEPS, queries=(), digests={}, made=made
    )
    lost = [(one.start, one.end) for one in report.unknown if one.cause == "Wrong"]
    assert lost == [("2026-06-01T13:00:00Z", "2026-06-01T14:00:00Z")]
    assert the(report, "up").total == total
    assert HOUR <= the(report, "up").unknown_seconds <= HOUR + 60


def many(count: int) -> list[Pod]:
    """So many revisions, one after the other, each with an incident of a size of its own."""
    each = HOUR // count
    return [
        Pod(
            f"pod-{place}-" + "x" * 40,
            f"calm-{place:010d}",
            (place * each,),
            scrapes(place * each + 5, (place + 1) * each, 5),
            ordered(
                every(1, place * each + 1.5, (place + 1) * each - 6),
                every(1, place * each + 2.7, place * each + 4 + place, outcome="bad"),
            ),
        )
        for place in range(count)
    ]  # fmt: skip


def test_many_revisions_are_the_largest_and_the_others() -> None:
    pods = many(30)
    up = the(reported(pods, span(0, HOUR)), "up")
    assert len(up.revisions) == MAX_REVISIONS
    assert up.revisions[-1].revision == OTHERS
    assert sum(its.total for its in up.revisions) == up.total
    assert [its.revision for its in up.timeline.revisions] == [its.revision for its in up.revisions]


def test_a_report_that_is_too_large_is_cut_and_says_so() -> None:
    whole = reported(many(30), span(0, HOUR))
    for limit in (size_bytes(whole) * 3 // 4, size_bytes(whole) * 6 // 10):
        cut = fitted(whole, limit)
        assert size_bytes(cut) <= limit
        for before, after in zip(whole.objectives, cut.objectives, strict=True):
            assert (before.good, before.total, before.revisions) == (after.good, after.total, after.revisions)
            assert len(after.incidents) + after.incidents_left_out == len(before.incidents)
            counts = [(its.revision, sum(its.bad)) for its in after.timeline.revisions]
            assert counts == [(its.revision, sum(its.bad)) for its in before.timeline.revisions]
        assert len(cut.unknown) + cut.unknown_left_out == len(whole.unknown) + whole.unknown_left_out
        assert cut.unknown_by_cause == whole.unknown_by_cause


def test_what_is_written_is_what_is_read_and_holds_no_float() -> None:
    report = reported([steady()], span(0, HOUR))
    assert size_bytes(report) < LIMIT_BYTES
    text = json.dumps(document(report))
    assert ReportStatus.model_validate_json(text) == report
    assert not [value for value in _leaves(document(report)) if isinstance(value, float)]
    assert len(the(report, "up").incidents) <= MAX_INCIDENTS
    assert Fraction(str(the(report, "up").attained_percent)) == 100


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]
