"""Rollouts on scarce accelerators that give the room back."""

from __future__ import annotations

import pytest

from paddle_operator import names
from tests.operator.fake_cluster import ended
from tests.operator.reconcile.hosting_story import a_story


@pytest.mark.parametrize("strategy", ["Canary", "Recreate"])
def test_a_revision_that_never_becomes_ready_gives_the_room_back(strategy: str) -> None:
    story = a_story(1, strategy=strategy)
    stable = story.begin()
    story.change()
    story.tick(3)
    story.never_ready.add(canary := story.status["canary"]["revision"])
    story.tick(3)
    (name,) = story.pods_of(canary)
    story.cluster.pods[name]["status"] |= ended(
        names.CONTAINER_RUNTIME, 1, "the model is no model", now="running"
    )
    story.until("RolledBack", ticks=70)
    story.tick(4)
    (rejected,) = story.status["rejectedRevisions"]
    assert rejected["reason"] == "NotReady"
    assert "the model is no model" in rejected["message"], "what kept them from it is told"
    assert len(story.pods_of(stable)) == 1
    assert story.condition("Ready")[0] == "True"


def test_a_revision_that_breaks_in_its_bake_makes_room_for_the_one_before() -> None:
    story = a_story(1, bake={"durationMinutes": 60})
    stable = story.begin()
    story.change()
    story.until("Baking")
    story.bad[story.status["stable"]["revision"]] = 100
    story.until("RolledBack", ticks=80)
    story.tick(2)
    assert story.weights == {stable: 100}
    assert len(story.pods_of(stable)) == 1


def test_a_revision_that_is_down_for_long_in_its_bake_makes_room_for_the_one_before() -> None:
    story = a_story(1, bake={"durationMinutes": 60})
    stable = story.begin()
    story.change()
    story.until("Baking")
    story.never_ready.add(down := story.status["stable"]["revision"])
    for name in story.pods_of(down):
        del story.cluster.pods[name]
    story.until("RolledBack", ticks=80)
    story.tick(2)
    assert (story.weights, len(story.pods_of(stable))) == ({stable: 100}, 1)
    (rejected,) = story.status["rejectedRevisions"]
    assert (rejected["revision"], rejected["reason"]) == (down, "EndpointsLost")
    assert "had no ready pod for 10 min" in rejected["message"]
