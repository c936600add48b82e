"""Rollouts on scarce accelerators in the flow: told before, without a deadlock, and no further than told."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason
from paddle_operator.rollout.machine import State
from tests.operator.reconcile.hosting_story import (
    ROLLOUT,
    a_story,
    ends_on_the_new_revision,
    is_leaving,
    revision_of,
)


def test_on_one_device_a_new_revision_takes_over_and_its_cost_is_said_before() -> None:
    story = a_story(1)
    stable = story.begin()
    story.change()
    story.tick()
    said = story.rollout["hosting"]
    assert "A canary pod needs 1 nvidia.com/gpu; free: 0 on a." in said
    assert "A stable pod is ended and a canary pod starts in its room. Predicted: no pod serves for" in said
    assert any(said.rstrip(".") in message for message in story.events), "an Event has the same words"
    assert len(story.pods_of(stable)) == 1, "nothing is done at the look that says it"
    ends_on_the_new_revision(story, stable)
    assert story.serving_pods.count(0) <= 4, "a pod drains, another one is bound, and becomes ready"
    waits_for_that = [one for one in story.cluster.posted if one.reason == Reason.UNSCHEDULABLE]
    assert not waits_for_that, "nobody is sent to look at what a pod asks for that waits for the other's end"


def test_what_was_said_when_it_began_outlives_a_status_that_was_written_late() -> None:
    story = a_story(1)
    stable = story.begin()
    before = story.status
    story.change()
    story.tick()
    said = story.rollout["hosting"]
    assert "is ended and a canary pod starts in its room" in said
    story.until("Step")
    assert story.cluster.body is not None
    story.cluster.body["status"] = before
    story.tick()
    assert story.rollout["hosting"] == said, "and not what would be said of the room as it is now"
    ends_on_the_new_revision(story, stable)


def test_a_canary_alone_on_the_only_device_is_said_to_take_all_requests() -> None:
    story = a_story(1)
    story.begin()
    story.change()
    story.until("Preparing")
    assert "its pods come up in the room of those that are ended for them" in story.rollout["message"]
    story.until("Step")
    assert "takes 100 % of the requests, step 1 of 1, which asks for 10 %" in story.rollout["message"]
    assert story.weights == {story.status["canary"]["revision"]: 100}


@pytest.mark.parametrize(
    ("rollout", "state", "asked"),
    [({}, State.BAKING, "canary"), ({"strategy": "Recreate"}, State.STEADY, "stable")],
)
def test_a_promotion_that_cannot_be_remembered_moves_no_requests_and_gives_the_old_pod_no_room(
    rollout: dict[str, Any], state: State, asked: str
) -> None:
    story = a_story(1, **rollout)
    stable = story.begin()
    story.change()
    story.tick()
    with story.not_remembered(state):
        story.tick(60)
    assert story.weights == {story.status[asked]["revision"]: 100}
    assert story.cluster.numbers[stable].value == 0
    story.tick()
    ends_on_the_new_revision(story, stable)


def test_while_no_pod_serves_no_revision_is_said_to() -> None:
    story = a_story(1)
    stable = story.begin()
    story.change()
    none = f"Nobody serves: revision {stable}, which did, has no ready pod."
    outages = 0
    for _ in range(20):
        story.tick()
        status, _, message = story.condition("Ready")
        serves = story.serving_pods[-1] > 0
        assert (status, none in message) == (("True", False) if serves else ("False", True)), message
        assert "with 0 ready replicas" not in message
        outages += not serves
    assert outages


def test_a_canary_that_serves_alone_is_said_to_and_nobody_is_said_to_be_warm() -> None:
    story = a_story(1)
    stable = story.begin()
    story.change()
    story.until("Step")
    canary = story.status["canary"]["revision"]
    for condition in ("Ready", "RolloutComplete"):
        assert f"Revision {canary} serves with 1 ready replicas." in story.condition(condition)[2]
    story.until("Baking")
    assert story.rollout["message"].endswith(f"{stable} has no ready pod to go back to")


def test_a_recreation_of_what_serves_nobody_now_is_not_called_enough() -> None:
    story = a_story(1, strategy="Recreate")
    stable = story.begin()
    story.never_ready.add(stable)
    (lost,) = story.pods_of(stable)
    del story.cluster.pods[lost]
    story.change()
    story.tick(2)
    assert "enough for the load" not in story.rollout["hosting"]
    assert "and none does now" in story.rollout["hosting"]


def test_what_a_paused_rollout_would_cost_can_be_read_and_nothing_is_done() -> None:
    story = a_story(1, state="Paused")
    stable = story.begin()
    story.change()
    story.tick(4)
    assert story.complete == ("False", Reason.ROLLOUT_PAUSED)
    assert "Predicted: no pod serves for" in story.rollout["hosting"]
    assert story.serving_pods == [1] * 4
    assert len(story.pods_of(stable)) == 1


def test_with_a_device_to_spare_nobody_is_ended_and_nobody_notices() -> None:
    story = a_story(2)
    stable = story.begin()
    story.change()
    story.tick()
    assert story.rollout["hosting"] == "1 canary pod fits beside 1 stable pod: none is ended for room."
    ends_on_the_new_revision(story, stable)
    assert min(story.serving_pods) == 1
    assert max(story.failed_requests) == 0
    assert story.marked == set()


@pytest.mark.parametrize("strategy", ["Canary", "BlueGreen"])
def test_three_pods_on_three_devices_change_places_one_by_one(strategy: str) -> None:
    story = a_story(2, 1, replicas=3, strategy=strategy)
    stable = story.begin()
    story.change()
    story.tick()
    assert "3 times, one after the other. Predicted: 2 of 3 pods serve for" in story.rollout["hosting"]
    ends_on_the_new_revision(story, stable)
    assert min(story.serving_pods) == 2, "as it was said"
    assert max(story.failed_requests) == 0
    assert len(story.marked) == 3, "each was named before its set had one too many"


def test_a_first_share_that_takes_all_pods_begins_with_the_first_of_them() -> None:
    steps = [{"weight": 60, "minDurationSeconds": 15, "maxDurationSeconds": 600}]
    story = a_story(2, replicas=2, steps=steps)
    stable = story.begin()
    story.change()
    story.tick()
    assert "1 of 2 pods serves for" in story.rollout["hosting"]
    ends_on_the_new_revision(story, stable)
    assert min(story.serving_pods) == 1, "as it was said"
    assert max(story.failed_requests) == 0


def test_one_by_one_takes_no_more_devices_than_there_were_pods_but_for_those_that_drain() -> None:
    story = a_story(9, replicas=3, surge="OneByOne")
    stable = story.begin()
    story.change()
    for _ in range(40):
        story.tick()
        pods = [pod for pod in story.cluster.pods.values() if revision_of(pod) and not is_leaving(pod)]
        assert len(pods) <= 3
    ends_on_the_new_revision(story, stable)
    assert min(story.serving_pods) == 2


@pytest.mark.parametrize("refused", ["HTTPRoute calm", "Deployment of the stable revision"])
def test_while_a_pod_cannot_make_room_none_comes_to_take_it(refused: str) -> None:
    """Or two revisions serve beside each other, where one pod after another was asked for and foretold."""
    story = a_story(2, surge="OneByOne")
    stable = story.begin()
    story.change()
    refusal = ClusterRefused("HTTPRoute", "calm", Reason.API_UNAVAILABLE, "the connection is lost")
    story.cluster.refuses[refused.replace("of the stable revision", stable)] = refusal
    with pytest.raises(ClusterRefused):
        story.tick(2)
    assert set(story.cluster.numbers) == {stable}
    story.cluster.refuses.clear()
    story.tick()
    assert story.cluster.numbers[stable].value == 0
    ends_on_the_new_revision(story, stable)


def test_surge_waits_for_room_with_a_pod_says_so_and_ends_nobody() -> None:
    story = a_story(1, surge="Surge")
    stable = story.begin()
    story.change()
    story.tick(8)
    assert story.complete == ("False", Reason.NO_CAPACITY)
    message = story.condition("RolloutComplete")[2]
    assert "needs 1 nvidia.com/gpu; free: 0 on a. Set spec.rollout.surge to Auto or OneByOne" in message
    canary = story.status["canary"]["revision"]
    assert len(story.pods_of(canary)) == 1, "an autoscaler of nodes sees it"
    assert story.serving_pods == [1] * 8
    story.cluster.edit(rollout=ROLLOUT)
    ends_on_the_new_revision(story, stable)


def test_room_that_somebody_else_took_ends_no_further_pod() -> None:
    story = a_story(3, replicas=3)
    stable = story.begin()
    story.change()
    while len(story.pods_of(stable)) == 3:
        story.tick()
    story.taken["a"] = 1
    story.tick(8)
    assert story.complete == ("False", Reason.NO_CAPACITY)
    assert len(story.pods_of(stable)) == 2
    assert story.serving_pods[-4:] == [2] * 4
    story.taken.clear()
    ends_on_the_new_revision(story, stable)


def test_a_canary_that_came_beside_the_others_is_not_told_to_ask_for_what_it_asks_for() -> None:
    story = a_story(6, replicas=3)
    story.begin()
    story.change()
    story.until("Step")
    story.taken = {"a": 2}
    story.until("Promoting")
    story.tick()
    assert story.complete == ("False", Reason.NO_CAPACITY)
    message = story.condition("RolloutComplete")[2]
    assert "Stable pods are ended for room only where a rollout begins" in message
    assert "Set spec.rollout.surge" not in message


def test_an_operator_that_may_not_read_nodes_says_so_and_waits_for_room() -> None:
    story = a_story(1, may_read=False)
    stable = story.begin()
    story.change()
    story.tick(6)
    assert "What nodes have left is not known: the operator may not list nodes" in story.rollout["hosting"]
    assert "Set spec.rollout.surge to OneByOne" in story.rollout["hosting"]
    assert len(story.pods_of(stable)) == 1
    assert story.serving_pods == [1] * 6


def test_without_reading_nodes_one_by_one_needs_no_room() -> None:
    story = a_story(2, 1, replicas=3, may_read=False, surge="OneByOne")
    stable = story.begin()
    story.change()
    story.tick()
    assert "Predicted: 2 of 3 pods serve for" in story.rollout["hosting"]
    ends_on_the_new_revision(story, stable)
    assert min(story.serving_pods) == 2


def test_a_bad_revision_that_serves_alone_is_sent_back_though_nobody_is_left_to_compare_with() -> None:
    story = a_story(1)
    stable = story.begin()
    story.change()
    story.tick(3)
    canary = story.status["canary"]["revision"]
    story.bad[canary] = 40
    story.until("RolledBack")
    story.tick(4)
    assert story.status["rejectedRevisions"][0]["reason"] == "Broken"
    assert story.weights == {stable: 100}
    assert len(story.pods_of(stable)) == 1
    assert story.condition("Ready")[0] == "True"


def test_recreate_says_what_it_costs_before_it_ends_anybody() -> None:
    story = a_story(4, replicas=2, strategy="Recreate")
    stable = story.begin()
    story.change()
    story.tick()
    assert (
        "All stable pods are ended before a canary pod starts. Predicted: no pod serves for"
        in (story.rollout["hosting"])
    )
    assert len(story.pods_of(stable)) == 2
    ends_on_the_new_revision(story, stable)


def test_a_scaler_gives_its_number_up_for_the_rollout_and_gets_it_back() -> None:
    story = a_story(3, replicas=3)
    scaled = {"backend": "HPA", "minReplicas": 3, "maxReplicas": 6}
    target = {"type": "Value", "value": "80"}
    metrics = [{"name": "cpu", "type": "CPUUtilization", "target": target}]
    story.cluster.edit(scaling={**scaled, "metrics": metrics})
    stable = story.begin()
    assert len(story.cluster.of("HorizontalPodAutoscaler")) == 1
    story.change()
    story.until("Preparing")
    story.tick(2)
    assert story.cluster.of("HorizontalPodAutoscaler") == []
    ends_on_the_new_revision(story, stable)
    (scaler,) = story.cluster.of("HorizontalPodAutoscaler")
    assert scaler["spec"]["scaleTargetRef"]["name"] != stable


def test_on_the_cpu_no_node_is_read() -> None:
    story = a_story(1)
    story.cluster.edit(runtime={"device": "CPU"})
    stable = story.begin()
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.room = None
    story.tick()
    assert "hosting" not in story.rollout
    assert len(story.pods_of(stable)) == 1


def test_a_rollout_that_is_paused_while_room_is_made_ends_no_further_pod() -> None:
    story = a_story(3, replicas=3, strategy="BlueGreen")
    stable = story.begin()
    story.change()
    while len(story.pods_of(stable)) == 3:
        story.tick()
    paused = {**ROLLOUT, "strategy": "BlueGreen", "state": "Paused"}
    story.cluster.edit(rollout=paused)
    story.tick(6)
    assert len(story.pods_of(stable)) == 2
    assert min(story.serving_pods) == 2
    story.cluster.edit(rollout={**paused, "state": "Running"})
    ends_on_the_new_revision(story, stable)


def test_a_status_that_was_lost_takes_no_request_from_a_canary_that_serves_alone() -> None:
    story = a_story(1)
    stable = story.begin()
    story.change()
    while stable in story.weights or story.serving_pods[-1:] == [0]:
        story.tick()
    assert story.cluster.body is not None
    story.cluster.body["status"] = {}
    story.tick(2)
    assert story.serving_pods[-2:] == [1, 1]
    assert stable not in story.weights
