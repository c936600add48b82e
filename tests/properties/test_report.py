"""Whatever happens: a report adds up, is read in pages as at once, tells nothing twice, and fits."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.sla.exclusions import OneOff
from paddle_operator.sla.report.size import LIMIT_BYTES, document, size_bytes
from paddle_operator.sla.report.written import moment_read
from paddle_operator.spec.sla_report import ReportStatus
from tests.operator.sla.counters import at, span
from tests.operator.sla.report.test_compose import reported, shares
from tests.operator.sla.traffic import CODES, Event, Pod, truth

END = 1800
PERIOD = span(0, END)


@st.composite
def pods(draw: st.DrawFn, name: str) -> Pod:
    """A pod that is scraped every 15 seconds, but for lost scrapes, and restarts at any time."""
    start = draw(st.integers(-100, END - 100))
    end = draw(st.integers(start + 60, END + 100))
    restarts = draw(st.lists(st.integers(start + 1, end), max_size=2, unique=True))
    kept = [
        scrape
        for scrape in range(start + draw(st.integers(0, 14)), end, 15)
        if draw(st.sampled_from((True,) * 9 + (False,)))
    ]
    moments = draw(st.lists(st.integers(start, end - 1), max_size=40))
    events = tuple(
        Event(moment + 0.5, draw(st.sampled_from(sorted(CODES))), draw(st.booleans()))
        for moment in sorted(moments)
    )
    return Pod(name, draw(st.sampled_from(("r1", "r2"))), (start, *sorted(restarts)), tuple(kept), events)


@st.composite
def several(draw: st.DrawFn) -> list[Pod]:
    return [draw(pods(name)) for name in ("a", "b", "c")[: draw(st.integers(0, 3))]]


CUTS = st.lists(st.integers(1, END - 1), max_size=4, unique=True).map(sorted)


@given(several(), CUTS)
@settings(max_examples=60)
def test_read_in_pages_is_counted_as_at_once(them: list[Pod], cuts: list[int]) -> None:
    whole, paged = reported(them, PERIOD), reported(them, PERIOD, cuts=cuts)
    assert paged.requests == whole.requests
    for one, other in zip(whole.objectives, paged.objectives, strict=True):
        assert (one.revisions, one.incidents, one.timeline) == (
            other.revisions,
            other.incidents,
            other.timeline,
        )
    # A page cannot see that a pod began while its next one had not scraped it: one gap a border at most.
    # What was lost between its last scrape and a restart that only the next page sees is in neither: as much.
    assert -40 * len(cuts) <= paged.unknown_seconds - whole.unknown_seconds <= 40 * len(cuts)


@given(several())
@settings(max_examples=60)
def test_nothing_is_counted_that_did_not_happen(them: list[Pod]) -> None:
    for one, latency in zip(reported(them, PERIOD).objectives, (False, True), strict=True):
        real = truth(them, latency=latency, during=PERIOD)
        for revision, tally in shares(one).items():
            assert tally.total <= real[revision].total


@given(several())
@settings(max_examples=60)
def test_a_report_adds_up(them: list[Pod]) -> None:
    report = reported(them, PERIOD)
    for one in report.objectives:
        bad = one.total - one.good
        assert sum(its.total for its in one.revisions) == one.total
        assert sum(its.good for its in one.revisions) == one.good
        assert [(its.revision, sum(its.good), sum(its.bad)) for its in one.timeline.revisions] == [
            (its.revision, its.good, its.total - its.good) for its in one.revisions
        ]
        assert sum(its.bad for its in one.incidents) + one.too_little_traffic.bad <= bad
        if one.total:
            kept = Fraction(one.good, one.total) * 100 >= Fraction(one.target_percent)
            judged = {"Kept", "UnknownTime"} if kept else {"Broken"}
            assert one.verdict.value in {*judged, "TooLittleTraffic"}
            assert Fraction(str(one.attained_percent)) <= Fraction(one.good, one.total) * 100
            assert (Fraction(str(one.spent_percent)) > 100) >= (not kept)
        ends = [(moment_read(its.start), moment_read(its.end)) for its in one.incidents]
        assert all(end < start for (_, end), (start, _) in pairwise(ends)), "else they are one"


@given(several(), st.integers(0, END - 1), st.integers(1, END))
@settings(max_examples=40)
def test_what_is_excluded_and_what_is_not_are_the_whole(them: list[Pod], start: int, length: int) -> None:
    end = min(start + length, END)
    without = reported(them, PERIOD, exclusions=(OneOff("one", span(start, end)),))
    inside = reported(them, PERIOD, exclusions=(OneOff("one", span(0, start)), OneOff("two", span(end, END))))
    whole = reported(them, PERIOD)
    for one, here, there in zip(whole.objectives, without.objectives, inside.objectives, strict=True):
        assert here.total + there.total == one.total
        assert here.good + there.good == one.good


@given(several())
@settings(max_examples=40)
def test_what_is_written_is_read_back_and_fits(them: list[Pod]) -> None:
    report = reported(them, PERIOD)
    text = json.dumps(document(report))
    assert ReportStatus.model_validate_json(text) == report
    assert size_bytes(report) <= LIMIT_BYTES
    known = [moment_read(one.start) for one in report.unknown]
    assert known == sorted(known)
    assert all(at(0) <= moment_read(one.start) < moment_read(one.end) <= at(END) for one in report.unknown)
    assert timedelta(seconds=report.unknown_seconds) <= PERIOD.length
