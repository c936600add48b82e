"""What is said of a rollout: the share that the canary gets, what happened, and what a person can do."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.verdict import Evidence, Finding, Verdict
from tests.operator.rollout.story import (
    BROKEN,
    CHECK_BROKEN,
    FINE,
    NEW,
    NEWER,
    OLD,
    PROVEN,
    SHARED,
    WORSE,
    Story,
    asking,
)

COUNTED = Evidence("availability", 78, 55, 320, 0, 4.47e85, 2.9e35, 3e-8, Finding.BROKEN)
RETRY = f"Change the resource, or try this one again: kubectl paddle_sla retry ocr {NEW}"


def said(story: Story) -> str:
    """What happened last, as the status tells it."""
    assert story.memory is not None
    return story.memory.said


@pytest.mark.parametrize(("pods", "share"), [(1, 50), (4, 20)])
def test_without_a_gateway_the_share_is_told_that_the_pods_come_to(pods: int, share: int) -> None:
    story = Story(full=pods).settled()
    story.wanted = NEW
    story.look(by_pods=True)
    assert said(story) == f"{NEW}: pods for {share} % of the requests come up"
    story.ready[NEW] = 1
    story.look(by_pods=True)
    assert said(story) == (
        f"{NEW} takes {share} % of the requests, step 1 of 3, which asks for 5 %: requests go to {pods + 1} "
        "pods alike"
    )


def test_a_gateway_gives_a_canary_the_share_of_its_step() -> None:
    story = Story().tried()
    assert said(story) == f"{NEW} takes 5 % of the requests, step 1 of 3"


def test_a_canary_without_anybody_beside_it_is_said_to_take_everything() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready = {OLD: 0, NEW: 1}
    assert story.look(FINE).canary_weight == 100
    assert said(story) == (
        f"{NEW} takes 5 % of the requests, step 1 of 3, and 100 % until {OLD} can carry the rest"
    )


def test_of_a_rejection_the_plain_sentence_comes_first_and_the_figures_last() -> None:
    story = Story().tried()
    calm = Evidence("latency", 78, 0, 320, 0, 1, 1, 1, Finding.NOTHING_AGAINST)
    story.look(Verdict(Finding.BROKEN, False, False, (COUNTED, calm), 200, 20))
    assert said(story) == (
        f"{NEW} is rejected: it breaks the promise, and is the worse one where both were asked: "
        f"availability: 55 of 78 bad at the canary, 0 of 320 at the stable revision. "
        f"All requests go to {OLD}. {RETRY}. "
        "In e-values: availability: absolute 4.47e+85, relative 2.9e+35, proof 3e-08; latency: absolute 1, "
        "relative 1, proof 1; 200 is enough against it, 20 proves it"
    )


def test_an_abortion_says_how_to_go_on() -> None:
    story = Story().tried()
    story.ask("abort", NEW)
    assert said(story) == f"{NEW} is rejected: a person aborted it. All requests go to {OLD}. {RETRY}"


def test_a_rollback_in_the_bake_names_who_is_rejected_and_how_to_go_on() -> None:
    story = Story().promoted()
    story.ask("rollback", OLD)
    assert said(story) == f"{NEW} is rejected: a person rolled back. All requests go to {OLD}. {RETRY}"


def test_who_was_rejected_before_is_said_to_have_been() -> None:
    story = Story().tried()
    story.ask("abort", NEW)
    story.wanted = OLD
    story.look()
    assert said(story) == f"{OLD} takes all requests: {OLD} is wanted again"
    story.wanted = NEW
    story.look()
    assert said(story).startswith(
        f"{NEW} was rejected before: a person aborted it. All requests go to {OLD}."
    )


def test_who_was_rejected_before_in_the_same_way_is_told_of_in_place_of_the_last_one() -> None:
    story = Story().tried()
    story.look(BROKEN)
    story.wanted = NEWER
    story.ready[NEWER] = 1
    story.look()
    story.look(BROKEN)
    assert said(story).startswith(f"{NEWER} is rejected: ")
    story.wanted = NEW
    story.look()
    assert story.said == ["Broken"]
    assert said(story).startswith(f"{NEW} was rejected before: ")
    assert said(story).endswith(RETRY)
    told = said(story)
    story.look()
    assert (story.said, said(story)) == ([], told)


def test_the_way_back_in_the_bake_by_the_resource_rejects_nobody() -> None:
    story = Story().tried()
    story.look(BROKEN)
    story.ask("retry", NEW)
    story.wanted = "ocr-dddddddddd"
    story.ready[story.wanted] = 4
    story.rollout = asking(strategy="BlueGreen")
    story.look()
    story.wanted = OLD
    story.look()
    assert "rejected" not in said(story)


def test_what_is_held_says_with_which_share_why_and_what_a_person_can_do() -> None:
    story = Story().tried()
    story.look(replace(WORSE, objectives=(COUNTED,)))
    begin = f"{NEW} is held with 5 % of the requests, step 1 of 3: it is worse"
    assert said(story).startswith(begin) or said(story).startswith(begin.replace("it is", "the canary is"))
    assert f"Accept that: kubectl paddle_sla approve ocr {NEW}; or end it: kubectl" in said(story)
    story = Story().tried()
    story.look(SHARED)
    assert "the promise is broken, and nothing shows that the canary is the worse one" in said(story)
    assert said(story).endswith(". It goes on when that is over")


def test_what_keeps_a_rollout_from_beginning_names_the_objective_and_the_next_step() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.look(budget_left_percent=Fraction(-9900), budget_of="errors")
    assert said(story) == (
        f"{NEW}: -9900.0 % of the error budget of errors is left, and with less than 0 % no rollout begins. "
        "Wait for more, or set spec.rollout.budgetPolicy.override to Repair if this one is the repair"
    )
    story.look(budget_left_percent=Fraction(7), budget_of="errors")
    assert said(story) == (
        f"{NEW}: 7.0 % of the error budget of errors is left, and with less than 10 % a person must approve: "
        f"kubectl paddle_sla approve ocr {NEW}"
    )


def test_a_preflight_that_finds_nothing_out_says_that_approve_skips_all_of_it() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    story.look(preflight=CHECK_BROKEN)
    assert said(story).startswith(f"{NEW}: the golden set is no JSON. To go on, mend that and ask again: ")
    assert "kubectl delete job ocr-preflight-1, or begin" in said(story)
    assert said(story).endswith(f"or begin without a preflight: kubectl paddle_sla approve ocr {NEW}")


def test_what_of_a_preflight_could_not_be_asked_is_said_with_the_first_share() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    story.look(left_out="the shadow is left out")
    assert said(story) == f"{NEW} takes 5 % of the requests, step 1 of 3: the shadow is left out"


def test_a_golden_set_that_cannot_be_read_is_named() -> None:
    story = Story(asking(preflight={"goldenSetRef": {"configMap": "nope"}})).settled()
    story.wanted = NEW
    story.ready[NEW] = 4
    story.look(preflight=CHECK_BROKEN)
    assert "the golden set is no JSON (goldenSetRef: ConfigMap nope). To go on, " in said(story)


def test_who_is_promoted_by_a_person_is_not_called_proven() -> None:
    story = Story().tried()
    story.ask("promote", NEW)
    assert said(story) == (
        f"{NEW} takes over: all requests go to it, as fast as its pods are ready: a person promotes it"
    )


def test_what_a_step_passed_with_is_told_with_what_follows_it() -> None:
    counted = replace(COUNTED, canary_bad=0, finding=Finding.NOTHING_AGAINST)
    story = Story().tried()
    story.look(replace(FINE, objectives=(counted,)), seconds=120)
    begin = f"{NEW} takes 25 % of the requests, step 2 of 3. Step 1 passed with "
    assert said(story).startswith(f"{begin}availability: 0 of 78 bad at the canary, 0 of 320")
    story = Story(full=8).tried()
    story.look(replace(FINE, objectives=(counted,)), seconds=120)
    assert said(story).startswith(f"{NEW}: pods for 25 % of the requests come up: step 1 passed with")


def test_a_person_who_is_waited_for_is_told_what_to_say() -> None:
    story = Story(asking(steps=[{"weight": 5, "approval": "Manual"}])).tried()
    story.look(PROVEN, seconds=120)
    waits = f"{NEW} waits for a person after step 1 of 1 (kubectl paddle_sla approve ocr {NEW})"
    assert said(story).startswith(waits)


@pytest.mark.parametrize(
    ("verdict", "how"), [(PROVEN, "and was proven"), (FINE, "and nothing is proven of it")]
)
def test_who_serves_in_the_place_of_one_that_was_deleted_is_said_to_be_proven_if_it_was(
    verdict: Verdict, how: str
) -> None:
    story = Story().tried(50)
    story.look(verdict, seconds=120)
    del story.ready[OLD]
    story.look(lives=Course(NEW))
    assert story.told == f"{OLD}, which served, is gone: {NEW} serves in its place, {how}"


def test_a_step_that_a_person_ends_in_an_incident_is_not_said_to_have_passed() -> None:
    story = Story(asking(steps=[{"weight": 5, "approval": "Manual"}, {"weight": 50}])).tried()
    story.look(FINE, seconds=120)
    story.look(SHARED, asked=f"approve/{NEW}/1")
    assert "passed with" not in story.told
