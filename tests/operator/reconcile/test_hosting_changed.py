"""The resource changes while pods change places on the only devices: those that serve go on serving."""

from __future__ import annotations

import pytest

from tests.operator.reconcile.hosting_story import HostingStory, a_story


def taking_over_alone(strategy: str) -> tuple[HostingStory, str, str]:
    """On two devices a new revision takes over, and has the only ready pod; the story and both revisions."""
    story = a_story(2, replicas=2, strategy=strategy)
    stable = story.begin()
    story.change()
    for _ in range(40):
        story.tick()
        new = str(story.rollout.get("revision"))
        if story.rollout["state"] == "Promoting" and not story.pods_of(stable):
            return story, stable, new
    raise AssertionError(f"nobody takes over alone: {story.status['rollout']}")


@pytest.mark.parametrize("strategy", ["Canary", "BlueGreen"])
def test_a_newer_change_is_rolled_out_from_who_takes_over(strategy: str) -> None:
    story, stable, new = taking_over_alone(strategy)
    story.change(8)
    story.tick(30)
    assert min(story.serving_pods) >= 1, story.serving_pods
    assert story.status["stable"]["revision"] not in {stable, new}
    assert story.failed_requests.count(0) == len(story.failed_requests)


@pytest.mark.parametrize("strategy", ["Canary", "BlueGreen"])
def test_who_is_wanted_again_comes_back_pod_by_pod(strategy: str) -> None:
    story, stable, _ = taking_over_alone(strategy)
    story.cluster.edit(runtime={"device": "GPU"})
    story.tick(30)
    assert min(story.serving_pods) >= 1, story.serving_pods
    assert story.weights == {stable: 100}
    assert len(story.pods_of(stable)) == 2
    assert "rejectedRevisions" not in story.status


def test_on_one_device_it_is_said_that_nobody_serves_until_the_stable_revision_has_its_pod_back() -> None:
    story = a_story(1, replicas=1)
    stable = story.begin()
    story.change()
    story.until("Step")
    new = story.status["canary"]["revision"]
    story.change(8)
    story.tick()
    missed = f"upersedes {new}, which has the only ready pods: nobody serves until {stable} or "
    assert missed in story.status["rollout"]["message"]
    assert any(missed in message for message in story.events)
