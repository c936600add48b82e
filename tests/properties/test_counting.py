"""Whatever pods do and however they are scraped: what is counted happened, what is lost is unknown time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from paddle_operator.sla.answer import NoData, Value
from paddle_operator.sla.counting import Counted, count
from paddle_operator.sla.intervals import Spans
from paddle_operator.sla.series import Series
from paddle_operator.sla.unknown import clipped, time_of
from tests.operator.sla.counters import SCRAPING, at, requests, span

END = 400
GAP = SCRAPING.longest_gap.total_seconds()


@dataclass(frozen=True)
class Pod:
    """What really happened: requests half a second after whole seconds, all else at whole seconds."""

    start: int
    restarts: tuple[int, ...]
    end: int
    events: tuple[float, ...]
    scrapes: tuple[int, ...]
    start_known: bool

    def value(self, second: int) -> int:
        life = max(begin for begin in (self.start, *self.restarts) if begin <= second)
        return sum(life < event < second for event in self.events)

    def series(self, pod: str) -> Series:
        values = {float(second): float(self.value(second)) for second in self.scrapes}
        return requests(values, pod=pod, revision=pod, started=self.start if self.start_known else None)

    @property
    def hides_a_restart(self) -> bool:
        """A process restarts and passes its old value before anybody looks."""
        return any(
            self.value(one) <= self.value(other)
            for one, other in pairwise((self.start, *self.scrapes))
            if any(one < restart <= other for restart in self.restarts)
        )


@st.composite
def pods(draw: st.DrawFn, *, lost_scrapes: bool = True) -> Pod:
    start = draw(st.integers(-100, END - 50))
    end = draw(st.integers(start + 1, END + 100))
    inside = st.integers(start + 1, end)
    events = draw(st.lists(inside.map(lambda second: second - 0.5), max_size=30))
    restarts = draw(st.lists(inside, max_size=2, unique=True).map(sorted))
    scrapes = list(range(start + draw(st.integers(0, 14)), end + 1, 15))
    if lost_scrapes:
        kept = draw(st.lists(st.booleans(), min_size=len(scrapes), max_size=len(scrapes)))
        scrapes = [scrape for scrape, keep in zip(scrapes, kept, strict=True) if keep]
    return Pod(start, tuple(restarts), end, tuple(sorted(events)), tuple(scrapes), draw(st.booleans()))


CUTS = st.lists(st.integers(1, END - 1), max_size=5, unique=True).map(lambda cuts: [0, *sorted(cuts), END])


def observed(them: list[Pod]) -> Counted | None:
    series = [pod.series(str(place)) for place, pod in enumerate(them)]
    found = count(series, span(0, END), SCRAPING)
    assert isinstance(found, (Value, NoData))
    return found.value if isinstance(found, Value) else None


@given(pods())
@settings(max_examples=200)
def test_what_is_counted_happened_and_what_is_lost_lies_in_unknown_time(pod: Pod) -> None:
    assume(not pod.hides_a_restart)
    found = observed([pod])
    assume(found is not None)
    assert found is not None
    newest = max(scrape for scrape in pod.scrapes if scrape < END)
    not_scraped_yet = Spans((span(newest, newest + GAP),))
    told = Spans((span(0, END),)) - time_of(found.unknown) - not_scraped_yet
    happened = [event for event in pod.events if 0 < event < END]
    total = found.total(Spans((span(0, END),)))
    assert sum(at(event) in told for event in happened) <= total <= len(happened)


@given(st.lists(pods(), max_size=3), CUTS)
@settings(max_examples=80)
def test_intervals_side_by_side_add_up_to_their_union(them: list[Pod], cuts: list[int]) -> None:
    found = observed(them)
    assume(found is not None)
    assert found is not None
    parts = [Spans((span(one, other),)) for one, other in pairwise(cuts)]
    whole = Spans((span(0, END),))
    assert sum(found.total(part) for part in parts) == found.total(whole)
    unknown = [time_of(clipped(found.unknown, part)) for part in parts]
    assert sum((part.total for part in unknown), timedelta()) == time_of(found.unknown).total


@given(pods(lost_scrapes=False), CUTS)
@settings(max_examples=80)
def test_observations_one_after_the_other_add_up_to_one_observation(pod: Pod, cuts: list[int]) -> None:
    def total(start: int, end: int) -> int:
        part = count([pod.series("0")], span(start - GAP, end), SCRAPING)
        return part.value.total(Spans((span(start, end),))) if isinstance(part, Value) else 0

    assert sum(total(one, other) for one, other in pairwise(cuts)) == total(0, END)


@given(st.lists(pods(), max_size=3))
@settings(max_examples=80)
def test_no_step_is_negative_and_each_begins_where_the_last_one_ended(them: list[Pod]) -> None:
    found = observed(them)
    assume(found is not None)
    assert found is not None
    for _, steps in found.steps:
        assert all(step.increase >= 0 and step.since <= step.at for step in steps)
        assert all(one.at == other.since for one, other in pairwise(steps))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted), max_size=6).map(tuple))
def test_spans_know_their_moments(pairs: tuple[list[int], ...]) -> None:
    made = Spans(tuple(span(start, end) for start, end in pairs))
    assert all(
        (at(second) in made) == any(start <= second < end for start, end in pairs) for second in range(61)
    )
    starts = [part.start for part in made.parts]
    assert all(bisect_right(starts, part.start) == place + 1 for place, part in enumerate(made.parts))
