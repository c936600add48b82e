"""How a revision takes over, and how it is left again: strategies, bake, return, history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause
from paddle_operator.rollout.verdict import Finding
from tests.operator.rollout.story import (
    BROKEN,
    DIFFERS,
    FINE,
    NEW,
    NEWER,
    OLD,
    PROVEN,
    THIN,
    Story,
    asking,
    rejected,
)


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
    assert f"{OLD} takes over again, with 2 of 4 pods ready; {NEWER} begins after that" in story.memory.said
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


def test_who_takes_over_alone_and_is_found_broken_is_not_gone_back_to() -> None:
    for wanted, tried in ((NEWER, NEWER), (OLD, None)):
        story = promoting_alone()
        story.wanted = wanted
        course = story.look(BROKEN)
        assert (course.stable, course.canary, rejected(story)) == (OLD, tried, {NEW: Cause.BROKEN})


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
