"""A canary from its beginning to its end, as it is carried out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause, Hold
from tests.operator.rollout.story import (
    BROKEN,
    FINE,
    NEW,
    NEWER,
    OLD,
    PROVEN,
    SHARED,
    SILENT,
    THIN,
    WORSE,
    Story,
    asking,
    hold,
    rejected,
)


def test_the_first_revision_serves_at_once() -> None:
    story = Story()
    course = story.look()
    assert (course.stable, course.canary, course.weight(OLD)) == (OLD, None, 100)


def test_a_first_revision_that_was_never_ready_is_replaced_without_a_rollout() -> None:
    story = Story()
    story.look()
    story.wanted = NEW
    course = story.look()
    assert (course.stable, course.canary, story.state) == (NEW, None, State.STEADY)


def test_a_good_canary_earns_its_traffic_and_takes_over() -> None:
    story = Story().settled()
    story.wanted = NEW
    assert (story.look().canary_weight, story.state) == (0, State.PREPARING)
    story.ready[NEW] = 1
    weights = [story.look().canary_weight]
    for _ in range(2):
        course = story.look(FINE, seconds=120)
        story.ready[NEW] = course.canary_replicas
        weights.append(story.look().canary_weight)
    assert weights == [5, 25, 50]
    assert story.look(PROVEN, seconds=120).canary_replicas == 4
    assert story.state is State.PROMOTING
    story.ready[NEW] = 3
    assert story.look().canary_weight == 75
    story.ready[NEW] = 4
    course = story.look()
    assert (course.stable, course.previous, course.canary) == (NEW, OLD, None)
    assert story.said == ["Baking"]
    course = story.look(FINE, seconds=1800)
    assert (course.stable, course.previous, course.history) == (NEW, None, (OLD,))
    assert story.state is State.STEADY


def test_capacity_comes_before_weight() -> None:
    story = Story(full=20).tried()
    course = story.look(FINE, seconds=120)
    assert (course.canary_weight, course.canary_replicas) == (5, 5)
    story.ready[NEW] = 4
    assert story.look().canary_weight == 5
    story.ready[NEW] = 5
    assert story.look().canary_weight == 25


def test_weight_goes_with_capacity() -> None:
    story = Story(full=20).tried(25)
    story.ready[NEW] = 2
    assert story.look().canary_weight == 10


def test_a_step_needs_its_time_its_requests_and_the_last_one_proof() -> None:
    story = Story().tried()
    story.look(FINE, seconds=119)
    assert story.state is State.STEP
    story.look(THIN, seconds=15)
    assert story.state is State.STEP
    story.look(FINE, seconds=15)
    assert story.state is State.STEP, "its pods are there, so it takes the next share at once"
    assert story.last is not None
    assert story.last.course.canary_weight == 25
    story = Story().tried(50)
    story.look(FINE, seconds=600)
    assert story.state is State.STEP


def test_a_step_has_its_own_time_also_where_its_share_is_that_of_the_one_before() -> None:
    """So it is of a canary whose first share was raised above those of later steps."""
    steps = [{"weight": 50, "minDurationSeconds": 60, "maxDurationSeconds": 120}] * 2
    story = Story(asking(steps=steps)).settled()
    story.wanted, story.ready[NEW] = NEW, 4
    story.look()
    story.look(FINE, seconds=100)
    assert story.memory
    assert story.memory.attempt
    assert (story.memory.attempt.step, story.memory.attempt.running_seconds) == (1, 0)
    story.look(PROVEN, seconds=30)
    assert story.state is State.STEP, "no less than a minute"
    story.look(FINE, seconds=60)
    assert story.state is State.STEP, "and all of two"
    story.look(FINE, seconds=60)
    assert story.state is State.UNPROVEN


def test_a_broken_canary_loses_its_traffic_at_once_and_is_remembered() -> None:
    story = Story().tried(25)
    course = story.look(BROKEN)
    assert (course.canary, course.weight(OLD), story.state) == (None, 100, State.ROLLED_BACK)
    assert rejected(story) == {NEW: Cause.BROKEN}
    assert story.look(FINE, seconds=9999).canary is None


def test_a_rejected_revision_is_known_when_it_is_wanted_again() -> None:
    story = Story().tried()
    story.look(BROKEN)
    story.wanted = OLD
    story.look()
    assert story.state is State.STEADY
    story.wanted = NEW
    assert (story.look().canary, story.state) == (None, State.ROLLED_BACK)


def test_want_of_proof_is_told_apart_from_evidence() -> None:
    story = Story().tried()
    story.look(THIN, seconds=1800)
    assert (story.state, rejected(story)) == (State.UNPROVEN, {NEW: Cause.UNPROVEN})
    assert story.said == ["Unproven"]


def test_want_of_proof_can_be_held_and_goes_on_when_proof_comes() -> None:
    story = Story(asking(analysis={"onUnproven": "Hold"})).tried()
    story.look(THIN, seconds=1800)
    assert (story.state, hold(story)) == (State.HELD, Hold.UNPROVEN)
    assert story.look(FINE).canary_weight == 5
    assert story.look(FINE).canary_weight == 25


def test_a_shared_incident_holds_and_its_time_does_not_count() -> None:
    story = Story().tried()
    for _ in range(3):
        assert story.look(SHARED, seconds=1800).canary_weight == 5
    assert (story.state, hold(story)) == (State.HELD, Hold.SHARED_INCIDENT)
    story.look(SILENT)
    assert story.state is State.HELD
    story.look(FINE)
    assert story.state is State.STEP
    assert story.look(THIN, seconds=1799).canary_weight == 5
    assert story.state is State.STEP


def test_an_incident_holds_a_promotion() -> None:
    story = Story(full=20).tried(50)
    story.look(PROVEN, seconds=120)
    assert story.state is State.PROMOTING
    assert story.look(SHARED).canary_weight == 50
    story.ready[NEW] = 20
    assert story.look(SHARED).stable == OLD
    story.look(PROVEN)
    assert story.look(PROVEN).stable == NEW


def test_without_requests_time_stands_still() -> None:
    story = Story().tried()
    story.look(SILENT, seconds=5000)
    story.look(THIN, seconds=1799)
    assert story.state is State.STEP


@pytest.mark.parametrize(
    ("policy", "state"),
    [("Hold", State.HELD), ("Rollback", State.ROLLED_BACK), ("Ignore", State.STEP)],
)
def test_a_regression_inside_the_promise_is_what_the_resource_says(policy: str, state: State) -> None:
    story = Story(asking(analysis={"onRegressionWithinSLA": policy})).tried()
    story.look(WORSE)
    assert story.state is state


def test_a_canary_that_spends_too_much_of_the_budget_is_rolled_back() -> None:
    story = Story().tried()
    story.look(THIN, spent_percent=Fraction(10))
    assert story.state is State.STEP
    story.look(THIN, spent_percent=Fraction("10.1"))
    assert rejected(story) == {NEW: Cause.BUDGET_SPENT}


def test_the_last_endpoint_takes_the_weight_with_it_without_statistics() -> None:
    story = Story().tried(25)
    story.ready[NEW] = 0
    course = story.look()
    assert (course.canary_weight, course.canary, story.state) == (0, NEW, State.PREPARING)
    story.ready[NEW] = 1
    assert story.look().canary_weight == 25


def test_a_canary_that_loses_its_last_endpoint_again_and_again_is_to_blame() -> None:
    story = Story().tried()
    for _ in range(3):
        story.ready[NEW] = 0
        story.look()
        story.ready[NEW] = 1
        story.look()
    assert (story.state, rejected(story)) == (State.ROLLED_BACK, {NEW: Cause.ENDPOINTS_LOST})


def test_what_the_stable_revision_cannot_take_the_canary_takes() -> None:
    story = Story(full=1).tried()
    story.ready[OLD] = 0
    assert story.look().canary_weight == 100
    story.ready[OLD] = 1
    assert story.look().canary_weight == 5


def test_a_newer_spec_supersedes_a_running_canary() -> None:
    story = Story().tried(50)
    story.wanted = NEWER
    course = story.look(FINE)
    assert (course.canary, course.canary_weight, story.state) == (NEWER, 0, State.PREPARING)
    assert rejected(story) == {}


def test_a_newer_spec_supersedes_a_failed_canary() -> None:
    story = Story().tried()
    story.look(BROKEN)
    story.wanted = NEWER
    assert story.look().canary == NEWER


def test_the_old_spec_ends_a_canary() -> None:
    story = Story().tried(50)
    story.wanted = OLD
    course = story.look()
    assert (course.canary, course.weight(OLD), story.state) == (None, 100, State.STEADY)


def test_while_nobody_knows_what_is_wanted_everything_stays() -> None:
    story = Story().tried(25)
    story.wanted = None
    assert story.look().canary_weight == 25


def test_steps_that_are_taken_away_meanwhile_end_at_the_last_one() -> None:
    story = Story().tried(25)
    story.rollout = asking(steps=[{"weight": 5}])
    assert story.look(THIN).canary_weight == 25
    story.look(replace(PROVEN), seconds=120)
    assert story.state is State.PROMOTING


def test_a_canary_goes_no_further_while_nobody_knows_what_is_wanted() -> None:
    story = Story().tried(50)
    story.wanted = None
    for _ in range(20):
        course = story.look(PROVEN, seconds=120)
    assert (course.canary_weight, story.state) == (50, State.STEP)
    story.look(BROKEN)
    assert story.state is State.ROLLED_BACK, "it may still lose what it has"


def test_a_bake_is_not_over_while_the_budget_burns() -> None:
    story = Story().promoted()
    story.look(FINE, seconds=7200, fast_burn=True)
    assert story.state is State.BAKING
    story.look(FINE)
    assert story.state is State.STEADY
