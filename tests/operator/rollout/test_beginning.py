"""What keeps a canary from traffic: the preflight, the budget, room, proof out of reach, a pause."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause, Hold
from tests.operator.rollout.story import (
    BROKEN,
    CHECK_BROKEN,
    CHECKED,
    CHECKING,
    DIFFERS,
    FINE,
    NEW,
    NEWER,
    OLD,
    OUT_OF_REACH,
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
    assert story.look(preflight=CHECKING).canary_weight == 0
    assert story.state is State.PREFLIGHT
    assert story.look(preflight=CHECKED).canary_weight == 5


def test_a_failed_preflight_ends_a_canary() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    course = story.look(preflight=DIFFERS)
    assert (course.canary, rejected(story)) == (None, {NEW: Cause.PREFLIGHT_FAILED})


def test_a_preflight_that_finds_nothing_out_waits_and_a_person_goes_on_without() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    assert story.look(preflight=CHECK_BROKEN).canary_weight == 0
    assert (story.state, hold(story), story.said[-1]) == (
        State.PREFLIGHT,
        Hold.PREFLIGHT_BROKEN,
        "PreflightBroken",
    )
    assert rejected(story) == {}
    assert story.ask("approve", NEW, preflight=CHECK_BROKEN).canary_weight == 5


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


def test_while_nobody_knows_what_is_wanted_what_was_wanted_before_does_not_begin() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.look(budget_left_percent=Fraction(-1))
    story.wanted = None  # a digest that is not resolved yet, or is not the one that was pinned
    assert story.look().canary is None
    assert story.state is State.BLOCKED
    story.wanted = NEW
    assert story.look().canary == NEW


def test_whoever_is_wanted_now_is_named_while_it_waits_for_the_same_as_the_one_before() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.look(budget_left_percent=Fraction(-1))
    story.wanted = NEWER
    story.look(budget_left_percent=Fraction(-1))
    assert story.memory is not None
    assert story.memory.said.startswith(f"{NEWER}: -1.0 % of the error budget is left")
    assert "override to Repair" in story.memory.said


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
    assert story.look(reach=OUT_OF_REACH).canary is None
    assert (hold(story), story.said) == (Hold.PROOF_NOT_REACHABLE, ["ProofNotReachable"])
    assert story.last is not None
    message = story.last.said[0].message
    assert "proof takes 1 h 23 min at the present traffic of 2 requests a second: it needs 4,405" in message
    assert "step 3 with 50 % of all would take 50 min, of 30 min that it may" in message
    assert story.look().canary is None, "an outage of the metrics brings no proof into reach"
    assert story.look(reach=replace(OUT_OF_REACH, fits=True)).canary == NEW


def test_a_person_who_lets_it_begin_without_proof_gets_the_weight_that_was_said() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    story.look(reach=OUT_OF_REACH)
    assert story.last is not None
    assert story.last.said[0].message.endswith(f"or with 50 % by kubectl paddle_sla approve ocr {NEW}")
    nobody_asks = Reach((5, 25, 50), math.inf, False, 4405)
    assert story.look(reach=nobody_asks).canary is None
    assert story.ask("approve", NEW, reach=nobody_asks).canary_weight == 50


def test_without_a_gateway_the_shares_of_whole_pods_are_said_of_a_proof_out_of_reach() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.look(reach=OUT_OF_REACH, by_pods=True)
    assert story.last is not None
    assert "step 3 with 33 % of all would take" in story.last.said[0].message
    assert story.last.said[0].message.endswith(f"or with 33 % by kubectl paddle_sla approve ocr {NEW}")


def test_without_requests_nothing_is_said_of_a_weight_and_it_begins_as_written() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    story.look(reach=Reach((5, 25, 50), math.inf, False, 4405))
    assert story.ask("approve", NEW, reach=OUT_OF_REACH).canary_weight == 5


def test_the_first_weight_is_raised_for_the_proof() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    assert story.look(reach=Reach((30, 30, 50), 900, fits=True)).canary_weight == 30
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


def test_a_pause_is_said_once_and_its_end_is_seen() -> None:
    story = Story().tried()
    story.rollout = asking(state="Paused")
    story.look(THIN)
    assert (story.state, hold(story), story.said) == (State.STEP, Hold.PAUSED, ["Paused"])
    story.look(THIN)
    assert (hold(story), story.said) == (Hold.PAUSED, [])
    story.rollout = asking()
    story.look(THIN)
    assert (story.state, hold(story)) == (State.STEP, None)


def test_all_requests_are_not_called_a_share() -> None:
    story = Story(asking(strategy="BlueGreen")).settled()
    story.wanted = NEW
    story.look()
    assert story.memory is not None
    assert story.memory.said == f"{NEW}: pods for all requests come up"


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
