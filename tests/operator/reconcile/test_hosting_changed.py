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
