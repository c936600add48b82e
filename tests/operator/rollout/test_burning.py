"""Who burns the budget in its bake: it gives its requests back, waits, and is tried again or rejected."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause, Hold
from paddle_operator.rollout.verdict import Evidence, Finding, Verdict
from paddle_operator.status.rollout import RolloutFacts, rollout_blocks
from tests.operator.rollout.story import (
    BROKEN,
    FINE,
    NEW,
    NEWER,
    OLD,
    OUT_OF_REACH,
    PROVEN,
    Story,
    asking,
    hold,
    rejected,
)


def test_a_fast_burn_in_the_bake_goes_back_and_steps_tell_who_is_to_blame() -> None:
    story = Story().promoted()
    assert story.look(FINE, fast_burn=True).stable == NEW, "something else fails"
    assert story.look(BROKEN).stable == NEW, "it breaks the promise, and nobody would be paged for it"
    course = story.look(BROKEN, fast_burn=True)
    assert (course.stable, course.weight(OLD)) == (OLD, 95)
    assert (story.state, course.canary, rejected(story)) == (State.STEP, NEW, {}), "it earns its share anew"
    assert course.weight(NEW) == 5
    story.look(BROKEN)
    assert rejected(story) == {NEW: Cause.BROKEN}, "beside the other one it is worse"


def test_who_burns_fast_in_a_second_bake_too_is_rejected() -> None:
    story = Story().promoted()
    story.look(BROKEN, fast_burn=True)
    story.raised(50).proven()
    course = story.look(broken(6.0))
    assert (course.stable, course.canary, course.weight(OLD)) == (OLD, None, 100)
    assert (story.state, rejected(story)) == (State.ROLLED_BACK, {NEW: Cause.FAST_BURN})
    assert story.look().canary is None


def test_a_burn_in_a_bake_is_forgotten_with_the_next_one_that_is_over() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.raised(50).proven()
    story.look(FINE, seconds=7200)
    assert (story.state, story.memory and story.memory.left) == (State.STEADY, ())
    assert left_bake(story) is None


def left_bake(story: Story) -> list[dict[str, str]] | None:
    assert story.memory is not None
    facts = RolloutFacts(story.rollout, story.memory, story.wanted, ready=story.ready)
    found: list[dict[str, str]] | None = rollout_blocks(facts, {})["leftBake"]
    return found


def test_who_burned_is_told_also_while_a_newer_one_serves() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.wanted = NEWER
    story.ready[NEWER] = 4
    for _ in range(9):
        story.look(PROVEN, seconds=1200)
    assert (story.state, story.memory and story.memory.stable) == (State.STEADY, NEWER)
    (burned,) = left_bake(story) or ()
    assert (burned["revision"], burned["reason"]) == (NEW, "FastBurn")


def test_who_is_forgiven_by_a_person_is_tried_again_and_rejected_by_the_next_burn() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.raised(50).proven().look(broken(6.0))
    assert rejected(story) == {NEW: Cause.FAST_BURN}
    story.ask("retry", NEW)
    assert (rejected(story), story.state) == ({}, State.STEP)
    story.raised(50).proven().look(broken(6.0))
    assert rejected(story) == {NEW: Cause.FAST_BURN}


def test_what_burned_in_its_bake_is_told_of_who_served_alone_and_of_its_second_try() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    serves = f"{NEW}, which serves alone, burns the budget fast, and is to begin anew beside {OLD}"
    assert f"{serves}: up: 60 of 1000 bad at {NEW}. In e-values" in story.told
    again = f"{NEW}, which burned the budget fast in its bake and gave the requests back"
    assert f"{again}, takes 5 % of the requests, step 1 of 3" in story.told


def test_nobody_goes_back_to_one_that_burned_and_was_forgiven_by_a_person() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.look(BROKEN)
    spent = {"budget_left_percent": Fraction(-80), "budget_of": "up"}
    story.ask("retry", NEW, **spent)
    assert (story.state, hold(story)) == (State.BLOCKED, Hold.BUDGET_BLOCKED)
    assert f"{NEW}, which burned the budget fast in its bake" in story.told
    assert "Repair" not in story.told
    assert story.ask("rollback", NEW, **spent).stable == OLD
    assert story.answer.startswith(f"Refused: {NEW} burned the budget fast in its bake")


def test_nobody_goes_back_to_one_that_lost_its_pods_in_its_bake_and_a_burn_later_is_its_first() -> None:
    story = Story().promoted()
    story.ready[NEW] = 0
    spent = {"budget_left_percent": Fraction(-80), "budget_of": "up"}
    story.look(**spent)
    assert f"{NEW}, which lost its last ready pod in its bake and gave the requests back: " in story.told
    assert "Repair" not in story.told
    story.ask("rollback", NEW, **spent)
    assert story.answer.startswith(f"Refused: {NEW} lost its last ready pod in its bake")
    story.ready[NEW] = 1
    story.look()
    story.raised(50).proven().look(broken(6.0))
    assert rejected(story) == {}


def second_bake() -> Story:
    """NEW has burned in its bake, and is in the next one."""
    story = Story().promoted()
    story.look(broken(6.0))
    return story.raised(50).proven()


def test_a_burn_is_not_forgotten_for_pods_that_were_lost_since() -> None:
    story = second_bake()
    story.ready[NEW] = 0
    story.look()
    story.ready[NEW] = 1
    story.look()
    story.raised(50).proven().look(broken(6.0))
    assert rejected(story) == {NEW: Cause.FAST_BURN}


def test_one_that_burned_and_served_until_a_newer_one_was_proven_may_be_gone_back_to() -> None:
    story = second_bake()
    story.wanted = NEWER
    for pods, verdict in ((1, None), (1, None), (1, FINE), (1, FINE), (2, FINE), (2, PROVEN), (4, None)):
        story.ready[NEWER] = pods
        story.look(verdict, seconds=120)
    assert story.state is State.BAKING
    assert story.ask("rollback", NEW).stable == NEW


def test_that_one_burned_is_not_forgotten_with_the_revision_that_served_since() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.wanted = NEWER
    story.look()
    story.ready[NEWER] = 1
    story.look()
    del story.ready[OLD]
    story.look(lives=Course(NEWER, history=(NEW,)))
    story.ask("rollback", NEW, lives=Course(NEWER, history=(NEW,)))
    assert story.answer.startswith(f"Refused: {NEW} burned the budget fast in its bake")


def test_what_may_be_asked_of_one_that_burned_is_said_by_where_it_is() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.ask("rollback", NEW)
    assert story.answer.startswith(f"Refused: {NEW} is being rolled out")
    story.look(BROKEN)
    story.ask("rollback", NEW)
    assert story.answer == f"Refused: {NEW} is none to go back to; there is: none"


def test_nobody_goes_back_to_one_that_burned_after_another_one_has_burned_too() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.wanted = NEWER
    story.look()
    for pods, verdict in ((1, FINE), (1, FINE), (2, FINE), (2, PROVEN), (4, None)):
        story.ready[NEWER] = pods
        story.look(verdict, seconds=120)
    assert story.state is State.BAKING
    assert story.look(broken(6.0)).stable == OLD
    for revision in (NEW, NEWER):
        story.ask("rollback", revision)
        assert story.answer.startswith("Refused: ")
    assert story.memory is not None
    assert story.memory.stable == OLD


def test_whose_alert_still_fires_from_the_first_bake_is_not_rejected_for_it_in_the_second() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.raised(50).proven().look(broken(1.1), fast_burn=True)
    assert rejected(story) == {}


def test_who_begins_anew_waits_until_it_is_reckoned_how_long_its_proof_takes() -> None:
    story = Story().promoted()
    course = story.look(broken(6.0), reckoned=False)
    assert (course.stable, course.canary, story.state) == (OLD, None, State.BLOCKED)
    assert story.look(reach=OUT_OF_REACH).canary is None
    assert story.memory is not None
    assert story.memory.hold is Hold.PROOF_NOT_REACHABLE


def test_who_had_no_steps_and_burns_fast_in_the_bake_is_rejected() -> None:
    story = Story(asking(strategy="BlueGreen")).settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    assert story.look().stable == NEW
    assert story.look(BROKEN, fast_burn=True).stable == OLD
    assert rejected(story) == {NEW: Cause.FAST_BURN}, "nobody could be compared with it"


def test_who_cannot_be_beside_the_other_one_and_burns_fast_is_rejected() -> None:
    story = Story().promoted()
    story.ready[OLD] = 0
    story.look(BROKEN, fast_burn=True)
    assert story.state is State.RETURNING
    story.ready[OLD] = 4
    assert story.look().stable == OLD
    assert rejected(story) == {NEW: Cause.FAST_BURN}, "its device would be needed once more"


def test_who_repairs_is_not_sent_back_to_what_it_repairs() -> None:
    story = Story(asking(budgetPolicy={"override": "Repair"})).promoted()
    assert story.look(BROKEN, fast_burn=True).stable == NEW
    story.ready[NEW] = 0
    assert story.look().stable == OLD, "with pods it is better than without"


@pytest.mark.parametrize("lost", [True, False])
def test_what_was_counted_of_a_bake_counts_for_nobody_after_it(lost: bool) -> None:
    """The gateway's proxies count by place, and the places change hands."""
    story = Story().promoted()
    story.look(FINE, counters="of the bake")
    story.ready[NEW] = 0 if lost else 4
    story.look(None if lost else broken(6.0))
    assert story.memory is not None
    assert (story.memory.stable, story.memory.counters) == (OLD, "")
    assert (story.memory.counted_until, story.memory.counted_of) == (story.now, NEW)


