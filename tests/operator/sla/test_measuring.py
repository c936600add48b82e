"""A step of measuring: what is final, what waits, what is unknown, and what ends a step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.exclusions import OneOff
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.measuring import LATEST, LONGEST_STRETCH, Terms, advance, observed_for, stretch_after
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.record import REQUESTS, Record
from paddle_operator.sla.series import Sample, Series
from paddle_operator.spec.promise import Objective
from tests.operator.sla.counters import NOON, SCRAPING, at, bucket, requests, span

UP = Objective.model_validate({"name": "up", "availability": {"targetPercent": "99.9"}})
FAST = Objective.model_validate(
    {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
)
TERMS = Terms((UP, FAST), (), SCRAPING)
EMPTY = Record(NOON, {})
NONE: Answer[tuple[Series, ...]] = NoData("none")


def scraped(until: int, *, every: int = 15, per_scrape: int = 1, first: int = 5) -> dict[float, float]:
    """A counter that rises with each scrape from shortly after noon on."""
    return {float(t): float(place * per_scrape) for place, t in enumerate(range(first, until, every))}


def reading(
    *series: Series, observed: Interval, durations: tuple[Series, ...] = (), start: float | None = 0
) -> Reading:
    labels = frozenset({"__name__": "process_start_time_seconds", "pod": "a", "revision": "r1"}.items())
    began = None if start is None else Series(labels, (Sample(at(5), at(start).timestamp()),))
    return Reading(
        observed,
        Value(series) if series else NONE,
        Value(durations) if durations else NONE,
        Value((began,)) if began else NONE,
    )


def step_at(now: datetime, *series: Series, record: Record = EMPTY, terms: Terms = TERMS, **of: object):  # type: ignore[no-untyped-def]
    stretch = stretch_after(record, now)
    observed = observed_for(stretch, SCRAPING, now)
    return advance(record, stretch, reading(*series, observed=observed, **of), terms, now)  # type: ignore[arg-type]


def counts(record: Record, account: str = REQUESTS) -> list[tuple[float, float, int]]:
    return [
        ((one.interval.start - NOON).total_seconds(), (one.interval.end - NOON).total_seconds(), one.requests)
        for one in record.accounts[account]
    ]


def test_a_stretch_goes_from_the_record_to_now_or_an_hour_on() -> None:
    assert stretch_after(EMPTY, at(90)) == span(0, 90)
    assert stretch_after(EMPTY, at(10_000)).length == LONGEST_STRETCH
    assert stretch_after(EMPTY, at(-60)) == span(0, 0), "a clock that went back counts nothing"


def test_five_minutes_are_final_when_samples_after_them_were_seen() -> None:
    now = at(360)
    early = step_at(now, requests(scraped(330)))
    assert early.record.accounts[REQUESTS] == ()
    assert early.record.until == NOON
    assert early.open[REQUESTS].requests == 20 - 2, "the last samples wait for what follows them"
    late = step_at(now, requests(scraped(355)))
    assert counts(late.record) == [(0, 300, 19)]
    assert late.record.until == at(300)
    assert late.metrics == Value(at(350))


def test_what_is_counted_and_what_follows_it_never_share_a_moment() -> None:
    made = step_at(at(1000), requests(scraped(1000)))
    assert made.open[REQUESTS].interval.start == made.record.until == at(900)
    total = sum(one[2] for one in counts(made.record)) + made.open[REQUESTS].requests
    assert total == sum(1 for t in scraped(1000) if t < 995 - 37.5) - 1


def test_a_pod_that_falls_silent_is_waited_for_and_then_unknown() -> None:
    dead = requests(scraped(310))
    waiting = step_at(at(600), dead)
    assert waiting.record.until == NOON
    later = step_at(at(305) + LATEST + timedelta(minutes=5), dead)
    assert counts(later.record) == [(0, 300, 19), (300, 600, 1)]
    assert later.record.accounts[REQUESTS][1].unknown == timedelta(seconds=295)
    assert later.metrics == Value(at(305))


def test_hours_without_any_sample_are_unknown_time_once_something_was_known() -> None:
    begun = Record(NOON, {}).extended({}, NOON)
    known = step_at(at(360), requests(scraped(355)), record=begun).record
    silent = step_at(at(3 * 3600), record=known)
    assert silent.behind
    assert isinstance(silent.metrics, NoData)
    assert sum((one.unknown for one in silent.record.accounts[REQUESTS][1:]), timedelta()) == LONGEST_STRETCH


def test_before_anything_is_known_silence_is_no_unknown_time() -> None:
    silent = step_at(at(7200))
    assert silent.record.accounts == {REQUESTS: (), "latency-200": ()}
    assert silent.record.until == at(3600)


@pytest.mark.parametrize("question", ["requests", "durations", "starts"])
def test_where_prometheus_does_not_answer_nothing_is_counted(question: str) -> None:
    stretch = stretch_after(EMPTY, at(5000))
    good = reading(requests(scraped(5000)), observed=observed_for(stretch, SCRAPING, at(5000)))
    lost: Failed = Failed("no answer")
    step = advance(EMPTY, stretch, replace(good, **{question: lost}), TERMS, at(5000))
    assert (step.record, step.metrics, step.behind) == (EMPTY, lost, False)


def test_a_sample_that_cannot_be_right_holds_up_counting_and_later_is_unknown_time() -> None:
    wrong = requests({**scraped(355), 350.0: float("nan")})
    held = step_at(at(400), wrong)
    assert isinstance(held.metrics, Failed)
    assert held.record == EMPTY
    past = step_at(at(3900) + LATEST, wrong, record=step_at(at(360), requests(scraped(355))).record)
    assert (past.record.until, past.behind) == (at(600), True), "what follows is counted at the next step"
    assert sum(one.requests for one in past.record.accounts[REQUESTS]) == 19


def counting_on(*series: Series, minutes: int, first: int = 1) -> tuple[Record, list[int]]:
    """A look each minute: the record, and the minutes in which the metrics were told to fail."""
    record, failed = EMPTY, []
    for minute in range(first, minutes):
        now, step = at(60 * minute), None
        while step is None or step.behind:
            stretch = stretch_after(record, now)
            observed = observed_for(stretch, SCRAPING, now)
            seen = Interval(observed.start, min(observed.end, now))
            said = reading(*series, observed=observed, start=None).during(seen)
            step = advance(
                record, stretch, replace(said, observed=observed), replace(TERMS, objectives=(UP,)), now
            )
            record = step.record
        failed += [minute] if isinstance(step.metrics, Failed) else []
    return record, failed


@pytest.mark.parametrize("first", [1, 179], ids=["looking on", "after three hours"])
def test_a_bad_minute_makes_five_minutes_unknown_and_stops_counting_for_twenty(first: int) -> None:
    one = requests(scraped(3 * 3600))
    again = tuple(sample for sample in one.samples if at(600) < sample.at < at(700))
    other = Series(one.labels | {("job", "second")}, again)
    record, failed = counting_on(one, other, minutes=180, first=first)
    cells = record.accounts[REQUESTS]
    assert sum((cell.unknown for cell in cells), timedelta()) <= timedelta(minutes=6)
    assert sum(cell.requests for cell in cells) >= (record.until - NOON) / timedelta(seconds=15) - 25
    assert len(failed) <= 20
    assert record.until >= at(170 * 60)


def test_of_an_hour_with_an_outcome_that_nobody_knows_five_minutes_are_lost() -> None:
    one = requests(scraped(3 * 3600))
    odd = requests({600.0: 0.0, 615.0: 1.0}, outcome="odd")
    record, _ = counting_on(one, odd, minutes=180, first=179)
    assert sum(cell.requests for cell in record.accounts[REQUESTS]) >= 4 * 175 - 45
    assert sum((cell.unknown for cell in record.accounts[REQUESTS]), timedelta()) <= timedelta(minutes=11)


def test_latency_is_counted_by_its_boundary_and_unknown_without_one() -> None:
    fast = {t: value // 2 for t, value in scraped(355).items()}
    both = (bucket(fast, "0.2"), bucket(scraped(355), "+Inf"))
    made = step_at(at(360), requests(scraped(355)), durations=both)
    (cell,) = made.record.accounts["latency-200"]
    assert cell.by_revision == {"r1": Tally(9, 10)}
    without = step_at(at(360), requests(scraped(355)), durations=(bucket(scraped(355), "+Inf"),))
    assert without.record.accounts["latency-200"] == ()
    assert counts(without.record) == [(0, 300, 19)]


def test_a_pod_that_two_jobs_scrape_is_no_value() -> None:
    one = requests(scraped(355))
    other = Series(one.labels | {("job", "second")}, one.samples)
    twice = step_at(at(360), one, other)
    assert isinstance(twice.metrics, Failed)
    assert "scraped twice" in twice.metrics.why
    assert 'job="second"' in twice.metrics.why


@pytest.mark.parametrize("missing", ["pod", "revision"])
def test_series_without_the_labels_of_a_pod_are_no_value(missing: str) -> None:
    one = requests(scraped(355))
    bare = Series(frozenset(pair for pair in one.labels if pair[0] != missing), one.samples)
    step = step_at(at(360), bare)
    assert isinstance(step.metrics, Failed)
    assert f"no label '{missing}'" in step.metrics.why


def test_a_process_that_began_inside_counts_from_zero_and_any_other_from_its_first_sample() -> None:
    values = {t: value + 100 for t, value in scraped(355).items()}
    assert counts(step_at(at(360), requests(values), start=1).record) == [(1, 300, 119)]
    assert counts(step_at(at(360), requests(values), start=-500).record) == [(0, 300, 19)]
    assert counts(step_at(at(360), requests(values), start=None).record) == [(5, 300, 19)]


def test_what_happens_in_an_exclusion_is_neither_counted_nor_unknown() -> None:
    quiet = Terms((UP,), (OneOff("maintenance", span(60, 120)),), SCRAPING)
    (cell,) = step_at(at(360), requests(scraped(355)), terms=quiet).record.accounts[REQUESTS]
    assert (cell.requests, cell.unknown) == (19 - 4, timedelta())
    known = step_at(at(360), requests(scraped(355)), terms=quiet).record
    away = replace(quiet, exclusions=(OneOff("maintenance", span(300, 100_000)),))
    silent = step_at(at(3 * 3600), record=known, terms=away)
    assert sum((one.unknown for one in silent.record.accounts[REQUESTS]), timedelta()) == timedelta()


def test_a_window_that_begins_within_an_hour_cuts_the_hour() -> None:
    monthly = replace(TERMS, borders=(at(1800),))
    made = step_at(at(10 * 3600), requests(scraped(7000)), terms=monthly)
    assert counts(made.record) == [(0, 1800, 119), (1800, 3600, 120)]
