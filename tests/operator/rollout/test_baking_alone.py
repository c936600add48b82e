"""Who serves in a bake, where pods of the one before made room: it is given up where it is down for good."""

from __future__ import annotations

import pytest

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause
from tests.operator.rollout.story import FINE, NEW, NEWER, OLD, Story, rejected


def alone() -> Story:
    story = Story().promoted()
    assert story.memory is not None
    story.memory = story.memory.but(warm=False)
    story.ready[OLD] = 0
    story.look()
    return story


def test_who_loses_its_last_pod_for_the_third_time_is_given_up() -> None:
    story = alone()
    for _ in range(2):
        story.ready[NEW] = 0
        story.look()
        story.look()
        assert (story.state, rejected(story)) == (State.BAKING, {})
        story.ready[NEW] = 4
        story.look()
    story.ready[NEW] = 0
    story.look()
    story.look()
    assert story.state is State.RETURNING
    story.ready[OLD] = 4
    course = story.look()
    assert (course.stable, rejected(story)) == (OLD, {NEW: Cause.ENDPOINTS_LOST})


def test_who_has_no_pod_for_long_is_given_up_too() -> None:
    story = alone()
    story.ready[NEW] = 0
    story.look()
    story.look(seconds=590)
    assert story.state is State.BAKING
    story.look(seconds=15)
    assert story.state is State.RETURNING


@pytest.mark.parametrize("seconds", [15, 900])
def test_what_ends_the_pods_of_both_is_nobodys_fault(seconds: int) -> None:
    story = Story().promoted()
    story.look()
    for _ in range(4):
        story.ready = {OLD: 0, NEW: 0}
        story.look(seconds=seconds)
        story.look(seconds=seconds)
        story.ready = {OLD: 4, NEW: 4}
        story.look()
    assert rejected(story) == {}


def test_no_bake_is_over_while_nobody_serves() -> None:
    story = alone()
    story.ready[NEW] = 0
    story.look(seconds=7200)
    assert story.state is State.BAKING
    story.ready[NEW] = 4
    story.look(FINE)
    assert story.state is State.STEADY


def test_a_clock_that_is_set_back_gives_who_is_down_ten_minutes_anew_and_no_hour() -> None:
    story = alone()
    story.ready[NEW] = 0
    story.look()
    story.look(seconds=540)
    story.look(seconds=-3600)
    story.look(seconds=590)
    assert story.state is State.BAKING
    story.look(seconds=15)
    assert story.state is State.RETURNING


def test_losses_of_a_bake_before_do_not_count_in_one_that_begins_anew() -> None:
    story = alone()
    for _ in range(2):
        story.ready[NEW] = 0
        story.look()
        story.ready[NEW] = 4
        story.look()
    story.wanted = OLD
    story.look()
    assert story.state is State.RETURNING
    story.wanted = NEW
    story.look()
    assert story.state is State.BAKING
    story.ready[NEW] = 0
    story.look()
    story.look()
    assert (story.state, rejected(story)) == (State.BAKING, {})


@pytest.mark.parametrize("seconds", [15, 660])
def test_an_outage_that_takes_the_warm_one_a_look_before_is_nobodys_fault(seconds: int) -> None:
    """Three times, back together in between; and once for longer than anybody may be down."""
    story = Story().promoted()
    story.look()
    for _ in range(3):
        story.ready = {OLD: 0, NEW: 4}
        story.look()
        story.ready = {OLD: 0, NEW: 0}
        story.look(seconds=seconds)
        story.ready = {OLD: 0, NEW: 4}
        story.look(FINE)
        story.ready = {OLD: 4, NEW: 4}
        story.look(FINE)
    assert rejected(story) == {}


def test_a_newer_change_in_an_outage_of_both_ends_no_revision_that_comes_back() -> None:
    story = Story().promoted()
    story.look()
    story.ready = {OLD: 0, NEW: 4}
    story.look()
    story.ready = {OLD: 0, NEW: 0}
    story.look()
    story.wanted = NEWER
    story.look()
    assert story.memory is not None
    assert (story.memory.stable, story.memory.left) == (NEW, ())
