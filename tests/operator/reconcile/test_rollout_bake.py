"""What becomes of a revision that breaks in its bake: nobody is left to compare it with."""

from __future__ import annotations

import pytest

from tests.operator.reconcile.rollout_story import ROLLOUT, RolloutStory


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def test_a_revision_that_breaks_in_its_bake_is_sent_back(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 60}})
    stable, canary = story.begun()
    story.passes(120)
    assert story.weights == {canary: 100}
    story.passes(15, good=70, bad=30)
    assert story.weights == {stable: 100}, "at the first look, long before anybody is paged"
    assert "rejectedRevisions" not in story.status
    story.passes(15)
    assert story.weights == {stable: 90, canary: 10}, "once it is known how long its proof takes"
    story.passes(60, good=70, bad=30)
    assert story.weights == {stable: 100}
    assert story.status["rejectedRevisions"][0]["reason"] == "Broken", "beside the other one"


def test_what_fails_in_a_bake_whoever_serves_rejects_nobody(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 60}})
    stable, canary = story.begun()
    story.passes(120)
    story.passes(120, good=70, bad=30, stable_bad=300)
    assert story.weights[stable] > story.weights[canary]
    assert story.rollout["hold"] == "SharedIncident"
    story.passes(900)
    assert story.weights == {canary: 100}, "it was proven once, and is again"
    assert "rejectedRevisions" not in story.status


def test_a_burn_is_told_as_a_return_also_while_nobody_may_begin_anew(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 60}})
    stable, canary = story.begun()
    story.passes(120)
    story.cluster.edit(rollout={**ROLLOUT, "steps": [{"weight": 50}, {"weight": 10}]})
    story.passes(15, good=70, bad=30)
    assert story.weights == {stable: 100}
    status, reason, message = story.condition("RolloutComplete")
    assert (status, reason) == ("False", "Returning")
    assert f"{canary}, which serves alone, burns the budget fast" in message


def test_a_pause_in_a_bake_is_told(story: RolloutStory) -> None:
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 60}})
    story.begun()
    story.passes(120)
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 1}, "state": "Paused"})
    story.passes(120)
    assert story.rollout["state"] == "Baking"
    assert story.complete == ("False", "RolloutPaused")
    assert "its bake does not end until it is Running" in story.condition("RolloutComplete")[2]
