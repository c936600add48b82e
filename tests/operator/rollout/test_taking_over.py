"""How a revision takes over, and how it is left again: strategies, bake, return, history."""

from __future__ import annotations

from fractions import Fraction

import pytest

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause
from tests.operator.rollout.story import (
    BROKEN,
    DIFFERS,
    NEW,
    NEWER,
    OLD,
    PROVEN,
    Story,
    asking,
    rejected,
)


def said_last(story: Story) -> str:
    """What the status tells from now on."""
    assert story.memory is not None
    return story.memory.said


def test_blue_green_has_no_steps_and_a_bake() -> None:
    story = Story(asking(strategy="BlueGreen")).settled()
    story.wanted = NEW
    assert story.look().canary_replicas == 4
    story.ready[NEW] = 3
    assert (story.look().canary_weight, story.state) == (0, State.PREPARING)
    story.ready[NEW] = 4
    course = story.look()
    assert (course.stable, course.previous) == (NEW, OLD)


def test_recreate_lets_the_old_pods_go_first() -> None:
    story = Story(asking(strategy="Recreate")).settled()
    story.wanted = NEW
    course = story.look()
    assert (course.stable, course.canary, course.recreates) == (OLD, NEW, True)
    assert (course.canary_weight, course.canary_replicas) == (0, 0)
    story.ready[OLD] = 0
    assert story.look().canary_replicas == 4
    story.ready[NEW] = 1
    course = story.look()
    assert (course.stable, course.canary, course.history) == (NEW, None, (OLD,))
    assert (course.recreates, story.state) == (False, State.STEADY)


def test_a_recreated_revision_that_fails_gives_its_place_back() -> None:
    story = Story(asking(strategy="Recreate")).settled()
    story.wanted = NEW
    story.look()
    story.ready = {OLD: 0, NEW: 1}
    course = story.look(preflight=DIFFERS)
    assert (course.stable, course.canary, course.recreates) == (OLD, None, False)


def test_recreate_lets_no_pod_go_while_it_may_not_begin() -> None:
    story = Story(asking(strategy="Recreate", state="Paused")).settled()
    story.wanted = NEW
    assert not story.look().recreates


def test_a_return_ends_where_somebody_deletes_who_was_to_take_over() -> None:
    story = Story().promoted()
    story.ready[OLD] = 0
    story.look(BROKEN, fast_burn=True)
    assert story.state is State.RETURNING
    del story.ready[OLD]
    course = story.look()
    assert (course.stable, course.canary, story.state) == (NEW, None, State.STEADY)
    assert story.memory
    assert story.memory.said == f"{NEW} takes all requests: {OLD}, which was to take over again, is gone"


def test_who_was_deleted_is_made_again_where_the_resource_asks_for_it() -> None:
    story = Story().promoted()
    del story.ready[OLD]
    story.wanted = OLD
    assert (story.look().canary, story.state) == (OLD, State.RETURNING)


def test_pods_that_are_lost_in_the_bake_give_their_traffic_to_the_warm_revision() -> None:
    story = Story().promoted()
    story.ready[NEW] = 0
    course = story.look()
    assert (course.stable, course.weight(OLD)) == (OLD, 100)
    assert "EndpointsLost" in story.said
    assert rejected(story) == {}, "it may have been the node's doing"
    story.ready[NEW] = 4
    course = story.look()
    assert (course.canary, course.weight(NEW), story.state) == (NEW, 5, State.STEP), "it earns its share anew"


@pytest.mark.parametrize("reckoned", [True, False])
def test_why_one_that_lost_its_pods_in_the_bake_does_not_serve_is_told_where_it_waits(reckoned: bool) -> None:
    story = Story().promoted()
    story.ready[NEW] = 0
    left = {"budget_left_percent": Fraction(-5), "budget_of": "up"}
    if not reckoned:
        story.look(reckoned=False)
        assert said_last(story).count("no ready pod any more") == 1
    story.look(**left)
    assert story.state is State.BLOCKED
    lost = f"{NEW}, which lost its last ready pod in its bake and gave the requests back"
    assert said_last(story).startswith(f"{lost}: -5.0 % of the error budget of up is left")


