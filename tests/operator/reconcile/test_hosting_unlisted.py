"""Rollouts on scarce accelerators while the API server does not list nodes, or the pods of all namespaces."""

from __future__ import annotations

import pytest

from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason
from tests.operator.reconcile.hosting_story import a_story, ends_on_the_new_revision

UNREAD = ClusterRefused("Pod", "", Reason.API_UNAVAILABLE, "the list takes too long.")


@pytest.mark.parametrize("gpus", [1, 2], ids=["in the place of another", "beside the others"])
@pytest.mark.parametrize("ending", ["Broken", "Aborted"])
def test_a_canary_is_taken_back_while_nodes_or_pods_cannot_be_listed(ending: str, gpus: int) -> None:
    story = a_story(gpus)
    stable = story.begin()
    story.change()
    story.until("Step")
    canary, story.unread = story.status["canary"]["revision"], UNREAD
    story.tick(2)
    assert story.weights[canary], "it goes on without the list"
    if ending == "Aborted":
        story.asks(f"abort/{canary}/1")
    else:
        story.bad[canary] = 40
    story.until("Aborted" if ending == "Aborted" else "RolledBack")
    story.tick(4)
    assert story.status["rejectedRevisions"][0]["reason"] == ending
    assert story.weights == {stable: 100}
    assert len(story.pods_of(stable)) == 1
    assert story.condition("Ready")[0] == "True"


@pytest.mark.parametrize("surge", ["Auto", "OneByOne"])
def test_nothing_begins_while_nodes_or_pods_cannot_be_listed_and_it_is_said_why(surge: str) -> None:
    story = a_story(1, surge=surge)
    stable = story.begin()
    story.unread = UNREAD
    story.change()
    story.tick(4)
    assert story.complete == ("False", Reason.NO_CAPACITY)
    why = "What nodes have left is not known now (Pod: the list takes too long). It begins once that can"
    assert why in story.condition("RolloutComplete")[2]
    assert story.serving_pods == [1] * 4
    story.unread = None
    story.tick()
    assert "Predicted: no pod serves for" in story.rollout["hosting"], "what it costs is said all the same"
    assert len(story.pods_of(stable)) == 1
    ends_on_the_new_revision(story, stable)


def test_with_surge_a_canary_pod_waits_for_a_node_though_none_can_be_listed() -> None:
    story = a_story(1, surge="Surge")
    stable = story.begin()
    story.unread = UNREAD
    story.change()
    story.tick(6)
    assert "(Pod: the list takes too long). Canary pods start beside those" in story.rollout["hosting"]
    assert len(story.pods_of(story.status["canary"]["revision"])) == 1
    assert story.serving_pods == [1] * 6
    assert len(story.pods_of(stable)) == 1


@pytest.mark.parametrize("state", ["Preparing", "Step", "Promoting"])
def test_room_is_made_no_further_than_was_said_while_nodes_or_pods_cannot_be_listed(state: str) -> None:
    story = a_story(3, replicas=3)
    stable = story.begin()
    story.change()
    story.until(state)
    said, story.unread = story.rollout["hosting"], UNREAD
    story.tick(6)
    assert story.rollout.get("hosting", said) == said
    story.unread = None
    ends_on_the_new_revision(story, stable)
    assert min(story.serving_pods) == 2


def test_a_revision_that_breaks_in_its_bake_makes_room_for_the_one_before_without_a_list() -> None:
    story = a_story(1, bake={"durationMinutes": 60})
    stable = story.begin()
    story.change()
    story.until("Baking")
    story.bad[story.status["stable"]["revision"]], story.unread = 100, UNREAD
    story.until("RolledBack", ticks=80)
    story.tick(2)
    assert story.weights == {stable: 100}
    assert len(story.pods_of(stable)) == 1


def test_with_surge_a_return_ends_no_pod_that_serves_while_nodes_or_pods_cannot_be_listed() -> None:
    story = a_story(6, replicas=3, surge="Surge", bake={"durationMinutes": 0})
    stable = story.begin()
    story.change()
    story.tick()
    ends_on_the_new_revision(story, stable)
    story.serving_pods.clear()
    story.taken["a"] = 1
    story.asks(f"rollback/{stable}/1")
    story.tick(2)
    story.unread = UNREAD
    story.tick(4)
    assert story.rollout["state"] == "Returning"
    assert min(story.serving_pods) >= 3
