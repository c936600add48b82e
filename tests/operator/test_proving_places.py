"""Looks behind a gateway: what its proxies count is of whoever is in a place of the route."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from paddle_operator.proving import Places
from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.looks.looking import Revisions
from paddle_operator.rollout.looks.places import SETTLING, first_counted
from paddle_operator.sla.answer import NoData, Value
from paddle_operator.spec.report import CountedAt
from tests.operator.proving_story import (
    BOTH,
    ERRORS,
    FIFTEEN,
    UP,
    Rollout,
    Server,
    behind,
    gateway,
    pods,
    proxy,
)
from tests.operator.sla.counters import at


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


def test_at_a_gateway_alone_what_is_refused_is_counted_there() -> None:
    old = proxy(*((second + 0.5, "2") for second in range(20, 380)))
    new = proxy(*((second + 0.5, "4") for second in range(20, 380, 5)))
    rollout = Rollout(Server((), (("0", old), ("1", new))), (UP,), behind(old=0, new=1))
    rollout.look(0)
    looked = rollout.look(80)
    assert looked is not None
    assert looked.document()["objectives"][REFUSED] == {"canary": [10, 10], "stable": [50, 0]}
    (asked,) = looked.asked
    assert re.search(r"new .*all \d+ bad 0 good 0 invalid \d+; old .*all \d+ bad 0 good \d+$", asked.answer)


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
    rollout = Rollout(server, (UP,), first, begins=dict.fromkeys(CountedAt, at(45)))
    rollout.look(66)
    rollout.begins, rollout.places = None, behind(old=0, new=1)
    looked = rollout.look(90)
    assert looked is not None
    counts = looked.document()["objectives"]["up"]
    assert counts["canary"] == [25, 25], "the scrapes at 55 and 85 frame its first 25"


def test_what_another_one_was_sent_in_the_same_place_a_moment_ago_is_not_counted() -> None:
    """The one before failed in the first place until 80, and was scraped last at 70."""
    server = gateway()
    failing = proxy(*((second + 0.5, "5" if second < 80 else "2") for second in range(20, 380)))
    server.proxies = (("0", failing), server.proxies[1])

    def counted(others: float | None) -> list[int] | None:
        ended = None if others is None else at(others)
        begins = first_counted(at(80), FIFTEEN, ended, itself=False)
        rollout = Rollout(server, (UP,), behind(old=0, new=1), begins=begins)
        rollout.look(95)
        return rollout.numbers(120, "up")

    assert counted(None) == [8, 2, 30, 0]
    assert counted(60) == counted(None), "a scrape and five seconds ago"
    assert counted(80) == [5, 2, 15, 0], "from five seconds after the first look at the order of now"


def test_pods_that_were_asked_alone_a_moment_ago_are_counted_from_then_and_others_from_their_share() -> None:
    ended, begin = at(80), at(80) - FIFTEEN
    for itself, since in ((True, ended + SETTLING), (False, begin)):
        assert first_counted(at(80), FIFTEEN, ended, itself=itself) == {CountedAt.RUNTIME: since}
    long_ago = at(80) - FIFTEEN - SETTLING
    assert first_counted(at(80), FIFTEEN, long_ago, itself=True) == dict.fromkeys(CountedAt, begin)


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
