"""A canary with the only ready pods is not ended for want of proof, counts or pods: nobody would serve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddle_operator.reasons import Reason
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause
from paddle_operator.rollout.only_pods import too_few
from paddle_operator.status.rollout import RolloutFacts
from tests.operator.rollout.story import AWAY, FINE, NEW, NEWER, OLD, PROVEN, THIN, Story, asking, rejected


def facts(story: Story) -> RolloutFacts:
    assert story.memory is not None
    return RolloutFacts(story.rollout, story.memory, story.wanted, ready=story.ready, full=story.full)


def told(story: Story) -> str:
    return facts(story).message


@pytest.mark.parametrize("wanted", [NEW, NEWER])
@pytest.mark.parametrize("manual", [True, False])
def test_who_has_the_only_pods_is_not_ended_because_nobody_sees_it(*, manual: bool, wanted: str) -> None:
    first = {"weight": 5, "approval": "Manual" if manual else "Automatic"}
    policy = {"onMetricsUnavailable": "Rollback"}
    story = Story(asking(steps=[first, {"weight": 50}], analysis=policy)).tried(5)
    story.look(FINE if manual else THIN, seconds=120)
    story.ready[OLD], story.wanted = 0, wanted
    story.look(missing=AWAY)
    course = story.look(missing=AWAY, seconds=60)
    assert (course.weight(NEW), rejected(story)) == (100, {})
    assert story.state is (State.AWAITING_APPROVAL if manual else State.HELD)
    story.ready[OLD], story.wanted = 4, NEW
    story.look(missing=AWAY)
    assert rejected(story) == {NEW: Cause.METRICS_UNAVAILABLE}, "others serve again"


def test_who_has_the_only_pods_is_not_ended_for_want_of_proof() -> None:
    story = Story().tried(5)
    story.ready[OLD] = 0
    for _ in range(3):
        assert story.look(THIN, seconds=1500).weight(NEW) == 100
    assert (story.state, rejected(story)) == (State.STEP, {})
    story.look(PROVEN)
    assert story.memory is not None
    assert story.memory.attempt is not None
    assert story.memory.attempt.step == 1, "it may pass"


def test_the_time_that_nobody_else_served_makes_no_canary_late() -> None:
    story = Story().tried(5)
    story.ready[OLD] = 0
    story.look(THIN, seconds=5000)
    story.ready[OLD] = 1
    story.look(THIN)
    assert rejected(story) == {}
    story.look(THIN, seconds=1800)
    assert rejected(story) == {NEW: Cause.UNPROVEN}


@pytest.mark.parametrize("together", [0, 4])
def test_a_loss_counts_against_it_only_while_others_have_pods(together: int) -> None:
    story = Story().tried(5)
    for _ in range(together):
        story.ready = {OLD: 0, NEW: 0}
        story.look()
        assert facts(story).reason == Reason.ENDPOINTS_LOST
        story.ready[NEW] = 1
        story.look()
        story.ready[OLD] = 4
        assert story.look().weight(NEW) == 5
    for _ in range(2):
        story.ready[NEW] = 0
        story.look()
        story.ready[NEW] = 1
        assert story.look().weight(NEW) == 5
    story.ready[NEW] = 0
    story.look()
    assert rejected(story) == {NEW: Cause.ENDPOINTS_LOST}


def test_the_first_pod_that_is_back_serves_where_both_have_lost_theirs() -> None:
    story = Story().tried(50)
    story.ready = {OLD: 0, NEW: 0}
    story.look()
    story.ready[NEW] = 1
    assert story.look().weight(NEW) == 100
    story.ready[OLD] = 4
    assert story.look().weight(NEW) == 25, "no more than its pod can take"


def test_who_loses_its_pods_again_and_again_on_the_only_device_gives_it_back() -> None:
    story = Story()
    story.full = 1
    story.tried(5)
    assert story.memory is not None
    story.memory = story.memory.attempting(full=1, weight=100)
    story.ready[OLD] = 0
    for _ in range(2):
        story.ready[NEW] = 0
        story.look()
        assert (story.state, rejected(story)) == (State.PREPARING, {})
        story.ready[NEW] = 1
        assert story.look().weight(NEW) == 100
    story.ready[NEW] = 0
    story.look()
    assert rejected(story) == {NEW: Cause.ENDPOINTS_LOST}


def test_who_takes_all_requests_has_the_pods_for_them() -> None:
    story = Story().tried(5)
    assert story.look().canary_replicas == 1
    story.ready[OLD] = 0
    course = story.look()
    assert (course.weight(NEW), course.canary_replicas) == (100, 4)
    story.ready[NEW] = 4
    for back, weight, pods in ((1, 75, 3), (2, 50, 2), (4, 5, 1)):
        story.ready[OLD] = back
        course = story.look()
        assert (course.weight(NEW), course.canary_replicas) == (weight, pods), "as its pods come back"
        story.ready[NEW] = pods


def test_what_it_takes_for_others_is_told_as_long_as_it_does() -> None:
    story = Story().tried(5)
    story.ready |= {OLD: 0, NEW: 4}
    story.look()
    story.ready[OLD] = 2
    taken = story.look().weight(NEW)
    assert taken == 50
    now = replace(facts(story), taken=taken).message
    assert now.endswith(f"{OLD} lacks pods: {NEW} takes 50 % of the requests now")
    story.ready[OLD] = 4
    now = replace(facts(story), taken=story.look().weight(NEW)).message
    assert "lacks pods" not in now


def test_who_alone_has_too_few_pods_is_not_judged_by_what_these_refuse() -> None:
    story = Story().tried(5)
    story.ready[OLD] = 0
    story.look()
    assert story.memory is not None
    assert too_few(story.memory, story.ready, 4)
    assert "takes all requests now, and is judged again once 4 of its pods are ready" in told(story)
    story.ready[NEW] = 4
    assert not too_few(story.memory, story.ready, 4)
    assert told(story).endswith("takes all requests now")
    story.ready |= {OLD: 1, NEW: 1}
    assert not too_few(story.memory, story.ready, 4), "others can be compared with"


@pytest.mark.parametrize("wanted", [NEW, None])
def test_the_first_pod_that_is_back_serves_in_a_pause_too_and_while_nobody_knows_what_is_wanted(
    wanted: str | None,
) -> None:
    story = Story().tried(5)
    story.rollout = asking(state="Paused" if wanted else "Running")
    story.wanted, story.ready = wanted, {OLD: 0, NEW: 0}
    story.look()
    story.ready[NEW] = 1
    assert story.look().weight(NEW) == 100
    story.ready |= {OLD: 1, NEW: 4}
    assert story.look().weight(NEW) == 75, "what the other one's pods can not take yet"
    story.ready[OLD] = 4
    assert story.look().weight(NEW) == 0, "it has no share of its own before it goes on"
