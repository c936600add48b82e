"""A canary that cannot be proven in time is not begun in silence: it says why, and how long it would take."""

from __future__ import annotations

import pytest

from paddle_operator.reasons import Reason
from paddle_operator.sla.answer import Failed
from tests.operator.reconcile.rollout_story import ROLLOUT, STEPS, RolloutStory


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def wanting(story: RolloutStory, *, each_15_seconds: int) -> str:
    """A revision serves so many requests between two scrapes, and another one is wanted; who serves."""
    stable = story.with_a_pod()
    story.minutes(6, good=each_15_seconds, fast=each_15_seconds)
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    return stable


def test_steps_too_small_for_the_traffic_are_said_before_anything_is_done(story: RolloutStory) -> None:
    stable = wanting(story, each_15_seconds=6)
    assert story.complete == ("False", Reason.PROOF_NOT_REACHABLE)
    told = story.condition("RolloutComplete")[2]
    assert "proof takes 15 min 35 s at the present traffic of 0.4 requests a second: it needs 187" in told
    assert "step 2 with 50 % of all would take 11 min 25 s, of 10 min that it may" in told
    assert (
        "Raise its maxDurationSeconds to 685 or its weight, or promise less. It begins by itself with" in told
    )
    assert story.rollout["timeToProofSeconds"] == 935
    assert len(story.cluster.of("Deployment")) == 1, "no pods before it may begin"
    assert story.weights == {stable: 100}
    patient = [{**step, "maxDurationSeconds": 1800} for step in STEPS]
    story.cluster.edit(rollout={**ROLLOUT, "steps": patient})
    story.look(2)
    assert story.rollout["state"] == "Preparing"


def test_the_first_weight_is_raised_as_far_as_the_traffic_needs_it(story: RolloutStory) -> None:
    stable = wanting(story, each_15_seconds=10)
    canary = story.cluster.ready(1)
    story.look(2)
    assert story.weights == {stable: 87, canary: 13}


def test_without_a_gateway_no_weight_is_raised_for_what_whole_pods_give_anyway(story: RolloutStory) -> None:
    story.cluster.edit(routing={"type": "ReplicaRatio"})
    wanting(story, each_15_seconds=10)
    story.cluster.ready(1)
    story.look(2)
    canary = story.status["canary"]
    assert (canary["weight"], canary["effectiveWeight"]) == (10, 50)


def test_a_strategy_that_changes_in_mid_attempt_takes_the_time_to_proof_from_nobody(
    story: RolloutStory,
) -> None:
    """The attempt keeps its own, and with it the steps."""
    story.begun()
    story.cluster.edit(rollout={**ROLLOUT, "strategy": "BlueGreen"})
    story.passes(30)
    assert (story.rollout["state"], story.rollout["step"]) == ("Step", 1)
    assert story.rollout["timeToProofSeconds"] == 45


def test_without_requests_it_waits_until_some_come(story: RolloutStory) -> None:
    wanting(story, each_15_seconds=0)
    assert story.rollout["hold"] == "ProofNotReachable"
    assert "it cannot be proven without requests that count" in story.rollout["message"]
    assert "timeToProofSeconds" not in story.rollout
    story.minutes(2, good=300, fast=300)
    assert story.rollout["state"] == "Preparing"
    canary = story.cluster.ready(1)
    story.look(2)
    assert story.weights[canary] == 10, "as the step says"


def test_without_requests_a_person_lets_it_begin_with_the_weights_as_written(story: RolloutStory) -> None:
    stable = wanting(story, each_15_seconds=0)
    revision = story.rollout["revision"]
    story.asks(f"approve/{revision}/1")
    story.look(2)
    story.cluster.ready(1)
    story.look(2)
    assert story.weights == {stable: 90, revision: 10}


def test_an_outage_of_the_metrics_lets_nothing_begin_that_was_out_of_reach(story: RolloutStory) -> None:
    wanting(story, each_15_seconds=6)
    story.metrics.failure = Failed("refused")
    story.look(3)
    assert story.rollout["hold"] == "ProofNotReachable"


def test_at_rest_its_figure_stays_while_the_traffic_hardly_changes(story: RolloutStory) -> None:
    wanting(story, each_15_seconds=6)
    before = story.status
    story.minutes(3, good=6, fast=6)
    assert story.rollout["timeToProofSeconds"] == before["rollout"]["timeToProofSeconds"]
    story.minutes(3, good=4, fast=4)
    assert story.rollout["timeToProofSeconds"] > 1.2 * before["rollout"]["timeToProofSeconds"]


def test_in_its_steps_it_says_how_long_the_proof_still_takes(story: RolloutStory) -> None:
    story.begun()
    story.passes(30)
    assert story.rollout["step"] == 1
    assert story.rollout["timeToProofSeconds"] == 45, "15 s of this step and 30 s of the next are left"
    story.passes(30)
    assert (story.rollout["step"], story.rollout["timeToProofSeconds"]) == (2, 15)
    story.passes(15)
    assert story.rollout["state"] == "Baking"
    assert "timeToProofSeconds" not in story.rollout


def test_a_rollout_that_the_budget_keeps_from_beginning_names_the_objective(story: RolloutStory) -> None:
    story.with_a_pod()
    story.passes(900, good=10, stable_bad=90)
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    assert story.complete == ("False", Reason.BLOCKED_BY_BUDGET)
    left = {one["name"]: one.get("budgetRemainingPercent") for one in story.status["sla"]["objectives"]}
    least = story.status["sla"]["budgetRemainingPercent"]
    (name,) = (name for name, percent in left.items() if percent == least)
    message = story.condition("Stalled")[2]
    assert (
        f": {least} % of the error budget of {name} is left, and with less than 0 % no rollout begins"
        in message
    )


def test_the_budget_that_keeps_a_rollout_from_beginning_is_that_of_now(story: RolloutStory) -> None:
    """Whoever goes on after a crash finds a status from before."""
    story.with_a_pod()
    story.passes(900, good=10, stable_bad=90)
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    for _ in range(2):
        story.status["sla"]["budgetRemainingPercent"] = "100.0"
        story.look()
        assert story.complete == ("False", Reason.BLOCKED_BY_BUDGET)
