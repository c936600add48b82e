"""However often a process begins anew: its start time tells, and nothing is counted twice or made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.sla.answer import Answer, NoData, Value
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.ledger import Page, Question, read_page
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.reading import Reading, counted
from paddle_operator.sla.series import Sample, Series
from paddle_operator.sla.unknown import time_of
from paddle_operator.spec.promise import Objective
from tests.operator.sla.counters import SCRAPING, at, known, requests, span, spans

END = 600
WHOLE = span(0, END)
SCRAPES = tuple(range(0, END, 15))
UP = Objective.model_validate({"name": "up", "availability": {"targetPercent": "99.9"}})


@dataclass(frozen=True)
class Pod:
    """Processes that begin at whole seconds; requests half a second later; scrapes every 15 seconds."""

    lives: tuple[int, ...]
    events: tuple[float, ...]
    ahead: float = 0
    """So far its clock is ahead of the scrape's."""
    wobbles: tuple[float, ...] = ()
    """By scrape: by so much the start is rounded otherwise."""
    missing: frozenset[int] = frozenset()
    """Scrapes without a start."""

    def life(self, second: float) -> int:
        return max(begin for begin in self.lives if begin <= second)

    def counters(self) -> tuple[Series, ...]:
        def of(events: tuple[float, ...], outcome: str) -> Series:
            values = {float(s): float(sum(self.life(s) < event < s for event in events)) for s in SCRAPES}
            return requests(values, outcome=outcome)

        return of(self.events[::2], "good"), of(self.events[1::2], "bad")

    def starts(self) -> Series:
        wobbles = self.wobbles or (0.0,) * len(SCRAPES)
        samples = (
            Sample(at(s), at(self.life(s) + self.ahead + wobble).timestamp())
            for s, wobble in zip(SCRAPES, wobbles, strict=True)
            if s not in self.missing
        )
        labels = {"__name__": "process_start_time_seconds", "pod": "a", "revision": "r1"}
        return Series(frozenset(labels.items()), tuple(samples))

    def reading(self, part: Interval = WHOLE) -> Reading:
        def said(*series: Series) -> Answer[tuple[Series, ...]]:
            parts = (Series(one.labels, tuple(s for s in one.samples if s.at in part)) for one in series)
            found = tuple(one for one in parts if one.samples)
            return Value(found) if found else NoData("none")

        return Reading(part, said(*self.counters()), NoData("none"), said(self.starts()))

    @property
    def seen(self) -> int:
        """How many requests a scrape saw, of those after the first scrape."""
        last = {self.life(s): s for s in SCRAPES}
        return sum(0 < event < last.get(self.life(event), -1) for event in self.events)


@st.composite
def pods(draw: st.DrawFn, *, missing: bool = False, clock: bool = False) -> Pod:
    seconds = st.integers(1, END - 1)
    restarts = draw(st.lists(seconds, max_size=12, unique=True).map(sorted))
    events = draw(st.lists(st.integers(-49, END - 1).map(lambda one: one + 0.5), max_size=60).map(sorted))
    wobble = st.floats(-0.4, 0.4).map(lambda one: round(one, 2))
    return Pod(
        (-1000, *restarts),
        tuple(events),
        draw(st.integers(-900, 900)) if clock else 0,
        tuple(draw(st.lists(wobble, min_size=len(SCRAPES), max_size=len(SCRAPES)))),
        draw(st.frozensets(st.sampled_from(SCRAPES))) if missing else frozenset(),
    )


def total(pod: Pod) -> int:
    return known(counted(pod.reading(), SCRAPING)).requests.total(Spans((WHOLE,)))


@given(pods(clock=True))
@settings(max_examples=300)
def test_all_that_a_scrape_saw_is_counted_whatever_the_pods_clock_says(pod: Pod) -> None:
    assert total(pod) == pod.seen


@given(pods(missing=True))
@settings(max_examples=300)
def test_nothing_is_made_up_where_a_scrape_lost_the_start(pod: Pod) -> None:
    assert total(pod) <= pod.seen


@given(pods())
@settings(max_examples=200)
def test_what_no_scrape_saw_lies_in_unknown_time(pod: Pod) -> None:
    unknown = time_of(known(counted(pod.reading(), SCRAPING)).requests.unknown)
    last = {pod.life(s): s for s in SCRAPES}
    lost = [
        event for event in pod.events if 0 < event < SCRAPES[-1] and event > last.get(pod.life(event), -1)
    ]
    slack = timedelta(seconds=0.4)  # the start that is known is rounded
    assert all(at(event) in unknown or at(event) - slack in unknown for event in lost)


@given(pods(clock=True), st.lists(st.integers(1, END - 1), max_size=5, unique=True).map(sorted))
@settings(max_examples=200)
def test_pages_count_what_one_reading_counts(pod: Pod, cuts: list[int]) -> None:
    question = Question((UP,), WHOLE, Spans((WHOLE,)), SCRAPING, timedelta(minutes=1))
    page: Page | None = None
    tally = Tally()
    for one, other in zip((0, *cuts), (*cuts, END), strict=True):
        page = known(read_page(question, span(one, other), pod.reading(span(one, other)), page))
        for posting in page.postings:
            tally += posting.tally
    assert tally.total == pod.seen


def test_a_crash_loop_that_reaches_the_same_counts_each_time_is_seen() -> None:
    """Each process answers four and breaks off six, is scraped, and dies a second later."""
    lives = (-14, *range(1, 286, 15))
    pod = Pod(lives, tuple(begin + 1.5 + place for begin in lives for place in range(10)))
    found = known(counted(pod.reading(span(0, 300)), SCRAPING)).requests
    assert found.total(spans((0, 300))) == 19 * 10
    assert time_of(found.unknown) == spans(*((second, second + 1) for second in range(0, 285, 15)))


def test_a_restart_that_a_fall_tells_of_too_counts_once() -> None:
    pod = Pod((-50, 16), (-3.5, -2.5, 3.5, 5.5, 17.5))
    assert total(pod) == pod.seen == 3


def test_a_clock_that_is_set_is_no_restart() -> None:
    steady = Pod((-50,), tuple(second + 0.5 for second in range(0, END, 7)))
    places = range(len(SCRAPES))
    for jumps in (tuple(30.0 * (place > 20) for place in places), tuple(-30.0 * (p > 20) for p in places)):
        moved = Pod(steady.lives, steady.events, wobbles=jumps)
        assert total(moved) == steady.seen