def test_who_had_no_steps_and_loses_its_pods_in_the_bake_is_rejected() -> None:
    story = Story(asking(strategy="BlueGreen")).settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    assert story.look().stable == NEW
    story.ready[NEW] = 0
    assert story.look().stable == OLD
    assert rejected(story) == {NEW: Cause.ENDPOINTS_LOST}, "it would be lost again, and again"


def test_pods_that_are_lost_in_the_bake_where_nobody_is_warm_wait_for_their_return() -> None:
    story = Story().promoted()
    story.ready = {OLD: 0, NEW: 0}
    course = story.look()
    assert (course.stable, course.previous, story.state) == (NEW, OLD, State.BAKING)


def test_traffic_goes_back_as_fast_as_pods_are_ready() -> None:
    story = Story().promoted()
    story.ready[OLD] = 2
    course = story.look(BROKEN, fast_burn=True)
    assert (course.stable, course.canary, course.canary_weight, course.canary_replicas) == (NEW, OLD, 50, 4)
    assert rejected(story) == {}, "it takes traffic still"
    story.ready[OLD] = 4
    assert story.look().stable == OLD


def test_a_newer_spec_begins_when_those_who_take_over_again_have_done_so() -> None:
    story = Story().promoted()
    story.ready |= {OLD: 2, NEW: 0}
    assert story.look().weight(OLD) == 100
    story.wanted = NEWER
    course = story.look()
    assert (course.canary, course.weight(OLD), course.canary_replicas) == (OLD, 100, 4)
    assert story.memory is not None
    assert f"{OLD} takes over again; {NEWER} begins after that" in story.memory.newer
    story.look()
    assert story.said == [], "it is told once"
    story.ready[OLD] = 4
    course = story.look()
    assert (course.stable, course.canary, course.history) == (OLD, NEWER, (NEW,))


def test_a_newer_spec_takes_no_warm_pods_away_at_the_look_at_which_the_others_are_lost() -> None:
    story = Story().promoted()
    story.ready |= {OLD: 2, NEW: 0}
    story.wanted = NEWER
    assert story.look().weight(OLD) == 100


def test_a_newer_spec_hands_no_requests_back_to_whom_a_fast_burn_is_laid_to() -> None:
    story = Story().promoted()
    story.ready[OLD] = 2
    story.look(BROKEN, fast_burn=True)
    story.wanted = NEWER
    assert story.look().weight(OLD) == 50
    story.ready[OLD] = 4
    course = story.look()
    assert (course.stable, course.canary, course.history) == (OLD, NEWER, (NEW,))


def test_the_spec_of_now_takes_no_pods_away_that_alone_serve() -> None:
    story = Story().promoted()
    story.wanted = OLD
    story.ready |= {OLD: 2, NEW: 0}
    story.look()
    story.wanted = NEW
    assert story.look().weight(OLD) == 100
    story.ready[OLD] = 4
    assert story.look().canary == NEW


def test_the_spec_of_before_gets_its_pods_back_in_the_bake() -> None:
    story = Story().promoted()
    story.wanted = OLD
    course = story.look()
    assert (course.stable, course.history, story.state) == (OLD, (NEW,), State.STEADY)
    assert rejected(story) == {}


def test_without_a_warm_previous_there_is_no_bake() -> None:
    story = Story(asking(bake={"keepPrevious": "None"})).tried(50)
    story.look(PROVEN, seconds=120)
    story.ready[NEW] = 4
    course = story.look()
    assert (course.stable, course.previous, course.history, story.state) == (NEW, None, (OLD,), State.STEADY)


def test_a_newer_spec_in_the_bake_is_compared_with_the_one_that_bakes() -> None:
    story = Story().promoted()
    story.wanted = NEWER
    course = story.look()
    assert (course.stable, course.canary, course.previous, course.history) == (NEW, NEWER, None, (OLD,))


def test_the_history_is_as_long_as_it_is_said() -> None:
    story = Story(asking(revisionHistoryLimit=1, bake={"durationMinutes": 0}, strategy="BlueGreen")).settled()
    for number in range(4):
        story.wanted = f"ocr-{number}"
        story.ready[story.wanted] = 4
        story.look()
    assert story.look().history == ("ocr-2",)
