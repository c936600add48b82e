"""What keeps a canary from traffic: the preflight, the budget, room, proof out of reach, a pause."""

from __future__ import annotations

from fractions import Fraction

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause, Hold
from paddle_operator.rollout.situation import Check, Prospect
from tests.operator.rollout.story import (
    BROKEN,
    FINE,
    NEW,
    OLD,
    PROVEN,
    THIN,
    WORSE,
    Story,
    asking,
    hold,
    rejected,
)


def test_the_preflight_comes_before_any_traffic() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    assert story.look(check=Check.RUNNING).canary_weight == 0
    assert story.state is State.PREFLIGHT
    assert story.look(check=Check.PASSED).canary_weight == 5


def test_a_failed_preflight_ends_a_canary() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    course = story.look(check=Check.FAILED, check_told="3 of 10 differ")
    assert (course.canary, rejected(story)) == (None, {NEW: Cause.PREFLIGHT_FAILED})


def test_a_canary_that_is_never_ready_gets_no_traffic() -> None:
    story = Story().settled()
    story.wanted = NEW
    assert {story.look(seconds=3600).canary_weight for _ in range(5)} == {0}
    assert story.state is State.PREPARING


def test_too_little_budget_keeps_a_rollout_from_beginning_but_not_the_repair() -> None:
    story = Story().settled()
    story.wanted = NEW
    assert story.look(budget_left_percent=Fraction(-1)).canary is None
    assert (story.state, hold(story), story.said) == (State.BLOCKED, Hold.BUDGET_BLOCKED, ["BudgetBlocked"])
    story.look(budget_left_percent=Fraction(5))
    assert hold(story) is Hold.NEEDS_APPROVAL
    story.rollout = asking(budgetPolicy={"override": "Repair"})
    assert story.look(budget_left_percent=Fraction(-1)).canary == NEW


def test_a_rollout_waits_for_room() -> None:
    story = Story().settled()
    story.wanted = NEW
    assert story.look(hostable=0).canary is None
    assert hold(story) is Hold.NO_CAPACITY
    assert story.look(hostable=1).canary == NEW


def test_a_step_that_cannot_be_hosted_is_not_taken() -> None:
    story = Story(full=20).tried()
    assert story.look(FINE, seconds=120, hostable=4).canary_weight == 5
    assert (story.state, hold(story)) == (State.PREPARING, Hold.NO_CAPACITY)


def test_proof_out_of_reach_is_said_before_the_beginning() -> None:
    story = Story().settled()
    story.wanted = NEW
    assert story.look(prospect=Prospect(reachable=False, told="it takes 83 minutes")).canary is None
    assert (hold(story), story.said) == (Hold.PROOF_NOT_REACHABLE, ["ProofNotReachable"])
    assert story.last is not None
    assert "83 minutes" in story.last.said[0].message


def test_the_first_weight_is_raised_for_the_proof() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    assert story.look(prospect=Prospect(reachable=True, first_weight=30)).canary_weight == 30
    assert story.look(FINE, seconds=120).canary_weight == 30
    assert story.look(FINE, seconds=120).canary_weight == 50


def test_paused_no_weight_goes_to_the_canary_and_the_analysis_goes_on() -> None:
    story = Story().tried(25)
    story.rollout = asking(state="Paused")
    assert story.look(PROVEN, seconds=9999).canary_weight == 25
    story.look(WORSE)
    assert hold(story) is Hold.REGRESSION
    assert story.look(BROKEN).canary_weight == 0
    assert story.state is State.ROLLED_BACK


def test_paused_time_does_not_count() -> None:
    story = Story().tried()
    story.rollout = asking(state="Paused")
    story.look(THIN, seconds=9999)
    story.rollout = asking()
    story.look(THIN, seconds=1799)
    assert story.state is State.STEP


def test_paused_nothing_begins_and_no_bake_ends() -> None:
    story = Story(asking(state="Paused")).settled()
    story.wanted = NEW
    assert story.look().canary is None
    assert hold(story) is Hold.PAUSED
    story = Story().promoted()
    story.rollout = asking(state="Paused")
    assert story.look(seconds=9999).previous == OLD
