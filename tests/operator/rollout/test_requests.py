"""What a person asks for by hand, and what is answered."""

from __future__ import annotations

from fractions import Fraction

import pytest

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Hold
from paddle_operator.rollout.request import Request, RequestMalformed, Verb, request_from
from tests.operator.rollout.story import (
    BROKEN,
    CHECKING,
    FINE,
    NEW,
    NEWER,
    OLD,
    OUT_OF_REACH,
    PROVEN,
    SHARED,
    THIN,
    WORSE,
    Story,
    asking,
    hold,
)


def test_a_request_is_read() -> None:
    assert request_from("approve/ocr-0123456789/2026-11-26T12:00:00Z") == Request(
        Verb.APPROVE, "ocr-0123456789"
    )


@pytest.mark.parametrize(
    "text", ["approve", "approve/ocr", "approve/OCR/1", "approve/ocr/", "approve/ocr/1/2", "approve/ocr/a b"]
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(RequestMalformed, match="VERB/REVISION/NONCE"):
        request_from(text)


def test_an_unknown_verb_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(RequestMalformed, match="promote, abort, approve, retry, rollback"):
        request_from("deploy/ocr/1")


def test_a_malformed_request_is_answered_and_changes_nothing() -> None:
    story = Story().tried()
    story.look(asked="promote")
    assert story.answer.startswith("Refused: a request is VERB/REVISION/NONCE")
    assert story.state is State.STEP


def test_a_request_is_handled_once() -> None:
    story = Story().tried()
    story.look(asked=f"abort/{NEW}/1")
    story.look(asked=f"retry/{NEW}/2")
    answered = story.memory and story.memory.handled
    assert story.look(asked=f"retry/{NEW}/2").canary == NEW
    assert story.memory
    assert story.memory.handled == answered


def test_abort_takes_the_traffic_away_also_while_paused() -> None:
    story = Story().tried(25)
    story.rollout = asking(state="Paused")
    course = story.ask("abort", NEW)
    assert (course.canary, story.state, story.answer) == (None, State.ABORTED, "Accepted: it is aborted")


def test_retry_lets_a_rejected_revision_begin_again() -> None:
    story = Story().tried()
    story.look(BROKEN)
    assert story.ask("retry", NEW).canary == NEW
    assert story.answer == "Accepted: it may begin again; what else holds it, RolloutComplete tells"
    assert story.look().canary_weight == 5


def test_who_is_forgiven_where_nobody_serves_any_more_serves_at_once() -> None:
    story = Story().tried()
    story.ask("abort", NEW)
    del story.ready[OLD]
    story.ready[NEW] = 0
    assert story.look().stable is None
    course = story.ask("retry", NEW)
    assert (course.stable, course.canary, story.state) == (NEW, None, State.STEADY)
    story.ready[NEW] = 1
    assert story.look().weight(NEW) == 100


def test_retry_of_one_that_is_not_rejected_is_refused() -> None:
    story = Story().tried()
    story.ask("retry", NEW)
    assert story.answer == f"Refused: {NEW} is not rejected; rejected: none is"


def test_promote_needs_no_proof() -> None:
    story = Story().tried()
    assert story.ask("promote", NEW).canary_replicas == 4
    story.ready[NEW] = 4
    assert story.look(SHARED).stable == NEW


def test_promote_does_not_protect_what_is_found_broken() -> None:
    story = Story().tried()
    story.ask("promote", NEW)
    assert story.look(BROKEN).canary is None


def test_promote_skips_no_preflight_and_no_pause() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.look()
    story.ask("promote", NEW)
    assert "through the preflight" in story.answer
    story = Story().tried()
    story.rollout = asking(state="Paused")
    story.ask("promote", NEW)
    assert story.answer == "Refused: the rollout is paused: set spec.rollout.state to Running first"


def test_nobody_is_promoted_while_it_is_not_known_what_is_wanted() -> None:
    """It would wait with its share for a digest that may never come."""
    story = Story().tried()
    story.wanted = None
    story.ask("promote", NEW)
    assert story.answer.startswith("Refused: nobody knows what the resource asks for now")
    assert story.state is State.STEP


def test_approval_of_who_is_paused_leads_to_the_end_of_the_pause() -> None:
    story = Story(asking(state="Paused")).settled()
    story.wanted = NEW
    story.look()
    story.ask("approve", NEW)
    assert story.answer == "Refused: the rollout is paused: set spec.rollout.state to Running first"


def test_an_ordered_promotion_survives_the_loss_of_its_pods() -> None:
    story = Story().tried()
    story.ask("promote", NEW)
    story.ready[NEW] = 0
    story.look()
    story.ready[NEW] = 4
    assert story.look().stable == NEW


def test_a_manual_step_waits_for_a_person() -> None:
    story = Story(asking(steps=[{"weight": 5, "approval": "Manual"}, {"weight": 50}])).tried()
    story.look(FINE, seconds=120)
    assert (story.state, story.said) == (State.AWAITING_APPROVAL, ["AwaitingApproval"])
    assert story.look(THIN, seconds=99999).canary_weight == 5
    story.ready[NEW] = 2
    assert story.ask("approve", NEW).canary_weight == 50


def test_a_persons_approval_is_no_proof_where_steps_were_taken_away() -> None:
    manual = {"weight": 5, "approval": "Manual"}
    story = Story(asking(steps=[manual, {"weight": 50}])).tried()
    story.look(FINE, seconds=120)
    story.rollout = asking(steps=[manual])
    story.ask("approve", NEW)
    assert story.state is State.STEP
    story.look(FINE, seconds=120)
    assert story.state is State.STEP
    story.look(PROVEN)
    assert story.state is State.PROMOTING


def test_a_person_lets_a_rollout_begin_with_little_budget_and_out_of_reach_of_proof() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.look(budget_left_percent=Fraction(5))
    assert story.ask("approve", NEW, budget_left_percent=Fraction(5)).canary == NEW
    story = Story().settled()
    story.wanted = NEW
    story.look(reach=OUT_OF_REACH)
    assert story.ask("approve", NEW, reach=OUT_OF_REACH).canary == NEW


def test_who_lets_it_begin_with_little_budget_has_not_agreed_to_a_weight_that_nobody_named() -> None:
    little = Fraction(5)
    story = Story().settled()
    story.wanted = NEW
    story.look(budget_left_percent=little, reach=OUT_OF_REACH)
    assert story.ask("approve", NEW, budget_left_percent=little, reach=OUT_OF_REACH).canary is None
    assert story.look(budget_left_percent=little, reach=OUT_OF_REACH).canary is None
    assert hold(story) is Hold.PROOF_NOT_REACHABLE
    assert story.ask("approve", NEW, budget_left_percent=little, reach=OUT_OF_REACH).canary == NEW


def test_a_budget_that_blocks_needs_the_override() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.look(budget_left_percent=Fraction(-1))
    story.ask("promote", NEW, budget_left_percent=Fraction(-1))
    assert story.answer.startswith(f"Refused: {NEW} has not begun (BudgetBlocked): ")
    story.ask("approve", NEW, budget_left_percent=Fraction(-1))
    assert "override to Repair" in story.answer


def test_a_person_accepts_a_regression() -> None:
    story = Story().tried()
    story.look(WORSE)
    story.ask("approve", NEW)
    assert story.state is State.STEP
    story.look(WORSE, seconds=120)
    assert story.state is not State.HELD


def test_a_person_gives_an_unproven_step_its_time_again() -> None:
    story = Story(asking(analysis={"onUnproven": "Hold"})).tried()
    story.look(THIN, seconds=1800)
    story.ask("approve", NEW)
    story.look(THIN, seconds=1799)
    assert story.state is State.STEP


def test_what_waits_for_nobody_is_not_approved() -> None:
    story = Story().tried()
    story.ask("approve", NEW)
    assert story.answer == (
        f"Refused: {NEW} does not wait for a person now (Step): it goes on by itself, and none of its steps "
        "is left that asks for a person. To decide now, promote it, without further steps and proof, or "
        "abort it"
    )


def test_who_approves_before_a_person_is_waited_for_is_told_when_that_is() -> None:
    """Nobody is sent past the steps and the proof, nor to what would be refused as well."""
    story = Story(asking(steps=[{"weight": 5}, {"weight": 50, "approval": "Manual"}])).settled()
    story.wanted = NEW
    story.look()
    later = "it does after step 2 of 2, at AwaitingApproval: ask again then"
    story.ask("approve", NEW)
    assert story.answer == (
        f"Refused: {NEW} does not wait for a person now (Preparing): {later}. To decide now, abort it"
    )
    story.ready[NEW] = 1
    story.look(preflight=CHECKING)
    story.ask("approve", NEW, preflight=CHECKING)
    assert story.answer.endswith(f"(Preflight): {later}. To decide now, abort it")
    story.look()
    story.ask("approve", NEW)
    assert story.answer.endswith(
        f"(Step): {later}. To decide now, promote it, without further steps and proof, or abort it"
    )
    story.wanted = None
    story.ask("approve", NEW)
    assert story.answer.endswith("To decide now, abort it"), "promote would be refused"
    assert story.state is State.STEP


def test_who_approves_what_goes_on_by_itself_is_told_so() -> None:
    story = Story().tried()
    story.look(SHARED)
    story.ask("approve", NEW)
    assert "now (SharedIncident): it goes on by itself when that is over. To decide" in story.answer
    story = Story().tried(50)
    story.look(PROVEN, seconds=120)
    story.ask("approve", NEW)
    assert story.answer.endswith("now (Promoting): it takes over by itself. To decide now, abort it")
    story = Story().settled()
    story.wanted = NEW
    story.look(hostable=0)
    story.ask("approve", NEW, hostable=0)
    assert story.answer.endswith("now (NoCapacity): RolloutComplete says what helps. To decide now, abort it")


@pytest.mark.parametrize("verb", ["promote", "abort", "approve"])
def test_the_wrong_revision_is_refused(verb: str) -> None:
    story = Story().tried()
    story.ask(verb, NEWER)
    assert story.answer == f"Refused: {NEWER} is not being rolled out; being rolled out: {NEW}"
    story.ask(verb, OLD)
    assert story.answer.startswith(f"Refused: {OLD} serves")
    assert story.state is State.STEP
