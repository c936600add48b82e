"""A golden set where pods make room for who is asked: nobody serves meanwhile, as it is said before."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator import names
from tests.operator.fake_cluster import ended, pod
from tests.operator.reconcile.hosting_story import a_story


@pytest.mark.parametrize("strategy", ["Canary", "BlueGreen", "Recreate"])
def test_a_golden_set_that_cannot_be_asked_is_foretold_and_gives_the_room_back(strategy: str) -> None:
    story = a_story(1, strategy=strategy, preflight={"goldenSetRef": {"configMap": "golden"}})
    stable = story.begin()
    story.change()
    story.tick()
    asked = "On top of that comes the time of the golden set, at most 20 min."
    alone = "It is held to what it expects alone: no stable pod is left to ask."
    assert story.rollout["hosting"].endswith(f"{asked} {alone}")
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


@pytest.mark.parametrize(
    "asks", [{"strategy": "BlueGreen"}, {"steps": [{"weight": 95, "minDurationSeconds": 15}]}]
)
def test_no_further_pod_that_serves_goes_before_the_first_new_one_was_asked(asks: dict[str, Any]) -> None:
    story = a_story(2, replicas=2, preflight={"goldenSetRef": {"configMap": "golden"}}, **asks)
    stable = story.begin()
    story.change()
    story.until("Preflight")
    story.tick(4)
    assert (len(story.pods_of(stable)), story.weights) == (1, {stable: 100})
    assert min(story.serving_pods) == 1, "as it was said before"


def test_a_golden_set_that_expects_nothing_lets_nobody_pass_where_nobody_is_left_to_compare_with() -> None:
    story = a_story(1, preflight={"goldenSetRef": {"configMap": "golden"}})
    stable = story.begin()
    story.change()
    story.until("Preflight")
    (job,) = (one["metadata"]["name"] for one in story.cluster.of("Job"))
    told = ended(names.CONTAINER_COMPARE, 0, {"message": "2 requests, 0 comparisons", "comparisons": 0})
    asking = pod("preflight", job=job, **told)
    asking["metadata"]["namespace"] = "prod"
    story.cluster.pods["preflight"] = {**asking, "spec": {"containers": []}}
    story.until("Unproven", ticks=2)
    assert f"{stable} has no pod whose answers they could be held to" in story.rollout["message"]
    story.tick(4)
    assert story.weights == {stable: 100}


def test_with_a_device_to_spare_the_time_of_a_golden_set_costs_nobody_anything() -> None:
    story = a_story(2, preflight={"goldenSetRef": {"configMap": "golden"}})
    story.begin()
    story.change()
    story.tick()
    assert story.rollout["hosting"] == "1 canary pod fits beside 1 stable pod: none is ended for room."
