"""Looks by a Prometheus: who is asked what, from where a look goes on, and what it does without an answer."""

from __future__ import annotations

from paddle_operator.rollout.gate.settings import REFUSED
from paddle_operator.rollout.looks.looking import Revisions
from paddle_operator.rollout.looks.remembered import Remembered, remembered_from
from paddle_operator.sla.answer import Failed
from paddle_operator.sla.intervals import Interval
from tests.operator.proving_story import (
    ERRORS,
    FAST,
    UP,
    Rollout,
    Server,
    behind,
    gateway,
    pods,
)
from tests.operator.sla.counters import at
from tests.operator.sla.traffic import Pod, every, scrapes


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


def test_the_memory_is_the_same_for_whoever_reads_it() -> None:
    rollout = Rollout(gateway(), (UP, ERRORS, FAST), behind(old=0, new=1))
    rollout.look(0)
    looked = rollout.look(60)
    assert looked is not None
    assert isinstance(looked.remembered, Remembered)
    assert remembered_from(rollout.stored) == looked.remembered
