"""A canary that refuses (4xx) what the stable revision takes is told and sent away, unless it is meant to."""

from __future__ import annotations

import pytest

from tests.operator.reconcile.rollout_story import ROLLOUT, RolloutStory


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def test_a_canary_that_refuses_what_the_stable_revision_takes_loses_its_requests(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(30, good=0, invalid=20)
    assert story.weights == {stable: 100}
    (rejected,) = story.status["rejectedRevisions"]
    assert (rejected["revision"], rejected["reason"]) == (canary, "Refuses")
    plain, _, _ = story.condition("RolloutComplete")[2].partition(" In e-values: ")
    assert plain.startswith(
        f"{canary} is rejected: it refuses requests (4xx) that the stable revision takes: "
        "refused (4xx): 20 of 20 at the canary, 0 of 200 at the stable revision. "
        "If it is meant to refuse them, set analysis.onRegressionWithinSLA to Ignore. "
    )
    results = {one["objective"]: one for one in story.rollout["results"]}
    assert results["refused (4xx)"]["canaryBad"] == 20


def test_one_that_is_tried_again_begins_without_the_verdict_of_before(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(30, good=0, invalid=20)
    assert story.rollout["verdict"] == "Broken"
    story.asks(f"retry/{canary}/1")
    story.look()
    assert story.rollout["revision"] == canary
    assert "verdict" not in story.rollout
    assert story.weights[stable] == 90, "it has its first share"


def test_a_canary_that_is_meant_to_refuse_more_is_let(story: RolloutStory) -> None:
    _, canary = story.begun()
    story.cluster.edit(rollout={**ROLLOUT, "analysis": {"onRegressionWithinSLA": "Ignore"}})
    story.passes(60, good=80, invalid=20)
    assert story.weights[canary] > 0
    assert story.rollout["verdict"] == "NothingAgainst"
