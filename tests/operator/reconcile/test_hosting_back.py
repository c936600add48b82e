"""Rollouts on scarce accelerators that give the room back."""

from __future__ import annotations

import pytest

from paddle_operator import names
from tests.operator.fake_cluster import ended
from tests.operator.reconcile.hosting_story import ROLLOUT, HostingStory, a_story


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


def baking_on(*gpus: int, replicas: int = 1) -> tuple[HostingStory, str, str]:
    """A story on nodes with so many devices, who is kept, and who serves in its bake."""
    story = a_story(*gpus, replicas=replicas, bake={"durationMinutes": 60})
    kept = story.begin()
    story.change()
    story.until("Baking")
    return story, kept, story.status["stable"]["revision"]


def goes_down(story: HostingStory, revision: str) -> None:
    """Its pods are gone, and none comes up any more."""
    story.never_ready.add(revision)
    for name in story.pods_of(revision):
        del story.cluster.pods[name]


def loses_its_devices(story: HostingStory, revision: str) -> None:
    """The nodes of its pods go."""
    for name in story.pods_of(revision):
        del story.gpus[story.cluster.pods[name]["spec"]["nodeName"]]
        del story.cluster.pods[name]


def crashes(story: HostingStory, revision: str) -> None:
    """Its only pod stays where it is and does not come up any more."""
    story.never_ready.add(revision)
    (name,) = story.pods_of(revision)
    waiting = {**story.cluster.pods[name]["status"], "conditions": []}
    story.cluster.pods[name]["status"] = waiting | ended(
        names.CONTAINER_RUNTIME, 137, "killed", now="running"
    )


@pytest.mark.parametrize("how", ["down", "burning", "by hand"])
def test_who_takes_over_again_gets_its_room_also_in_a_pause(how: str) -> None:
    story, kept, serving = baking_on(1)
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 60}, "state": "Paused"})
    story.tick()
    match how:
        case "down":
            goes_down(story, serving)
        case "burning":
            story.bad[serving] = 60
        case _:
            story.asks(f"rollback/{kept}/1")
    story.until("RolledBack", ticks=80)
    story.tick(2)
    assert (story.weights, len(story.pods_of(kept))) == ({kept: 100}, 1)


def test_who_is_down_in_its_bake_is_told_as_nobody_and_when_that_ends() -> None:
    story, kept, serving = baking_on(1)
    goes_down(story, serving)
    story.tick(4)
    told = story.condition("RolloutComplete")[2]
    then = (
        f"{kept} takes over once {serving} has had none for 10 min, or loses its last one for the third time"
    )
    assert f"Nobody serves: neither has a ready pod. {then}." in told
    assert f"To let it do so now: kubectl paddle_sla rollback calm {kept}" in told


def test_a_warm_revision_that_lost_its_device_before_keeps_nobody_down() -> None:
    story, kept, serving = baking_on(1, 1)
    (warm,) = story.pods_of(kept)
    story.taken[story.cluster.pods[warm]["spec"]["nodeName"]] = 1
    del story.cluster.pods[warm]
    story.tick(4)
    crashes(story, serving)
    story.tick(80)
    assert (story.weights, story.serving_pods[-1]) == ({kept: 100}, 1)
    assert story.complete == ("False", "AwaitingApproval"), "it may be what ended the warm one's pod, too"


def test_a_return_ends_with_as_many_pods_as_there_is_room_for() -> None:
    story, kept, burning = baking_on(1, 1, replicas=2)
    story.bad[burning] = 60
    while not story.pods_of(kept):
        story.tick()
    story.tick()
    loses_its_devices(story, burning)
    story.until("RolledBack", ticks=8)
    assert story.weights == {kept: 100}
    assert [one["revision"] for one in story.status["rejectedRevisions"]] == [burning]


@pytest.mark.parametrize("then", ["it fails", "it is withdrawn"])
def test_a_newer_change_while_nobody_serves_in_a_bake_leaves_the_way_back_open(then: str) -> None:
    story, kept, down = baking_on(1)
    goes_down(story, down)
    story.tick(12)
    story.change(9)
    story.tick()
    told = story.condition("RolloutComplete")[2]
    assert f"{kept} serves again instead of {down}, which is down" in told
    assert [one["revision"] for one in story.status["leftBake"]] == [down]
    story.never_ready.add(story.status["rollout"]["revision"])
    if then == "it is withdrawn":
        story.change()
    story.tick(80)
    assert (story.weights, story.serving_pods[-1]) == ({kept: 100}, 1)
    ends = {"it fails": ("False", "RolledBack"), "it is withdrawn": ("False", "AwaitingApproval")}
    assert story.complete == ends[then]


def test_what_keeps_the_pods_away_that_are_to_take_over_again_is_told() -> None:
    story, kept, burning = baking_on(1)
    story.never_ready.add(kept)
    story.bad[burning] = 60
    story.until("Returning")
    while not story.pods_of(kept):
        story.tick()
    story.tick(2)
    (name,) = story.pods_of(kept)
    story.cluster.pods[name]["status"] |= ended(names.CONTAINER_RUNTIME, 1, "no such driver", now="running")
    story.tick()
    told = story.condition("RolloutComplete")[2]
    assert f"{kept} has no ready pod yet: " in told
    assert "no such driver" in told
    assert f"To let {burning} serve instead: kubectl paddle_sla abort calm {kept}" in told


def test_one_that_left_its_bake_is_not_tried_again_in_the_only_room_unless_a_person_says_so() -> None:
    story, kept, left = baking_on(1, 1)
    loses_its_devices(story, left)
    story.tick(3)
    story.serving_pods.clear()
    story.tick(80)
    assert set(story.serving_pods) == {1}
    assert (story.weights, len(story.pods_of(kept))) == ({kept: 100}, 1)
    status, reason, told = story.condition("RolloutComplete")
    assert (status, reason) == ("False", "AwaitingApproval")
    assert f"there is room for it only where {kept} serves, and nobody would meanwhile" in told
    story.gpus["c"] = 1
    story.until("Baking")
    assert story.weights == {left: 100}
    assert set(story.serving_pods) <= {1, 2}


def test_one_that_left_its_bake_is_tried_at_once_where_nobody_serves_any_more() -> None:
    story, kept, left = baking_on(1, 1)
    loses_its_devices(story, left)
    story.tick(8)
    assert story.complete == ("False", "AwaitingApproval")
    crashes(story, kept)
    story.tick(12)
    assert (story.weights, story.serving_pods[-1]) == ({left: 100}, 1)


def test_a_person_lets_one_that_left_its_bake_be_tried_in_the_only_room() -> None:
    story, _, left = baking_on(1, 1)
    loses_its_devices(story, left)
    story.tick(8)
    story.asks(f"approve/{left}/1")
    story.until("Baking")
    assert story.weights == {left: 100}
