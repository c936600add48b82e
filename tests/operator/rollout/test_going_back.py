"""Rollback by hand: whose pods come, who is rejected, and how a return ends."""

from __future__ import annotations

import pytest

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause
from tests.operator.rollout.story import (
    BROKEN,
    FINE,
    NEW,
    NEWER,
    OLD,
    Story,
    asking,
    rejected,
)


def test_rollback_in_the_bake_takes_one_look() -> None:
    story = Story().promoted()
    course = story.ask("rollback", OLD)
    assert (course.stable, course.canary, story.state) == (OLD, None, State.ROLLED_BACK)
    assert story.look().canary is None, "the one that is wanted was rejected"


def test_rollback_to_a_kept_revision_waits_for_its_pods() -> None:
    story = Story().promoted()
    story.look(FINE, seconds=1800)
    story.ready[OLD] = 0
    course = story.ask("rollback", OLD)
    assert (course.stable, course.canary, course.canary_weight, course.canary_replicas) == (NEW, OLD, 0, 4)
    story.ready[OLD] = 4
    assert story.look().stable == OLD


def test_rollback_ends_what_is_being_rolled_out() -> None:
    story = Story().promoted()
    story.look(FINE, seconds=1800)
    story.wanted = NEWER
    story.ready[NEWER] = 1
    story.look()
    assert story.look().canary == NEWER
    course = story.ask("rollback", OLD)
    assert course.stable == OLD
    assert set(course.rejected) == {NEW, NEWER}


def test_a_return_can_be_sent_elsewhere_and_forgets_nobody() -> None:
    story = Story(asking(strategy="BlueGreen", bake={"durationMinutes": 0})).settled()
    for name in (NEW, NEWER):
        story.wanted = name
        story.ready[name] = 4
        story.look()
    story.ready |= {OLD: 0, NEW: 0}
    assert story.ask("rollback", NEW).canary == NEW
    course = story.ask("rollback", OLD)
    assert (course.canary, course.history) == (OLD, (NEW,))


def test_a_newer_spec_leads_out_of_a_return() -> None:
    story = Story().promoted()
    story.ready[OLD] = 0
    story.ask("rollback", OLD)
    assert story.state is State.RETURNING
    story.wanted = NEWER
    assert story.look().canary == NEWER


def test_a_newer_spec_in_a_return_while_nobody_serves_keeps_the_persons_word() -> None:
    """Who was to take over again goes on coming up, and is who is gone back to."""
    story = Story().promoted()
    story.ready = {OLD: 0, NEW: 0}
    story.ask("rollback", OLD)
    story.wanted = NEWER
    course = story.look()
    assert (course.stable, course.canary, rejected(story)) == (OLD, NEWER, {NEW: Cause.SENT_BACK})
    assert f"it supersedes {OLD}, which is to be gone back to instead of {NEW}" in story.told
    course = story.ask("abort", NEWER)
    assert (course.stable, course.canary) == (OLD, None)


def test_a_person_rolls_back_to_who_takes_over_again_anyway_and_the_other_one_is_rejected_for_it() -> None:
    story = Story().promoted()
    story.ready |= {OLD: 2, NEW: 0}
    story.look()
    assert story.state is State.RETURNING
    story.ask("rollback", OLD)
    assert story.answer == "Accepted: it takes over again"
    story.ready |= {OLD: 4, NEW: 4}
    assert story.look().canary is None
    assert rejected(story) == {NEW: Cause.SENT_BACK}


def test_who_keeps_a_revision_without_pods_is_told_that_nobody_serves() -> None:
    story = Story().promoted()
    story.ready[NEW] = 0
    story.full = 5
    story.ask("rollback", OLD)
    assert story.state is State.RETURNING
    story.ask("abort", OLD)
    assert story.answer == f"Accepted: {NEW} serves again once its pods are ready; until then nobody does"


def test_rollback_to_one_that_is_not_kept_is_refused_with_those_that_are() -> None:
    story = Story().promoted()
    story.ask("rollback", NEWER)
    assert story.answer == f"Refused: {NEWER} is none to go back to; there is: {OLD}"
    story.ask("rollback", NEW)
    assert story.answer.startswith(f"Refused: {NEW} serves")
    story.ask("rollback", OLD)
    story.ask("rollback", NEW)
    assert "there is: none" in story.answer


def test_a_return_that_cannot_end_is_ended_by_a_person() -> None:
    story = Story().promoted()
    story.ready[OLD] = 0
    story.ask("rollback", OLD)
    assert story.state is State.RETURNING
    story.ask("abort", OLD)
    assert story.answer == f"Accepted: {NEW} goes on serving"
    assert story.state is State.STEADY
    course = story.look()
    assert (course.weight(NEW), course.history) == (100, (OLD,)), "it may be gone back to again"


def spec_set_back() -> Story:
    """In the bake of NEW the spec asks for OLD again, which comes up."""
    story = Story().promoted()
    story.ready[OLD], story.wanted = 2, OLD
    assert story.look().weight(OLD) == 50
    assert story.state is State.RETURNING
    return story


def test_who_is_wanted_again_in_its_return_has_its_bake_before_it() -> None:
    story = spec_set_back()
    story.wanted = NEW
    course = story.look()
    assert (course.stable, course.previous, course.weight(NEW)) == (NEW, OLD, 100)
    assert (story.state, story.memory and story.memory.history) == (State.BAKING, ())
    assert story.told == f"{NEW} takes all requests; {OLD} is kept to go back to: {NEW} is wanted again"
    story.ready[OLD] = 4
    story.look(FINE, seconds=600)
    assert story.state is State.BAKING
    course = story.look(BROKEN, fast_burn=True)
    assert (course.stable, course.canary) == (OLD, NEW)


@pytest.mark.parametrize(("keeps", "pods"), [("None", 4), ("Warm", 3)])
def test_nobody_is_kept_warm_who_is_not_to_be_or_whose_pods_may_take_the_place_of_others(
    keeps: str, pods: int
) -> None:
    story = spec_set_back()
    story.rollout, story.wanted = asking(bake={"keepPrevious": keeps}), NEW
    story.ready[NEW] = pods
    course = story.look()
    assert (course.stable, course.previous, course.history) == (NEW, None, (OLD,))
    assert (story.state, story.told) == (State.STEADY, f"{NEW} takes all requests: {NEW} is wanted again")
