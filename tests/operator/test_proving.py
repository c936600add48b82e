"""Looks by a Prometheus: who is asked what, from where a look goes on, and what it does without an answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from paddle_operator.proving import Places, Proving
from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.looks.looked import Looked
from paddle_operator.rollout.looks.looking import Revisions
from paddle_operator.rollout.looks.places import SETTLING, counted_anew
from paddle_operator.rollout.looks.remembered import Remembered, remembered_from, text_of
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Series
from tests.operator.given import a_resource, a_service
from tests.operator.rollout.looks import together
from tests.operator.sla.counters import SCRAPING, at
from tests.operator.sla.proxies import Proxy
from tests.operator.sla.traffic import Pod, every, scrapes
from tests.operator.virtual_time import in_virtual_time

UP = {"name": "up", "availability": {"targetPercent": "99"}}
ERRORS = {"name": "errors", "errorRate": {"maxPercent": "1"}}
FAST = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
BOTH = Revisions("new", "old")
FIFTEEN = timedelta(seconds=15)
_MATCHER = re.compile(r'(\w+)(=~|=)"((?:[^"\\]|\\.)*)"')


@dataclass
class Server:
    """The port `Metrics` over pods and proxies, of which it tells what a selector names."""

    pods: tuple[Pod, ...] = ()
    proxies: tuple[tuple[str, Proxy], ...] = ()
    """Each with the place of the backend whose cluster it is."""
    failure: Failed | None = None
    delay_seconds: float = 0.0
    asked: list[tuple[str, Interval]] = field(default_factory=list)

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        self.asked.append((selector, observed))
        await asyncio.sleep(self.delay_seconds)
        if self.failure is not None:
            return self.failure
        found = tuple(one for one in self._all(observed) if fits(selector, dict(one.labels)))
        return Value(found) if found else NoData(f"no sample of {selector}")

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        raise NotImplementedError("no look asks for it")

    def _all(self, observed: Interval) -> Iterable[Series]:
        pods = together(self.pods, observed)
        yield from pods.value if isinstance(pods, Value) else ()
        for place, proxy in self.proxies:
            for one in proxy.series(cluster=f"httproute/prod/calm/rule/0/backend/{place}"):
                samples = tuple(sample for sample in one.samples if sample.at in observed)
                if samples:
                    yield replace(one, samples=samples)


def fits(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether Prometheus would choose a series."""

    def one(name: str, operator: str, quoted: str) -> bool:
        wanted, found = re.sub(r"\\(.)", r"\1", quoted), labels.get(name, "")
        return bool(re.fullmatch(wanted, found)) if operator == "=~" else wanted == found

    return all(one(*matcher) for matcher in _MATCHER.findall(selector))


@dataclass
class Rollout:
    """A rollout whose looks go on from a stored text."""

    server: Server
    objectives: tuple[dict[str, Any], ...] = (ERRORS, FAST)
    places: Places | None = None
    revisions: Revisions = BOTH
    stored: str = ""
    limit_seconds: float = 5.0
    begin: float | None = None

    def look(self, second: float) -> Looked | None:
        service = a_service(a_resource().named("calm").promising(*self.objectives))
        proving = Proving(self.server, SCRAPING, limit_seconds=self.limit_seconds)
        before = remembered_from(self.stored) if self.stored else None
        begin = None if self.begin is None else at(self.begin)
        looked = in_virtual_time(
            proving(service, self.revisions, self.places, before, at(second), every=FIFTEEN, begin=begin)
        )
        if looked is not None:
            self.stored = text_of(looked.remembered)
        return looked

    def why(self, second: float, objective: str) -> str:
        """Why nothing is known of an objective at one look."""
        looked = self.look(second)
        assert looked is not None
        return str(looked.document()["look"]["why"][objective])

    def numbers(self, second: float, objective: str) -> list[int] | None:
        """Requests and bad ones of the canary, then of the stable revision, at one look."""
        looked = self.look(second)
        assert looked is not None
        found = looked.document()["objectives"][objective]
        return [*found["canary"], *found["stable"]] if found else None


