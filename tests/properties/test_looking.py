"""Whatever pods do and whoever looks when: each request that a scrape saw is counted by exactly one look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.looks.looking import Question
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.gateway import attempts
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Series
from tests.operator.rollout.looks import BOTH, ERRORS, FAST, UP, looked, together, total
from tests.operator.sla.counters import SCRAPING, at
from tests.operator.sla.proxies import Proxy
from tests.operator.sla.traffic import Event, Pod, truth

END = 450
GAP = SCRAPING.longest_gap.total_seconds()
OUTCOMES = st.sampled_from(["good", "good", "good", "bad", "refused", "invalid"])
AT_ONCE = Question(BOTH, (ERRORS, FAST), SCRAPING, warm_up=timedelta())
PATIENT = replace(AT_ONCE, scraping=Scraping(SCRAPING.interval, tolerance=END))
"""Nothing is ever too old for it."""


@st.composite
def pods(draw: st.DrawFn, name: str, revision: str, *, lives_on: bool) -> Pod:
    """A pod that begins after the first look; it may restart, miss scrapes and vanish. No process lives for
    a second only: its start and that of the next one are taken for one, whose clock was set."""
    start = draw(st.integers(1, END - 120))
    end = END if lives_on else draw(st.integers(start + 2, END))
    inside = st.integers(start + 1, end - 1)
    halves = draw(st.lists(st.integers(0, (end - 1 - start) // 2), max_size=2))
    lives = sorted({start, *(start + 2 * half for half in halves)})
    moments = sorted(draw(st.lists(inside.map(lambda second: second + 0.5), max_size=20)))
    events = tuple(Event(moment, draw(OUTCOMES), draw(st.booleans())) for moment in moments)
    every = list(range(start + draw(st.integers(1, 15)), end, 15))
    kept = [second for second in every if draw(st.integers(0, 4))]
    last = [END - 1] if lives_on else []
    return Pod(name, revision, tuple(lives), tuple(sorted({*kept, *last})), events)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Pod, ...]:
    """Pods of both revisions, one of each until the end."""
    made = [draw(pods(f"{revision}-0", revision, lives_on=True)) for revision in ("new", "old")]
    for place in range(draw(st.integers(0, 3))):
        revision = draw(st.sampled_from(["new", "old"]))
        made.append(draw(pods(f"{revision}-{place + 1}", revision, lives_on=False)))
    return tuple(made)


LOOKS = st.lists(st.integers(1, END - 1), max_size=8, unique=True).map(lambda its: [*sorted(its), END])


@dataclass(frozen=True)
class Late:
    """A Prometheus that gets some scrapes late, and sometimes does not answer."""

    pods: tuple[Pod, ...]
    delays: tuple[int, ...]
    silent: frozenset[int]

    def __call__(self, observed: Interval, second: float) -> Answer[tuple[Series, ...]]:
        if second in self.silent and second != END:
            return Failed("connection refused")
        return together((self._known(pod, second) for pod in self.pods), observed)

    def _known(self, pod: Pod, second: float) -> Pod:
        known = (
            scrape
            for place, scrape in enumerate(pod.scrapes)
            if scrape + self.delays[place % len(self.delays)] < second or second == END
        )
        return replace(pod, scrapes=tuple(known))


@st.composite
def servers(draw: st.DrawFn) -> Late:
    delays = draw(st.lists(st.sampled_from([0, 0, 0, 5, 40]), min_size=1, max_size=7))
    silent = draw(st.frozensets(st.integers(1, END)))
    return Late(draw(crowds()), tuple(delays), silent)


def seen_by_scrapes(server: Late, *, latency: bool) -> dict[str, Counts]:
    truly = truth(server.pods, latency=latency)
    seen = {revision: Counts(one.total, one.bad) for revision, one in truly.items()}
    return {"new": Counts(), "old": Counts(), **seen}


@given(crowds(), LOOKS)
@settings(max_examples=80)
def test_every_request_that_a_scrape_saw_counts_once_whoever_looks_when(
    crowd: tuple[Pod, ...], looks: list[int]
) -> None:
    server = Late(crowd, (0,), frozenset())
    found = looked(server, looks, AT_ONCE)
    assert total(found, "errors") == seen_by_scrapes(server, latency=False)
    assert total(found, "fast") == seen_by_scrapes(server, latency=True)


@given(servers(), LOOKS)
@settings(max_examples=80)
def test_what_comes_late_or_after_a_silence_is_counted_by_the_next_look(
    server: Late, looks: list[int]
) -> None:
    """Only a restart that is known late hides what was counted before it, and nothing counts twice."""
    found, truly = looked(server, looks, PATIENT), seen_by_scrapes(server, latency=False)
    for revision, counts in total(found, "errors").items():
        assert counts.bad <= truly[revision].bad
        assert counts.requests - counts.bad <= truly[revision].requests - truly[revision].bad
    if not any(pod.lives[1:] for pod in server.pods):
        assert total(found, "errors") == truly


@given(crowds(), LOOKS)
@settings(max_examples=50)
def test_what_is_in_no_count_lies_in_time_that_is_told(crowd: tuple[Pod, ...], looks: list[int]) -> None:
    """Requests after a pod's last scrape, and before a restart, are seen by nobody. Of a process that ended
    before anybody scraped it, there is no trace at all."""
    found = looked(Late(crowd, (0,), frozenset()), looks, AT_ONCE)
    told = [unknown for look in found for unknown in look.unseen]
    for pod in crowd:
        by_scrapes = [event.at for _, event in pod.seen()]
        for event in pod.events:
            earlier = [scrape for scrape in pod.scrapes if event.at - GAP < scrape < event.at]
            if earlier and event.at not in by_scrapes and event.at < END - 2 * GAP:
                assert any(one.pod == pod.name and at(event.at) in one.interval for one in told), event


@st.composite
def proxies(draw: st.DrawFn) -> Proxy:
    """A cluster that was there before the first look and goes on until the end."""
    moments = st.integers(1, END - 2).map(lambda second: second + 0.5)
    events = draw(st.lists(st.tuples(moments, st.sampled_from(["2", "2", "4", "5", "retry"])), max_size=40))
    scrapes = [0, *range(draw(st.integers(1, 14)), END - 1, 15), END - 1]
    return Proxy((-60,), tuple(sorted(events)), tuple(scrapes))


@given(st.lists(proxies(), min_size=2, max_size=4), LOOKS)
@settings(max_examples=50)
def test_every_attempt_counts_once_by_the_revision_behind_its_cluster(
    them: list[Proxy], looks: list[int]
) -> None:
    def said(observed: Interval, _: float) -> Answer[tuple[Series, ...]]:
        whole = [
            one
            for place, proxy in enumerate(them)
            for one in proxy.series(f"envoy-{place // 2}", _cluster(place % 2))
        ]
        parts = (replace(one, samples=tuple(s for s in one.samples if s.at in observed)) for one in whole)
        found = attempts((one for one in parts if one.samples), {0: "old", 1: "new"})
        return Value(found) if found else NoData("nothing")

    found = total(looked(said, looks, Question(BOTH, (UP,), SCRAPING)), "up")
    for place, revision in enumerate(("old", "new")):
        events = [digit for proxy in them[place::2] for _, digit in proxy.events]
        bad = sum(digit in ("5", "retry") for digit in events)
        assert found[revision] == Counts(events.count("2") + bad, bad)


def _cluster(place: int) -> str:
    return f"httproute/prod/calm/rule/0/backend/{place}"
