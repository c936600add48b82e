"""Whatever a gateway's proxies answer and whoever looks when: each answer counts once, at its class."""

from __future__ import annotations

from datetime import datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from paddle_operator.sla.answer import NoData, Value
from paddle_operator.sla.counting import Counted, count
from paddle_operator.sla.gateway import counters
from paddle_operator.sla.intervals import Spans
from paddle_operator.sla.measuring import Terms, advance, observed_for, stretch_after
from paddle_operator.sla.outcomes import Outcomes, Tally, outcomes
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.record import REQUESTS, Record, fitted, record_from, text_of
from paddle_operator.sla.series import Series
from paddle_operator.sla.unknown import time_of
from paddle_operator.spec.promise import Objective
from tests.operator.sla.counters import SCRAPING, at, known, span
from tests.operator.sla.proxies import Proxy

END = 1200
GAP = SCRAPING.longest_gap.total_seconds()
SETTLED = END + 3600
UP = Objective.model_validate({"name": "up", "availability": {"targetPercent": "99.9"}})
TERMS = Terms((UP,), (), SCRAPING)
CLASSES = st.sampled_from(["2", "2", "2", "4", "5"])


@st.composite
def proxies(draw: st.DrawFn, *, restarts: bool = False, lost_scrapes: bool = False) -> Proxy:
    """A cluster that begins inside what is looked at."""
    start = draw(st.integers(1, END - 60))
    end = draw(st.integers(start + 45, END))
    inside = st.integers(start + 1, end)
    events = draw(st.lists(st.tuples(inside.map(lambda second: second - 0.5), CLASSES), max_size=40))
    anew = draw(st.lists(inside, max_size=2, unique=True).map(sorted)) if restarts else []
    scrapes = list(range(start + draw(st.integers(0, 14)), end + 1, 15))
    if lost_scrapes:
        kept = draw(st.lists(st.booleans(), min_size=len(scrapes), max_size=len(scrapes)))
        scrapes = [scrape for scrape, keep in zip(scrapes, kept, strict=True) if keep]
    return Proxy((start, *anew), tuple(sorted(events)), tuple(scrapes))


def seen(proxy: Proxy, outcome: str = "25") -> int:
    """Answers of these classes between the first scrape and the last: nobody can know of the others."""
    first, last = min(proxy.scrapes), max(proxy.scrapes)
    return sum(first < ended < last for ended, digit in proxy.events if digit in outcome)


def read(them: list[Proxy], until: float = SETTLED) -> tuple[Series, ...]:
    """What a reading tells of what was scraped until then."""
    series = [one for place, proxy in enumerate(them) for one in proxy.series(f"envoy-{place}")]
    scraped = (Series(one.labels, tuple(s for s in one.samples if s.at <= at(until))) for one in series)
    return counters(one for one in scraped if one.samples)


def looked(them: list[Proxy], looks: list[int]) -> Record:
    """Look again and again, as somebody who was restarted in between, and once more when all is settled."""
    record = Record(at(0), {})
    for second in [*looks, SETTLED]:
        now = at(second)
        stretch = stretch_after(record, now)
        observed = observed_for(stretch, SCRAPING, now)
        said = within(read(them, second), observed.start, observed.end)
        nothing = NoData("none")
        reading = Reading(observed, Value(said) if said else nothing, nothing, nothing)
        record = advance(record, stretch, reading, TERMS, now).record
        record = record_from(text_of(fitted(record, now, at(0))))
    return record


def within(series: tuple[Series, ...], start: datetime, end: datetime) -> tuple[Series, ...]:
    parts = (Series(one.labels, tuple(s for s in one.samples if start <= s.at < end)) for one in series)
    return tuple(one for one in parts if one.samples)


def tally(record: Record) -> Tally:
    cells = record.accounts.get(REQUESTS, ())
    return sum((one for cell in cells for one in cell.by_revision.values()), Tally())


@given(
    st.lists(proxies(), min_size=1, max_size=3), st.lists(st.integers(0, SETTLED), max_size=10).map(sorted)
)
@settings(max_examples=150)
def test_every_answer_between_two_scrapes_counts_once_whoever_looks_when(
    them: list[Proxy], looks: list[int]
) -> None:
    found = tally(looked(them, looks))
    assert (found.good, found.bad) == (
        sum(seen(one, "2") for one in them),
        sum(seen(one, "5") for one in them),
    )


def observed(proxy: Proxy) -> Counted | None:
    found = count(read([proxy]), span(0, END + 1), SCRAPING)
    return found.value if isinstance(found, Value) else None


def hides_a_restart(proxy: Proxy) -> bool:
    """The counters begin anew and all together pass what they were before anybody sees them again."""
    totals = {scrape: sum(proxy.counts(scrape).values()) for scrape in proxy.scrapes}
    seen = [scrape for scrape in proxy.scrapes if totals[scrape]]

    def hidden(life: int) -> bool:
        before, after = [one for one in seen if one < life], [one for one in seen if one >= life]
        return not before or not after or totals[before[-1]] <= totals[after[0]]

    return any(map(hidden, proxy.lives[1:]))


@given(proxies(restarts=True, lost_scrapes=True))
@settings(max_examples=300)
def test_what_is_counted_happened_and_what_is_lost_lies_in_unknown_time(proxy: Proxy) -> None:
    assume(proxy.scrapes)
    assume(not hides_a_restart(proxy))
    found = observed(proxy)
    assert found is not None
    whole = Spans((span(0, END + 1),))
    counted = sum(known(outcomes(found, whole)).values(), Outcomes())
    newest = max(proxy.scrapes)
    told = whole - time_of(found.unknown) - Spans((span(newest, newest + GAP),))
    for digit, number in (("2", counted.good), ("5", counted.bad)):
        happened = [ended for ended, one in proxy.events if one == digit]
        assert sum(at(ended) in told for ended in happened) <= number <= len(happened)