def pods() -> tuple[Pod, ...]:
    return tuple(
        Pod(f"{name}-0", name, (2,), scrapes(5, 400), every(step, 20.5, 400))
        for name, step in (("new", 5), ("old", 1))
    )


def behind(**places: int) -> Places:
    return Value({place: revision for revision, place in places.items()})


def proxy(*events: tuple[float, str]) -> Proxy:
    return Proxy((-60,), events, tuple(range(-50, 400, 15)))


def gateway() -> Server:
    """The stable revision in the first place, the canary in the second one; each request a second apart."""
    old = proxy(*((second + 0.5, "2") for second in range(20, 380)))
    new = proxy(*((second + 0.5, "2") for second in range(20, 380, 5)), (100.2, "retry"), (101.2, "5"))
    return Server(pods(), (("0", old), ("1", new)))


def test_the_first_look_is_the_beginning_and_the_next_ones_count() -> None:
    rollout = Rollout(Server(pods()))
    assert "NoData: counted from 2026-06-01 12:00:00+00:00 on" in rollout.why(0, "errors")
    assert rollout.numbers(60, "errors") == [6, 0, 30, 0]
    assert rollout.numbers(120, "errors") == [12, 0, 60, 0]
    assert rollout.numbers(120 + 60, "fast") == [12, 0, 60, 0]


def test_one_question_is_asked_of_the_pods_and_written_down_as_it_can_be_asked_again() -> None:
    rollout = Rollout(Server(pods()))
    rollout.look(0)
    assert rollout.server.asked == []
    looked = rollout.look(60)
    assert looked is not None
    ((selector, observed),) = rollout.server.asked
    assert observed == Interval(at(0), at(60))
    ((asked),) = looked.asked
    assert asked.query == f"{selector}[60001ms] @ 1780315260.000"
    assert asked.answer.startswith("new bad 0 good 6 invalid 0 refused 0; old ")


def test_a_look_is_made_once_an_interval_whoever_makes_it() -> None:
    rollout = Rollout(Server(pods()))
    assert rollout.look(0) is not None
    assert rollout.look(14.9) is None
    assert rollout.look(15) is not None
    assert rollout.look(29) is None
    assert rollout.look(14) is not None, "a clock that was set back holds nothing up"


def test_a_clock_that_was_set_back_counts_nothing_twice_and_leaves_nothing_out() -> None:
    rollout = Rollout(Server(pods()))
    rollout.look(0)
    assert rollout.numbers(60, "errors") == [6, 0, 30, 0]
    assert "was not scraped again since" in rollout.why(45, "errors")
    assert rollout.numbers(120, "errors") == [12, 0, 60, 0]


def test_who_began_by_a_clock_that_was_ahead_is_counted_from_then_on() -> None:
    rollout = Rollout(Server(pods()))
    rollout.look(3600)
    rollout.look(60)
    assert rollout.numbers(120, "errors") == [9, 0, 45, 0]


def test_a_failing_prometheus_is_asked_once_an_interval_and_loses_nothing() -> None:
    rollout = Rollout(Server(pods()))
    rollout.look(0)
    rollout.look(60)
    rollout.server.failure = Failed("connection refused")
    assert rollout.why(120, "errors") == "Failed: connection refused"
    assert rollout.look(130) is None
    rollout.server.failure = None
    assert rollout.numbers(180, "errors") == [24, 0, 120, 0], "of two minutes"


def test_a_slow_prometheus_does_not_hold_a_look() -> None:
    rollout = Rollout(Server(pods(), delay_seconds=60), limit_seconds=2)
    rollout.look(0)
    assert "takes longer than 2 s" in rollout.why(60, "errors")


def test_a_look_that_was_not_stored_was_not_made() -> None:
    rollout = Rollout(Server(pods()))
    rollout.look(0)
    stored = rollout.stored
    assert rollout.numbers(60, "errors") == [6, 0, 30, 0]
    rollout.stored = stored
    assert rollout.numbers(120, "errors") == [18, 0, 90, 0]


