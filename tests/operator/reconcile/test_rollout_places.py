"""From when on a canary is counted that has begun: its place at the gateway may have been another one's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from paddle_operator.proving import Proving
from paddle_operator.rollout.looks.looked import Looked
from paddle_operator.spec.report import CountedAt
from tests.operator.reconcile.rollout_story import ROLLOUT, RolloutStory


@dataclass
class Begun:
    """Looks at canaries, and keeps from when on each of those was counted that began."""

    proving: Proving
    begins: list[Mapping[CountedAt, datetime]] = field(default_factory=list)

    async def __call__(self, *asked: Any, **more: Any) -> Looked | None:
        if more["begins"] is not None:
            self.begins.append(more["begins"])
        return await self.proving(*asked, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.proving, name)


def watched() -> tuple[RolloutStory, Begun]:
    story = RolloutStory()
    story.cluster.edit(rollout={**ROLLOUT, "bake": {"durationMinutes": 60}})
    assert story.proving is not None
    begun = Begun(story.proving)
    story.proving = begun  # type: ignore[assignment]
    return story, begun


def test_a_first_canary_is_counted_from_the_scrape_before_its_share() -> None:
    story, begun = watched()
    story.begun()
    assert {*begun.begins[-1]} == {*CountedAt}


def test_one_that_supersedes_a_broken_one_at_once_is_not_held_to_what_that_one_failed() -> None:
    story, begun = watched()
    story.begun()
    story.passes(15, good=99, bad=1)
    before = len(begun.begins)
    story.cluster.edit(runtime={"queue": {"maxRequests": 8}})
    story.look()
    story.cluster.ready(1)
    story.look(2)
    assert story.rollout["state"] == "Step", story.rollout
    assert len(begun.begins) > before
    assert CountedAt.GATEWAY not in begun.begins[-1]


def test_one_that_gave_its_requests_back_is_held_to_nothing_of_its_bake() -> None:
    story, begun = watched()
    story.begun()
    story.passes(120)
    story.passes(15, good=70, bad=30)
    given_back = story.now
    story.passes(30)
    assert story.rollout["state"] == "Step"
    assert {*begun.begins[-1]} == {CountedAt.RUNTIME}
    assert begun.begins[-1][CountedAt.RUNTIME] > given_back
