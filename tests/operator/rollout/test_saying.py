"""What is said of a rollout: the share that the canary gets, what happened, and what a person can do."""

from __future__ import annotations

import pytest

from tests.operator.rollout.story import FINE, NEW, OLD, Story


def said(story: Story) -> str:
    """What happened last, as the status tells it."""
    assert story.memory is not None
    return story.memory.said


@pytest.mark.parametrize(("pods", "share"), [(1, 50), (4, 20)])
def test_without_a_gateway_the_share_is_told_that_the_pods_come_to(pods: int, share: int) -> None:
    story = Story(full=pods).settled()
    story.wanted = NEW
    story.look(by_pods=True)
    assert said(story) == f"{NEW}: pods for {share} % of the requests come up"
    story.ready[NEW] = 1
    story.look(by_pods=True)
    assert said(story) == (
        f"{NEW} takes {share} % of the requests, step 1 of 3, which asks for 5 %: requests go to {pods + 1} "
        "pods alike"
    )


def test_a_gateway_gives_a_canary_the_share_of_its_step() -> None:
    story = Story().tried()
    assert said(story) == f"{NEW} takes 5 % of the requests, step 1 of 3"


def test_a_canary_without_anybody_beside_it_is_said_to_take_everything() -> None:
    story = Story().settled()
    story.wanted = NEW
    story.ready = {OLD: 0, NEW: 1}
    assert story.look(FINE).canary_weight == 100
    assert said(story) == (
        f"{NEW} takes 100 % of the requests, step 1 of 3, which asks for 5 %: {OLD} cannot carry the rest"
    )