def test_other_revisions_begin_anew() -> None:
    rollout = Rollout(Server((*pods(), Pod("newer-0", "newer", (2,), scrapes(5, 400), ()))))
    rollout.look(0)
    rollout.look(60)
    rollout.revisions = Revisions("newer", "old")
    assert "counted from 2026-06-01 12:02:00" in rollout.why(120, "errors")
    assert rollout.numbers(180, "errors") == [0, 0, 45, 0], "from the first scrape after that"


def test_without_a_gateway_availability_is_what_the_pods_say() -> None:
    rollout = Rollout(Server(pods()), (UP,))
    rollout.look(0)
    assert rollout.numbers(60, "up") == [6, 0, 30, 0]


def test_at_a_gateway_every_attempt_counts_and_all_else_stays_in_the_pods() -> None:
    rollout = Rollout(gateway(), (UP, ERRORS), behind(old=0, new=1))
    rollout.look(0)
    assert rollout.numbers(80, "up") == [10, 0, 50, 0]
    looked = rollout.look(140)
    assert looked is not None
    objectives = looked.document()["objectives"]
    assert objectives["up"] == {"canary": [14, 2], "stable": [60, 0]}
    assert objectives["errors"] == {"canary": [12, 0], "stable": [60, 0]}
    assert [str(asked.at) for asked in looked.asked] == ["Runtime", "Gateway"]


def test_what_is_refused_as_the_callers_mistake_is_told_beside_the_objectives() -> None:
    new = Pod("new-0", "new", (2,), scrapes(5, 400), every(5, 20.5, 400, outcome="invalid"))
    rollout = Rollout(Server((new, pods()[1])))
    rollout.look(0)
    looked = rollout.look(60)
    assert looked is not None
    objectives = looked.document()["objectives"]
    assert objectives["errors"] == {"canary": [0, 0], "stable": [30, 0]}
    assert objectives[REFUSED] == {"canary": [6, 6], "stable": [30, 0]}
    assert looked.missing == ""


def test_at_a_gateway_alone_what_is_refused_is_counted_there() -> None:
    old = proxy(*((second + 0.5, "2") for second in range(20, 380)))
    new = proxy(*((second + 0.5, "4") for second in range(20, 380, 5)))
    rollout = Rollout(Server((), (("0", old), ("1", new))), (UP,), behind(old=0, new=1))
    rollout.look(0)
    assert rollout.numbers(80, REFUSED) == [10, 10, 50, 0]


def test_an_order_counts_only_from_when_the_proxies_must_have_been_told_of_it() -> None:
    rollout = Rollout(gateway(), (UP,), behind(old=0, new=1))
    rollout.look(0)
    assert rollout.server.asked == []
    rollout.look(60)
    assert [observed.start for _, observed in rollout.server.asked] == [at(0) + SETTLING]


def test_when_the_order_changes_counting_begins_anew() -> None:
    rollout = Rollout(gateway(), (UP,), behind(old=0, new=1))
    rollout.look(0)
    rollout.look(80)
    rollout.places = behind(old=1, new=0)
    assert "counted from 2026-06-01 12:02:25" in rollout.why(140, "up")
    assert rollout.numbers(200, "up") == [45, 0, 9, 0], "between the scrapes at 145 and 190"


def test_a_canary_that_gets_a_place_counts_from_the_last_look_before_it() -> None:
    """Nobody was behind that place: what its cluster counts is the canary's from its first scrape on."""
    server = gateway()
    late = replace(server.proxies[1][1], lives=(100,), scrapes=tuple(range(115, 400, 15)))
    server.proxies = (server.proxies[0], ("1", late))
    rollout = Rollout(server, (UP,), behind(old=0))
    for second in (0, 50, 99):
        assert "no backend new" in rollout.why(second, "up")
    rollout.places = behind(old=0, new=1)
    assert rollout.numbers(150, "up") == [6, 0, 45, 0], "since the scrapes at 115 and 100"