def test_why_one_that_burned_in_its_bake_waits_is_told_as_long_as_it_does() -> None:
    story = Story().promoted()
    story.look(broken(6.0), budget_left_percent=Fraction(-80), budget_of="up")
    assert hold(story) is Hold.BUDGET_BLOCKED
    assert story.told.endswith(
        f"{NEW}, which burned the budget fast in its bake and gave the requests back: -80.0 % of the error "
        "budget of up is left, and with less than 0 % no rollout begins. Wait for more, or change the "
        "resource"
    )


@pytest.mark.parametrize("blocked", [True, False])
def test_nobody_goes_back_to_one_that_burned(blocked: bool) -> None:
    story = Story().promoted()
    story.look(broken(6.0), budget_left_percent=Fraction(-80))
    if not blocked:
        story.wanted = OLD
        story.look()
        assert story.state is State.STEADY
    course = story.ask("rollback", NEW, budget_left_percent=Fraction(-80))
    assert (course.stable, course.weight(OLD), rejected(story)) == (OLD, 100, {})
    assert story.answer == (
        f"Refused: {NEW} burned the budget fast in its bake and gave the requests back: to have it tried "
        "again, let the resource ask for it"
    )


def test_nobody_goes_back_to_one_that_burned_while_a_newer_one_is_tried() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    story.wanted = NEWER
    assert story.look().canary == NEWER
    course = story.ask("rollback", NEW)
    assert (course.stable, course.canary, rejected(story)) == (OLD, NEWER, {})


