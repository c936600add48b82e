"""What is remembered of a rollout is lost, or somebody puts an older one back: no weight moves for it."""

from __future__ import annotations

import pytest

from paddle_operator.plan import ObjectKey
from tests.operator.reconcile.rollout_story import RolloutStory

MEMORY = ObjectKey("v1", "ConfigMap", "calm-rollout")


@pytest.fixture
def story() -> RolloutStory:
    return RolloutStory()


def remembered(story: RolloutStory) -> dict[str, str]:
    return dict(story.cluster.objects[MEMORY]["data"])


def put_back(story: RolloutStory, data: dict[str, str]) -> None:
    story.cluster.objects[MEMORY]["data"] = dict(data)


def test_a_lost_memory_is_told_of_a_canary_that_is_judged_anew(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(15)
    del story.cluster.objects[MEMORY]
    story.look()
    assert story.weights == {stable: 90, canary: 10}
    told = f"what was remembered of {canary} is lost: it keeps its share, and is judged anew"
    assert story.rollout["message"] == told
    assert any(told in one.message for one in story.cluster.posted)


def test_a_memory_that_is_lost_in_the_bake_is_told_to_begin_it_anew(story: RolloutStory) -> None:
    stable, canary = story.begun()
    story.passes(120)
    del story.cluster.objects[MEMORY]
    story.look()
    assert (story.weights, story.rollout["state"]) == ({canary: 100}, "Baking")
    told = f"{canary} serves as it did, and its bake begins anew; {stable} is kept to go back to"
    assert told in story.rollout["message"]


def test_an_older_memory_that_somebody_puts_back_moves_no_weight(story: RolloutStory) -> None:
    _, canary = story.begun()
    in_its_step = remembered(story)
    story.passes(120)
    assert (story.weights, story.rollout["state"]) == ({canary: 100}, "Baking")
    put_back(story, in_its_step)
    story.look(3)
    assert (story.weights, story.rollout["state"]) == ({canary: 100}, "Baking")
    assert any("is of the past, and not followed" in one.message for one in story.cluster.posted)


@pytest.mark.parametrize("state", ["Step", "Baking"])
def test_an_older_memory_gives_no_requests_to_who_was_rejected_since(story: RolloutStory, state: str) -> None:
    stable, canary = story.begun()
    older = remembered(story)
    if state == "Baking":
        story.passes(120)
        older = remembered(story)
        story.asks(f"rollback/{stable}/1")
    else:
        story.asks(f"abort/{canary}/1")
    story.look(4)
    assert story.weights == {stable: 100}
    story.asks("")
    put_back(story, older)
    story.look(4)
    assert story.weights == {stable: 100}
    assert [one["revision"] for one in story.status["rejectedRevisions"]] == [canary]
    story.asks(f"retry/{canary}/2")
    story.look(4)
    assert story.status["lastHandledRequest"]["outcome"] == "Accepted"
    assert story.rollout["revision"] == canary
    assert story.rollout["state"] in {"Preparing", "Step"}
