"""A golden set where pods make room for who is asked: nobody serves meanwhile, as it is said before."""

from __future__ import annotations

import pytest

from tests.operator.reconcile.hosting_story import a_story


@pytest.mark.parametrize("strategy", ["Canary", "BlueGreen", "Recreate"])
def test_a_golden_set_that_cannot_be_asked_is_foretold_and_gives_the_room_back(strategy: str) -> None:
    story = a_story(1, strategy=strategy, preflight={"goldenSetRef": {"configMap": "golden"}})
    stable = story.begin()
    story.change()
    story.tick()
    asked = "On top of that comes the time of the golden set, at most 20 min."
    assert story.rollout["hosting"].endswith(asked)
    story.until("Preflight")
    assert "Nobody serves" in story.condition("RolloutComplete")[2]
    (job,) = story.cluster.of("Job")
    job["status"] = {"conditions": [{"type": "Failed", "status": "True"}]}
    story.until("Unproven", ticks=2)
    assert "nobody served while it was asked, and nothing was found out: Job" in story.rollout["message"]
    story.tick(4)
    assert story.weights == {stable: 100}
    assert len(story.pods_of(stable)) == 1
    assert story.condition("Ready")[0] == "True"


def test_with_a_device_to_spare_the_time_of_a_golden_set_costs_nobody_anything() -> None:
    story = a_story(2, preflight={"goldenSetRef": {"configMap": "golden"}})
    story.begin()
    story.change()
    story.tick()
    assert story.rollout["hosting"] == "1 canary pod fits beside 1 stable pod: none is ended for room."