def test_one_that_served_well_and_waits_for_budget_may_be_gone_back_to_by_hand() -> None:
    story = Story().promoted()
    story.look(FINE, seconds=7200)
    story.wanted = OLD
    assert story.look(budget_left_percent=Fraction(-80)).stable == NEW
    assert (story.state, hold(story)) == (State.BLOCKED, Hold.BUDGET_BLOCKED)
    story.ask("rollback", OLD, budget_left_percent=Fraction(-80))
    assert story.state is State.STEADY
    assert story.memory is not None
    assert story.memory.stable == OLD


def test_the_gate_alone_sees_a_burn_before_an_alert_does() -> None:
    story = Story().promoted()
    assert story.look(broken(5.9)).stable == NEW
    assert story.look(broken(6.0)).stable == OLD


def broken(burn: float) -> Verdict:
    """A verdict of the gate about an objective whose budget is spent so many times as fast as it may be."""
    found = Evidence("up", 1000, 60, 0, 0, 1e9, 1.0, 0.0, Finding.BROKEN, compared=False, burn=burn)
    return replace(BROKEN, objectives=(found,))


def test_a_fast_burn_in_the_bake_sends_nobody_back_to_whom_somebody_deleted() -> None:
    story = Story().promoted()
    del story.ready[OLD]
    course = story.look(BROKEN, fast_burn=True)
    assert (course.stable, story.state, rejected(story)) == (NEW, State.STEADY, {})
    assert story.told == (
        f"{NEW} takes all requests: {OLD}, which was kept warm, is gone: there is nobody to go back to"
    )


def test_why_one_left_its_bake_does_not_say_for_ever_that_it_is_to_begin_anew() -> None:
    story = Story().promoted()
    story.look(broken(6.0))
    (burned,) = left_bake(story) or ()
    assert burned["message"].startswith(f"{NEW}, which serves alone, burns the budget fast")
    assert "begin anew" not in burned["message"]
