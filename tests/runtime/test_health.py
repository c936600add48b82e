"""Health is a table; draining is a function of times and counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.health import TRANSITIONS, Event, Health, State, drained


def test_the_table_is_whole() -> None:
    assert set(TRANSITIONS) == {(state, event) for state in State for event in Event}


@pytest.mark.parametrize("event", list(Event))
def test_nothing_leads_out_of_draining(event: Event) -> None:
    assert TRANSITIONS[State.DRAINING, event] is State.DRAINING


@given(st.lists(st.sampled_from(list(Event))))
def test_ready_exactly_when_the_last_news_of_workers_is_good_and_no_drain_was_asked(
    events: list[Event],
) -> None:
    health = Health()
    for at, event in enumerate(events):
        health.happen(event, now=float(at))
    news = [event for event in events if event is not Event.DRAIN]
    assert health.ready is (Event.DRAIN not in events and bool(news) and news[-1] is Event.WARM)
    first = float(events.index(Event.DRAIN)) if Event.DRAIN in events else None
    assert health.draining_since == first


def test_only_connections_made_after_draining_began_are_turned_away() -> None:
    health = Health()
    assert not health.turns_away(5.0)
    health.happen(Event.DRAIN, now=5.0)
    assert not health.turns_away(4.9)
    assert health.turns_away(5.0)


def wait(now: float, last_request: float = 0.0, in_flight: int = 0) -> bool:
    """Draining began at 10 s, quiet is 1 s, the longest drain 20 s."""
    return drained(
        now=now,
        since=10.0,
        last_request=last_request,
        in_flight=in_flight,
        quiet_seconds=1.0,
        longest_seconds=20.0,
    )


def test_an_idle_server_drains_for_one_quiet_moment() -> None:
    assert not wait(10.9)
    assert wait(11.0)


def test_a_late_request_prolongs_the_quiet_moment_and_one_inside_holds_it_up() -> None:
    assert not wait(12.0, last_request=11.5)
    assert wait(12.5, last_request=11.5)
    assert not wait(29.9, in_flight=1)


def test_no_request_holds_it_up_beyond_the_longest_time() -> None:
    assert wait(30.0, last_request=30.0, in_flight=5)
