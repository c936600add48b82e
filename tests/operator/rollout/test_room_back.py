"""Room that pods made for a canary comes back where its first share does not: nobody serves until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.hosting.forecast import all_at_once
from paddle_operator.rollout.hosting.hosting import Hosting
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause, Hold
from paddle_operator.spec.rollout import RolloutState
from paddle_operator.status.rollout import RolloutFacts
from tests.operator.rollout.story import (
    CHECK_BROKEN,
    CHECKED,
    CHECKING,
    NEW,
    OLD,
    Story,
    asking,
    hold,
    rejected,
)

READY, ASKED = timedelta(minutes=10), timedelta(minutes=20)
ROOM = Hosting("", READY, all_at_once(4, 4), asked=ASKED, said=True)
MINUTES = 60


class Recreated(Story):
    """OLD has ended for NEW."""

    def look(self, *args: Any, **more: Any) -> Course:
        return super().look(*args, **{"hosting": ROOM, **more})

    @property
    def message(self) -> str:
        assert self.memory is not None
        return self.memory.said

    def paused(self, state: RolloutState = RolloutState.PAUSED) -> None:
        self.rollout = self.rollout.model_copy(update={"state": state})

    def has_the_room_back(self, cause: Cause) -> None:
        assert self.last is not None
        course = self.last.course
        assert (course.stable, course.canary, course.recreates) == (OLD, None, False)
        assert rejected(self) == {NEW: cause}


@pytest.fixture
def story() -> Recreated:
    story = Recreated(asking(strategy="Recreate"))
    story.settled()
    story.wanted = NEW
    assert story.look().recreates
    story.ready[OLD] = 0
    assert story.look().canary_replicas == 4
    return story


def test_a_preflight_that_finds_nothing_out_while_nobody_serves_gives_the_room_back(story: Recreated) -> None:
    story.ready[NEW] = 1
    story.look(preflight=CHECKING)
    assert story.state is State.PREFLIGHT
    story.look(preflight=replace(CHECK_BROKEN, why=f"{CHECK_BROKEN.why}."))
    story.has_the_room_back(Cause.UNPROVEN)
    assert story.state is State.UNPROVEN
    assert story.message.startswith(
        f"{NEW} is rejected: it was not proven; nothing was found against it: nobody served while it was "
        "asked, and nothing was found out: the golden set is no JSON. "
        f"All requests go to {OLD}. Change the resource"
    )
    assert story.memory is not None
    left = RolloutFacts(story.rollout, story.memory, NEW, ready={OLD: 0, NEW: 1})
    assert left.message.endswith(f". Nobody serves until {OLD} has a ready pod")
    assert "Nobody serves until" not in replace(left, ready={OLD: 1}).message


def test_where_somebody_serves_on_a_preflight_that_finds_nothing_out_waits_for_a_person(
    story: Recreated,
) -> None:
    story.ready = {OLD: 1, NEW: 1}
    story.look(preflight=CHECKING)
    story.look(preflight=CHECK_BROKEN)
    assert hold(story) is Hold.PREFLIGHT_BROKEN
    story.ready[OLD] = 0
    story.ask("approve", NEW, preflight=CHECK_BROKEN)
    assert story.memory is not None
    assert story.memory.stable == NEW, "who is let go on in time serves"


def test_a_preflight_that_never_ends_gives_the_room_back(story: Recreated) -> None:
    story.ready[NEW] = 1
    story.look(preflight=CHECKING)
    story.look(preflight=CHECKING, seconds=29 * MINUTES)
    assert story.state is State.PREFLIGHT
    story.look(preflight=CHECKING, seconds=2 * MINUTES)
    story.has_the_room_back(Cause.UNPROVEN)
    assert "nobody served while it waited for its first share, for 31 min" in story.message


def test_a_canary_that_loses_its_pods_while_it_is_asked_gives_the_room_back(story: Recreated) -> None:
    story.ready[NEW] = 1
    story.look(preflight=CHECKING)
    story.ready[NEW] = 0
    story.look(preflight=CHECKED, seconds=29 * MINUTES)
    assert story.state is State.PREFLIGHT
    story.look(preflight=CHECKED, seconds=2 * MINUTES)
    story.has_the_room_back(Cause.NOT_READY)


@pytest.mark.parametrize("asked", [False, True], ids=["ready", "asked"])
def test_while_nobody_knows_what_is_wanted_a_canary_alone_gives_the_room_back_in_the_end(
    story: Recreated, asked: bool
) -> None:
    story.ready[NEW] = 1
    if asked:
        story.look(preflight=CHECKING)
    story.wanted = None
    story.look(preflight=CHECKED, seconds=9 * MINUTES)
    assert story.state in {State.PREPARING, State.PREFLIGHT}
    story.look(preflight=CHECKED, seconds=22 * MINUTES)
    story.has_the_room_back(Cause.UNPROVEN)


def test_whoever_is_ready_goes_on_however_late_that_is_seen(story: Recreated) -> None:
    story.ready[NEW] = 1
    story.look(seconds=60 * MINUTES)
    assert story.memory is not None
    assert (story.memory.stable, rejected(story)) == (NEW, {})


def test_a_pause_keeps_the_room_and_says_how_to_have_it_back(story: Recreated) -> None:
    story.paused()
    story.ready[NEW] = 1
    story.look(seconds=60 * MINUTES)
    assert hold(story) is Hold.PAUSED
    assert "What made room for it serves nobody until then" in story.message
    assert f"to have that back: kubectl paddle_sla abort ocr {NEW}" in story.message
    story.ask("abort", NEW)
    story.has_the_room_back(Cause.ABORTED)


def test_paused_a_canary_that_is_not_ready_gives_the_room_back(story: Recreated) -> None:
    story.paused()
    story.look(seconds=11 * MINUTES)
    story.has_the_room_back(Cause.NOT_READY)


def test_a_pause_before_the_old_pods_have_ended_ends_none() -> None:
    story = Recreated(asking(strategy="Recreate"))
    story.settled()
    story.wanted = NEW
    story.look()
    story.paused()
    course = story.look(seconds=60 * MINUTES)
    assert (course.recreates, course.canary, rejected(story)) == (False, None, {})
    assert story.state is State.PREPARING
    story.paused(RolloutState.RUNNING)
    assert story.look().recreates
    story.ready[OLD] = 0
    assert story.look().canary_replicas == 4, "the time to be ready begins when pods are missing"
    story.look(seconds=10 * MINUTES)
    assert story.state is State.PREPARING
    story.look()
    story.has_the_room_back(Cause.NOT_READY)


def test_a_canary_that_was_ready_for_hours_is_not_ended_for_a_moment(story: Recreated) -> None:
    story.ready = {OLD: 1, NEW: 1}
    story.look(preflight=CHECKING)
    story.look(preflight=CHECK_BROKEN, seconds=8 * 60 * MINUTES)
    story.ready = {OLD: 0, NEW: 0}
    story.look(preflight=CHECKING)
    assert story.state is State.PREFLIGHT
    story.ready = {OLD: 0, NEW: 1}
    story.look(preflight=CHECKED)
    assert story.memory is not None
    assert story.memory.stable == NEW


def test_a_pause_that_begins_while_all_serve_does_not_say_that_nobody_does() -> None:
    story = Recreated(asking(strategy="Recreate"))
    story.settled()
    story.wanted = NEW
    story.look()
    story.paused()
    story.look()
    assert hold(story) is Hold.PAUSED
    assert "serves nobody" not in story.message


def test_a_clock_that_was_set_back_gives_the_room_back_in_time(story: Recreated) -> None:
    story.now -= timedelta(hours=6)
    story.look()
    story.look(seconds=11 * MINUTES)
    story.has_the_room_back(Cause.NOT_READY)