@pytest.mark.parametrize("first", [behind(old=0, new=1), NoData("generation 5 is not taken yet")])
def test_what_a_canary_was_sent_before_anybody_looked_is_counted_too(first: Places) -> None:
    """Its place was empty: what its cluster has counted since its share began is its own."""
    late = proxy(*((second + 0.5, "5") for second in range(60, 380)))
    server = gateway()
    server.proxies = (server.proxies[0], ("1", late))
    rollout = Rollout(server, (UP,), first, begin=45)
    rollout.look(66)
    rollout.begin, rollout.places = None, behind(old=0, new=1)
    looked = rollout.look(90)
    assert looked is not None
    counts = looked.document()["objectives"]["up"]
    assert counts["canary"] == [25, 25], "the scrapes at 55 and 85 frame its first 25"


def test_what_another_one_was_sent_in_the_same_place_a_moment_ago_is_not_counted() -> None:
    """The one before failed in the first place until 80, and was scraped last at 70."""
    server = gateway()
    failing = proxy(*((second + 0.5, "5" if second < 80 else "2") for second in range(20, 380)))
    server.proxies = (("0", failing), server.proxies[1])

    def counted_from(moment: datetime) -> list[int] | None:
        rollout = Rollout(server, (UP,), behind(old=0, new=1), begin=(moment - at(0)).total_seconds())
        return rollout.numbers(120, "up")

    assert counted_from(at(65)) == [11, 2, 45, 10]
    assert counted_from(counted_anew(at(65), at(80))) == [8, 2, 30, 0]


def test_a_place_that_is_empty_for_a_while_is_counted_on() -> None:
    """A stable revision whose last pod comes and goes must not make the canary's counts begin anew."""
    rollout = Rollout(gateway(), (UP,), behind(old=0, new=1))
    rollout.look(0)
    rollout.look(80)
    rollout.places, rollout.revisions = behind(new=1), Revisions("new", None)
    assert rollout.numbers(110, "up") == [6, 0, 0, 0]
    rollout.places, rollout.revisions = behind(old=0, new=1), BOTH
    assert rollout.numbers(140, "up") == [8, 2, 60, 0]


def test_a_place_that_somebody_else_had_is_begun_anew() -> None:
    rollout = Rollout(gateway(), (UP,), Value({0: "old", 1: "stranger"}))
    rollout.look(0)
    rollout.look(60)
    rollout.places = behind(old=0, new=1)
    assert "counted from 2026-06-01 12:02:05" in rollout.why(120, "up")


def test_an_order_that_is_not_taken_yet_tells_nothing_and_counting_goes_on_after_it() -> None:
    rollout = Rollout(gateway(), (UP,), behind(old=0, new=1))
    rollout.look(0)
    assert rollout.numbers(80, "up") == [10, 0, 50, 0]
    rollout.places = NoData("generation 5 is not taken yet")
    assert rollout.why(140, "up") == "NoData: generation 5 is not taken yet"
    rollout.places = behind(old=0, new=1)
    assert rollout.numbers(200, "up") == [26, 2, 120, 0]


def test_a_revision_that_the_route_does_not_have_is_no_data() -> None:
    rollout = Rollout(gateway(), (UP,), behind(old=0))
    assert "the route has no backend new" in rollout.why(0, "up")
    rollout.places = Value({0: "stranger", 1: "new"})
    assert "the route has no backend old" in rollout.why(60, "up")


def test_where_the_stable_revision_has_no_traffic_the_route_need_not_have_it() -> None:
    rollout = Rollout(gateway(), (UP,), behind(new=1), Revisions("new", None))
    rollout.look(0)
    assert rollout.numbers(80, "up") == [10, 0, 0, 0]


def test_the_memory_is_the_same_for_whoever_reads_it() -> None:
    rollout = Rollout(gateway(), (UP, ERRORS, FAST), behind(old=0, new=1))
    rollout.look(0)
    looked = rollout.look(60)
    assert looked is not None
    assert isinstance(looked.remembered, Remembered)
    assert remembered_from(rollout.stored) == looked.remembered
