"""Who serves loses its pods or is deleted, and what is wanted changes or is lost: callers are served on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paddle_operator.plan import ObjectKey
from paddle_operator.reasons import Reason
from paddle_operator.sla.answer import Failed
from tests.operator.reconcile.hosting_story import HostingStory
from tests.operator.reconcile.rollout_story import ROLLOUT, RolloutStory, loses_its_pods


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def deleted(story: RolloutStory, revision: str) -> None:
    del story.cluster.objects[ObjectKey("apps/v1", "Deployment", revision)]


def test_callers_keep_their_address_when_the_only_one_that_may_serve_is_deleted(story: RolloutStory) -> None:
    """Another address would have to be learned by every caller, and a route that is gone answers 404."""
    stable, canary = story.begun()
    story.passes(60, good=50, bad=50)
    assert story.rollout["state"] == "RolledBack"
    story.look(4)
    deleted(story, stable)
    story.look(3)
    kinds = {key.kind for key in story.cluster.objects if key.name == "calm"}
    assert kinds >= {"Service", "HTTPRoute"}
    status, reason, message = story.condition("Ready")
    assert (status, reason) == ("False", Reason.ROLLED_BACK)
    assert "Nobody serves" in message
    assert f"retry calm {canary}" in message
    assert story.condition("Stalled")[0] == "True"
    story.cluster.edit(runtime={"queue": {"maxRequests": 9}})
    story.look(2)
    new = story.cluster.ready(1)
    story.look(2)
    assert new not in {stable, canary}
    assert story.weights == {new: 100}, "there is nobody whose share it could wait for"


def test_a_canary_that_is_left_alone_serves_and_is_not_called_proven(story: RolloutStory) -> None:
    stable, canary = story.begun()
    deleted(story, stable)
    story.look(3)
    assert story.weights == {canary: 100}
    told = f"{stable}, which served, is gone: {canary} serves in its place, and nothing is proven of it"
    assert story.rollout["message"].startswith(told)
    status, reason, message = story.condition("RolloutComplete")
    assert (status, reason, message) == (
        "True", Reason.SERVES_UNPROVEN, f"revision {canary} serves. {told}."
    )  # fmt: skip
    (event,) = (one for one in story.cluster.posted if one.reason == Reason.SERVES_UNPROVEN)
    assert (event.warning, event.message) == (True, message)
    story.cluster.edit(runtime={"queue": {"maxRequests": 9}})
    story.look(2)
    story.cluster.ready(1)
    story.look(2)
    assert story.complete[1] is not Reason.SERVES_UNPROVEN, "until a newer one is tried"


def test_a_canary_that_is_not_wanted_and_has_the_only_pods_is_judged_on(story: RolloutStory) -> None:
    stable, canary = story.begun()
    loses_its_pods(story, stable)
    story.cluster.edit(runtime={"queue": {"maxRequests": 9}})
    story.look(2)
    assert story.weights == {canary: 100}
    story.passes(60, good=50, bad=50)
    assert [one["revision"] for one in story.status["rejectedRevisions"]] == [canary]


def test_what_a_canary_refuses_while_too_few_of_its_pods_serve_everybody_says_nothing_of_it(
    story: RolloutStory,
) -> None:
    stable, canary = story.begun()
    story.cluster.edit(scaling={"replicas": 4})
    loses_its_pods(story, stable)
    story.passes(60, good=25, bad=75)
    assert (story.rollout["state"], story.weights) == ("Step", {canary: 100})
    assert "is judged again once 4 of its pods are ready" in story.rollout["message"]
    deployment = next(one for one in story.cluster.of("Deployment") if one["metadata"]["name"] == canary)
    assert deployment["spec"]["replicas"] == 4
    story.cluster.ready(4, canary)
    story.passes(30)
    assert story.rollout["state"] == "Step", "nor does it later"
    story.passes(60, good=50, bad=50)
    assert [one["revision"] for one in story.status["rejectedRevisions"]] == [canary]


def test_what_it_refuses_between_two_looks_while_it_alone_has_pods_says_nothing_of_it_either(
    story: RolloutStory,
) -> None:
    stable, canary = story.begun()
    story.cluster.edit(scaling={"replicas": 4})
    story.passes(30)
    loses_its_pods(story, stable)
    story.now += timedelta(seconds=2)
    story.look(2)  # the first one writes the weights alone
    story.cluster.ready(1, stable)
    story.now += timedelta(seconds=7)
    story.look()
    story.passes(15, good=25, bad=75)
    assert story.rollout["state"] == "Step"
    story.passes(60)
    assert story.rollout["results"][0]["canaryBad"] == 0
    story.passes(60, good=50, bad=50)
    assert [one["revision"] for one in story.status["rejectedRevisions"]] == [canary]


def test_a_canary_beside_which_all_pods_are_lost_is_said_to_take_all_requests_as_long_as_that_is_so(
    story: RolloutStory,
) -> None:
    stable, canary = story.begun()
    before = story.rollout["message"]
    loses_its_pods(story, stable)
    story.look(2)
    now = f"{before}. {stable} has no ready pod: {canary} takes all requests now"
    assert story.rollout["message"] == now
    assert story.condition("RolloutComplete")[2].startswith(now)
    story.cluster.ready(1, stable)
    story.look(2)
    assert story.rollout["message"] == before


def test_a_canary_whose_last_pod_goes_is_a_warning(story: RolloutStory) -> None:
    stable, canary = story.begun()
    loses_its_pods(story, canary)
    story.look(2)
    assert (story.weights, story.complete) == ({stable: 100}, ("False", Reason.ENDPOINTS_LOST))
    (told,) = (one for one in story.cluster.posted if one.reason == Reason.ENDPOINTS_LOST)
    assert told.warning
    assert f"{canary} has no ready pod any more" in told.message
    story.cluster.ready(1, canary)
    story.look(2)
    assert story.weights == {stable: 90, canary: 10}


def test_a_canary_that_loses_its_pods_in_a_pause_is_told_with_both(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.cluster.edit(rollout={**ROLLOUT, "state": "Paused"})
    story.look(2)
    loses_its_pods(story, canary)
    story.look(2)
    assert (story.weights, story.complete) == ({stable: 100}, ("False", Reason.ROLLOUT_PAUSED))
    assert f"{canary} has no ready pod any more" in story.rollout["message"]
    assert "until it is Running" in story.rollout["message"]


def test_a_revision_whose_last_pod_goes_in_its_bake_gives_way_to_the_warm_one(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(120)
    assert (story.weights, story.rollout["state"]) == ({canary: 100}, "Baking")
    loses_its_pods(story, canary)
    story.metrics.failure = Failed("nobody answers, and nobody is asked")
    story.look()
    assert story.weights == {stable: 100}
    story.look(2)
    assert any(f"{canary} has no ready pod any more" in one.message for one in story.cluster.posted)
    assert not story.status.get("rejectedRevisions")


def test_a_model_that_is_not_found_in_mid_canary_is_told_where_the_rollout_is(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.cluster.edit(model={"uri": "https://models.example.com/other/"})
    story.look()
    assert story.complete == ("False", Reason.CANARY_STEP), "that is read, and may be found"
    story.cluster.resolve_fails(12, "DigestMismatch", "another digest")
    story.look()
    assert story.weights == {stable: 90, canary: 10}
    status, reason, message = story.condition("RolloutComplete")
    assert (status, reason) == ("False", Reason.DIGEST_MISMATCH)
    assert f"Until that is mended no rollout goes further. {canary} takes 10 %" in message
    assert story.condition("Stalled")[:2] == ("True", Reason.DIGEST_MISMATCH)


def test_a_blocked_revision_serves_at_once_when_nobody_else_does(story: RolloutStory) -> None:
    stable = story.with_a_pod()
    story.cluster.edit(rollout={"state": "Paused", "steps": [{"weight": 10}]})
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    assert story.rollout["state"] == "Blocked"
    deleted(story, stable)
    story.look()
    story.cluster.resolve()
    story.look(2)
    new = story.cluster.ready(1)
    story.look(2)
    assert (story.weights, story.rollout["state"]) == ({new: 100}, "Steady")


def test_a_revision_that_is_kept_stays_kept_where_it_was_wanted_for_a_moment(story: RolloutStory) -> None:
    first, second = story.begun()
    story.passes(900)
    assert (story.weights, story.rollout["state"]) == ({second: 100}, "Steady")
    story.cluster.edit(runtime={})
    story.look()
    assert story.rollout["revision"] == first
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(6)
    assert ObjectKey("apps/v1", "Deployment", first) in story.cluster.objects, "rollback leads there"


def test_who_was_blocked_begins_with_the_strategy_that_is_asked_for_now(story: RolloutStory) -> None:
    story.with_a_pod()
    story.cluster.edit(rollout={**ROLLOUT, "strategy": "BlueGreen", "state": "Paused"})
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.look(2)
    assert story.rollout["state"] == "Blocked"
    assert "step" not in story.rollout, "it has none"
    story.cluster.edit(rollout={**ROLLOUT, "strategy": "Canary"})
    story.look(2)
    canary = story.cluster.ready(1)
    story.look(2)
    assert (story.weights[canary], story.rollout["state"]) == (10, "Step")


def test_where_nobody_knows_what_is_wanted_a_loss_in_the_bake_rejects_nobody(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(120)
    story.cluster.edit(model={"uri": "https://models.example.com/other/"})
    story.look()
    story.cluster.resolve_fails(12, "DigestMismatch", "another digest")
    loses_its_pods(story, canary)
    story.look(2)
    assert story.weights == {stable: 100}
    assert story.rollout["state"] == "Steady"
    assert story.rollout["message"].endswith(f"{canary} has no ready pod any more")
    assert story.complete == ("False", Reason.DIGEST_MISMATCH)


def test_a_newer_change_ends_no_pod_of_who_takes_over_again_on_scarce_devices() -> None:
    story = HostingStory(gpus={"a": 3}, replicas=3, rollout_spec={"bake": {"durationMinutes": 30}})
    stable = story.begin()
    story.change()
    story.until("Baking")
    story.bad = {str(story.status["stable"]["revision"]): 60}
    story.until("Returning")
    story.tick(4)
    assert story.weights[stable] == 50
    story.change(9)
    story.tick(5)
    assert story.weights == {stable: 100}
    assert len(story.pods_of(stable)) == 3
    assert min(story.serving_pods[-5:]) >= 2
