"""Who alone has ready pods, while it takes over or the stable revision lost its own: nobody ends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause, Hold
from paddle_operator.rollout.verdict import Finding
from tests.operator.rollout.story import (
    AWAY,
    BROKEN,
    FINE,
    NEW,
    NEWER,
    OLD,
    PROVEN,
    THIN,
    WORSE,
    Story,
    asking,
    hold,
    rejected,
)


def promoting_alone() -> Story:
    """NEW takes over and has the only ready pods."""
    story = Story().tried(50)
    story.look(PROVEN, seconds=120)
    assert story.state is State.PROMOTING
    story.ready |= {OLD: 0, NEW: 2}
    assert story.look().weight(NEW) == 100
    return story


def test_a_newer_change_begins_beside_who_takes_over_and_alone_has_pods() -> None:
    story = promoting_alone()
    story.wanted = NEWER
    course = story.look()
    assert (course.stable, course.canary, course.weight(NEW)) == (NEW, NEWER, 100), "no outage for it"
    assert story.memory is not None
    assert story.memory.history == (OLD,)


@pytest.mark.parametrize("reckoned", [True, False])
def test_whom_it_is_to_go_back_to_is_told_also_where_the_newer_one_waits(reckoned: bool) -> None:
    story = promoting_alone()
    story.wanted = NEWER
    supersedes = f"t supersedes {NEW}, which is to be gone back to instead of {OLD}"
    if not reckoned:
        story.look(reckoned=False)
        assert story.told == f"{NEWER} is wanted; i{supersedes}"
    story.look(budget_left_percent=Fraction(-5))
    assert story.state is State.BLOCKED
    assert "no rollout begins. Wait for more, or set spec" in story.told
    assert story.memory is not None
    assert story.memory.said.count(supersedes) == 1


def test_whom_it_is_to_go_back_to_is_told_also_where_there_is_no_room() -> None:
    story = promoting_alone()
    story.rollout, story.wanted = asking(surge="Surge"), NEWER
    story.look(hostable=0)
    assert hold(story) is Hold.NO_CAPACITY
    assert story.memory is not None
    assert story.memory.said.endswith(f"It supersedes {NEW}, which is to be gone back to instead of {OLD}")


def test_one_that_is_not_wanted_is_not_to_be_approved_where_it_is_held() -> None:
    story = Story().tried(5)
    story.ready[OLD], story.wanted = 0, NEWER
    story.look(WORSE)
    assert hold(story) is Hold.REGRESSION
    assert "approve" not in story.told
    assert f"{NEW} has the only ready pods" in story.told


def test_who_is_wanted_again_gets_its_pods_before_the_requests() -> None:
    story = promoting_alone()
    story.wanted = OLD
    course = story.look()
    assert (story.state, course.weight(NEW)) == (State.RETURNING, 100)
    story.ready[OLD] = 4
    course = story.look()
    assert (course.stable, course.weight(OLD), story.state, rejected(story)) == (OLD, 100, State.STEADY, {})


@pytest.mark.parametrize("wanted", [NEWER, OLD])
def test_what_is_newer_waits_for_a_canary_that_alone_has_pods(wanted: str) -> None:
    story = Story().tried(50)
    story.ready[OLD], story.wanted = 0, wanted
    course = story.look()
    assert (course.canary, course.weight(NEW)) == (NEW, 100)
    assert f"{NEW} has the only ready pods: {wanted} is wanted" in story.told
    sooner = "To let it begin now, from there: kubectl paddle_sla promote ocr"
    assert (f"once {OLD} has one. {sooner} {NEW}. " in story.told) is (wanted == NEWER)
    assert story.told.endswith(f"To let nobody serve until then: kubectl paddle_sla abort ocr {NEW}")
    course = story.ask("approve", NEW)
    assert story.answer.startswith(
        f"Refused: {NEW} is not wanted any more, and serves until {OLD} has a ready"
    )
    story.ready[OLD] = 1
    course = story.look()
    assert (course.stable, course.canary) == (OLD, NEWER if wanted == NEWER else None)


def test_a_canary_that_is_needed_is_judged_on_gains_nothing_and_goes_once_it_is_broken() -> None:
    story = Story().tried(5)
    story.ready[OLD], story.wanted = 0, NEWER
    for _ in range(3):
        story.look(PROVEN, seconds=120)
    assert story.memory is not None
    assert story.memory.attempt is not None
    assert (story.state, story.memory.attempt.step, story.memory.attempt.weight) == (State.STEP, 0, 5)
    story.look(BROKEN)
    assert rejected(story) == {NEW: Cause.BROKEN}


def held_alone() -> Story:
    """NEW takes over, has the only ready pods, and is held for an incident of both."""
    story = promoting_alone()
    story.look(replace(BROKEN, finding=Finding.SHARED_INCIDENT))
    assert story.state is State.HELD
    return story


def test_what_is_newer_waits_for_who_is_held_while_it_takes_over_alone() -> None:
    story = held_alone()
    story.wanted = NEWER
    assert story.look().weight(NEW) == 100
    assert (story.state, story.memory and story.memory.stable) == (State.HELD, OLD), "an incident is no proof"
    assert f"begins once {OLD} has one, or what holds {NEW} is over" in story.told
    assert story.look().weight(NEW) == 100
    assert story.said == [], "it is told once"
    course = story.look(FINE)
    assert (course.stable, course.canary, course.weight(NEW)) == (NEW, NEWER, 100)


def test_who_is_wanted_again_gets_its_pods_from_who_is_held_too() -> None:
    story = held_alone()
    story.wanted = OLD
    course = story.look()
    assert (story.state, course.weight(NEW), course.canary_replicas) == (State.RETURNING, 100, 4)


def test_the_time_of_a_step_stands_for_a_canary_that_is_only_needed() -> None:
    story = Story().tried(5)
    story.look(FINE)
    assert story.memory is not None
    assert story.memory.attempt is not None
    before = story.memory.attempt.running_seconds
    story.ready[OLD], story.wanted = 0, NEWER
    for _ in range(3):
        story.look(THIN, seconds=1500)
    assert story.state is State.STEP
    assert story.memory.attempt.running_seconds == before


def test_who_was_held_while_it_took_over_and_has_a_share_of_its_own_again_does_not_take_over() -> None:
    story = held_alone()
    story.ready[OLD] = 4
    story.look(FINE)
    assert story.state is State.STEP
    story.ready[OLD], story.wanted = 0, NEWER
    course = story.look()
    assert (course.stable, course.canary, course.weight(NEW)) == (OLD, NEW, 100)


def test_who_lost_its_pods_while_it_took_over_serves_again_before_a_newer_one_begins() -> None:
    story = promoting_alone()
    story.ready[NEW] = 0
    story.look()
    story.ready[NEW], story.wanted = 1, NEWER
    course = story.look()
    assert (course.stable, course.weight(NEW)) == (OLD, 100)
    assert f"{NEWER} is wanted, and begins once {OLD} has one" in story.told
    story.ready[OLD] = 1
    course = story.look()
    assert (course.stable, course.canary, course.weight(NEW)) == (OLD, NEWER, 0)


def test_who_is_needed_while_its_next_pods_come_up_is_held_where_counts_stay_away() -> None:
    story = Story().tried(5)
    story.full = 40
    story.look(FINE, seconds=120)
    story.ready[OLD], story.wanted = 0, NEWER
    assert story.look().weight(NEW) == 100
    assert story.state is State.PREPARING
    story.look(missing=AWAY)
    story.look(missing=AWAY, seconds=60)
    assert (story.state, hold(story)) == (State.HELD, Hold.METRICS_UNAVAILABLE)


def test_that_something_newer_waits_is_told_as_long_as_it_does() -> None:
    story = Story().tried(5)
    story.ready[OLD], story.wanted = 0, NEWER
    story.look()
    assert story.memory is not None
    assert f"{NEWER} is wanted, and begins once {OLD} has one" in story.memory.newer
    story.wanted = NEW
    story.look()
    assert story.memory.newer == ""
    story.wanted = NEWER
    story.look()
    story.rollout = asking(state="Paused")
    story.look()
    assert "promote" not in story.memory.newer, "it is refused in a pause"
    story.wanted = OLD
    story.look()
    assert f"{OLD} is wanted again" in story.memory.newer
    assert story.memory.newer in story.told


def test_a_rollback_by_hand_does_not_end_the_only_ready_pods() -> None:
    story = Story().promoted()
    story.look(FINE, seconds=7200)
    story.wanted = NEWER
    story.look()
    story.ready[NEWER] = 1
    story.look(FINE)
    story.ready |= {NEW: 0, OLD: 0}
    assert story.ask("rollback", OLD).weight(NEWER) == 100
    assert story.answer.startswith(
        f"Refused: {NEWER} has the only ready pods until {NEW} has one: promote it"
    )


@pytest.mark.parametrize("of", [promoting_alone, held_alone])
def test_a_rollback_by_hand_from_who_takes_over_alone_goes_pod_by_pod(of: Callable[[], Story]) -> None:
    story = of()
    course = story.ask("rollback", OLD)
    assert (story.answer, story.state) == ("Accepted: it takes over again", State.RETURNING)
    assert (course.stable, course.canary, course.weight(NEW)) == (NEW, OLD, 100)
    story.ready[OLD] = 4
    assert story.look().weight(OLD) == 100
    assert rejected(story) == {NEW: Cause.SENT_BACK}


def test_a_rollback_by_hand_against_what_is_newer_is_refused_where_it_could_not_last() -> None:
    story = held_alone()
    story.wanted = NEWER
    story.look()
    story.ask("rollback", OLD)
    assert story.answer == f"Refused: the resource asks for {NEWER}: apply it as it was for {OLD}"
    story = promoting_alone()
    del story.ready[OLD]
    story.ask("rollback", OLD, lives=story.last and replace(story.last.course, stable=None))
    assert "Accepted" not in story.answer


def test_who_is_to_serve_and_has_no_pod_is_not_said_to_serve() -> None:
    story = Story().tried(50)
    story.ready[OLD] = 0
    assert story.ask("rollback", OLD).weight(NEW) == 100
    once = f"{OLD} serves once it has a ready pod"
    assert story.answer == f"Refused: {once}: abort what is being rolled out instead"
    story.ask("abort", NEW)
    assert story.answer == f"Accepted: it is aborted; nobody serves until {OLD} has a ready pod"


def test_who_takes_over_alone_and_is_found_broken_is_not_gone_back_to() -> None:
    for wanted, tried in ((NEWER, NEWER), (OLD, None)):
        story = promoting_alone()
        story.wanted = wanted
        course = story.look(BROKEN)
        assert (course.stable, course.canary, rejected(story)) == (OLD, tried, {NEW: Cause.BROKEN})


def test_who_takes_over_alone_and_has_spent_too_much_is_not_gone_back_to() -> None:
    story = promoting_alone()
    story.wanted = NEWER
    course = story.look(FINE, spent_percent=Fraction(11))
    assert (course.stable, course.canary, rejected(story)) == (OLD, NEWER, {NEW: Cause.BUDGET_SPENT})


def test_who_has_a_share_of_its_own_again_does_not_take_over_any_more() -> None:
    story = promoting_alone()
    story.ready |= {OLD: 4, NEW: 0}
    story.look()
    story.ready[NEW] = 2
    story.look()
    assert story.state is State.STEP
    story.ready[OLD], story.wanted = 0, NEWER
    course = story.look()
    assert (course.stable, course.canary, course.weight(NEW)) == (OLD, NEW, 100)


def test_who_was_rejected_before_takes_no_pods_from_who_takes_over_alone() -> None:
    story = Story().tried(50)
    story.look(BROKEN)
    story.wanted = NEWER
    story.look()
    story.ready[NEWER] = 2
    for verdict in (FINE, FINE, FINE, PROVEN):
        story.look(verdict, seconds=120)
    assert story.state is State.PROMOTING
    story.ready[OLD], story.wanted = 0, NEW
    course = story.look()
    assert (course.stable, course.weight(NEWER), story.state) == (NEWER, 100, State.ROLLED_BACK)
