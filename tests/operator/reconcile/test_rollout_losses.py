"""Who serves is deleted, and what is wanted changes before it began: callers keep their address."""

from __future__ import annotations

import pytest

from paddle_operator.plan import ObjectKey
from paddle_operator.reasons import Reason
from tests.operator.reconcile.rollout_story import ROLLOUT, RolloutStory


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
    story.cluster.edit(rollout={**ROLLOUT, "strategy": "Canary"})
    story.look(2)
    canary = story.cluster.ready(1)
    story.look(2)
    assert (story.weights[canary], story.rollout["state"]) == (10, "Step")
