"""What the status tells of a bake while the budget burns fast."""

from __future__ import annotations

from dataclasses import replace

from paddle_operator.rollout.machine import State
from paddle_operator.spec.rollout import RolloutState
from paddle_operator.status.rollout import RolloutFacts
from tests.operator.rollout.story import FINE, NEW, OLD, Story


def test_what_keeps_a_bake_from_its_end_is_told_as_long_as_it_does() -> None:
    story = Story().promoted()
    story.look(FINE, fast_burn=True, seconds=7200)
    assert story.state is State.BAKING
    burns = (
        f"The budget burns fast: while it does, the bake of {NEW} does not end by its time. To go back to "
    )
    assert f". {burns}{OLD}: kubectl paddle_sla rollback " in burning(story).message
    assert burns not in replace(burning(story), fast_burn=False).message
    paused = replace(burning(story), rollout=story.rollout.model_copy(update={"state": RolloutState.PAUSED}))
    assert f"its bake does not end until it is Running. {burns}" in paused.message
    story.look(FINE)
    assert story.state is State.STEADY
    assert burns not in burning(story).message


def test_a_burn_keeps_nobody_from_going_back_where_nobody_serves() -> None:
    story = Story().promoted()
    story.ready |= {NEW: 0, OLD: 0}
    story.look(fast_burn=True)
    assert story.state is State.BAKING
    assert "Nobody serves" in burning(story).message
    assert "burns" not in burning(story).message


def burning(story: Story) -> RolloutFacts:
    assert story.memory is not None
    return RolloutFacts(story.rollout, story.memory, story.wanted, ready=story.ready, fast_burn=True)
