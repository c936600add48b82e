"""Whenever somebody looks, and whatever is lost: no request is counted twice, no moment is left out."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.sla.answer import NoData, Value
from paddle_operator.sla.budget import budget
from paddle_operator.sla.cells import Cell, aged, entries, within
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.measuring import Step, Terms, advance, observed_for, stretch_after
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.record import REQUESTS, Record, fitted, record_from, text_of
from paddle_operator.sla.series import Sample, Series
from paddle_operator.spec.promise import Objective
from tests.operator.sla.counters import NOON, SCRAPING, at
from tests.properties.test_counting import END, Pod, pods

UP = Objective.model_validate({"name": "up", "availability": {"targetPercent": "99.9"}})
TERMS = Terms((UP,), (), SCRAPING)
SETTLED = END + 3600


def looked(them: list[Pod], record: Record, now: datetime) -> Step:
    """One look of a process that sees what was scraped until now."""
    stretch = stretch_after(record, now)
    observed = observed_for(stretch, SCRAPING, now)
    series = [pod.series(str(place)) for place, pod in enumerate(them)]
    seen = tuple(Series(one.labels, tuple(s for s in one.samples if s.at <= now)) for one in series)
    seen = tuple(one for one in seen if any(sample.at in observed for sample in one.samples))
    answer = Value(seen) if seen else NoData("none")
    starts = Value(tuple(started(pod, str(place)) for place, pod in enumerate(them) if pod.start_known))
    return advance(record, stretch, Reading(observed, answer, NoData("none"), starts), TERMS, now)


def started(pod: Pod, name: str) -> Series:
    """The start of the process that ran at each scrape."""
    lives = (pod.start, *pod.restarts)
    labels = {"__name__": "process_start_time_seconds", "pod": name, "revision": name}
    samples = (
        Sample(at(scrape), at(max(one for one in lives if one <= scrape)).timestamp())
        for scrape in pod.scrapes
    )
    return Series(frozenset(labels.items()), tuple(samples))


def followed(them: list[Pod], looks: list[int], *, forgetting: bool) -> Record:
    """Look again and again, through the stored text or not, and once more when all is settled."""
    record = Record(at(0), {})
    for second in [*looks, SETTLED]:
        step = looked(them, record, at(second))
        record = step.record
        if forgetting:
            record = record_from(text_of(fitted(record, at(second), at(0))))
    return record


def total(record: Record) -> int:
    return sum(cell.requests for cell in record.accounts.get(REQUESTS, ()))


LOOKS = st.lists(st.integers(0, SETTLED), max_size=12, unique=True).map(sorted)


@given(st.lists(pods(), min_size=1, max_size=3), LOOKS, st.booleans())
@settings(max_examples=150)
def test_no_request_is_counted_twice_whenever_somebody_looks(
    them: list[Pod], looks: list[int], forgetting: bool
) -> None:
    record = followed(them, looks, forgetting=forgetting)
    happened = sum(1 for pod in them for event in pod.events if event < END + 100)
    assert total(record) <= happened
    budget(Fraction(999, 1000), entries(record.accounts.get(REQUESTS, ())))  # raises where entries overlap


@given(st.lists(pods(lost_scrapes=False), min_size=1, max_size=3), LOOKS)
@settings(max_examples=150)
def test_many_looks_count_what_one_look_counts(them: list[Pod], looks: list[int]) -> None:
    often, once = followed(them, looks, forgetting=True), followed(them, [], forgetting=False)
    assert total(often) == total(once)
    unknown = [
        sum((cell.unknown for cell in record.accounts.get(REQUESTS, ())), timedelta())
        for record in (often, once)
    ]
    cells = len(often.accounts.get(REQUESTS, ())) + len(once.accounts.get(REQUESTS, ()))
    assert abs((unknown[0] - unknown[1]).total_seconds()) <= cells, "but for whole seconds of each cell"


@st.composite
def records(draw: st.DrawFn) -> Record:
    lengths = draw(st.lists(st.sampled_from([300, 3600]), min_size=1, max_size=60))
    starts = [sum(lengths[:place]) for place in range(len(lengths) + 1)]
    tallies = st.dictionaries(
        st.sampled_from(["r1", "r2", "r3"]),
        st.builds(Tally, st.integers(0, 9), st.integers(0, 9)).filter(lambda tally: tally.total > 0),
    )
    cells = tuple(
        Cell(Interval(at(one), at(other)), draw(tallies), timedelta(seconds=draw(st.integers(0, 300))))
        for one, other in pairwise(starts)
    )
    return Record(at(starts[-1]), {REQUESTS: cells})


@given(records())
@settings(max_examples=150)
def test_a_record_reads_back_from_its_text(record: Record) -> None:
    assert record_from(text_of(record)) == record


@given(records(), st.integers(-3600, 400_000), st.integers(1, 24))
@settings(max_examples=150)
def test_ageing_keeps_every_count_and_every_unknown_second(record: Record, later: int, hours: int) -> None:
    cells = record.accounts[REQUESTS]
    made = aged(cells, record.until + timedelta(seconds=later), (), timedelta(hours=hours))
    whole = Interval(NOON, record.until)
    for told in (cells, made):
        assert within(told, whole) == tuple(told)
    assert len(made) <= len(cells)
    assert sum(one.requests for one in made) == sum(one.requests for one in cells)
    assert sum((one.unknown for one in made), timedelta()) == sum((one.unknown for one in cells), timedelta())
    assert Record(record.until, {REQUESTS: made}).until == record.until
