"""A canary whose counts are missing: nothing is decided for it, and what lasts is told and ends."""

from __future__ import annotations

import pytest

from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Cause, Hold
from paddle_operator.rollout.verdict import Verdict
from tests.operator.rollout.story import (
    AWAY,
    BROKEN,
    FINE,
    NEW,
    PROVEN,
    SILENT,
    THIN,
    Story,
    asking,
    hold,
    rejected,
)


@pytest.mark.parametrize("verdict", [None, SILENT], ids=["nobody to ask", "asked in vain"])
def test_counts_that_stay_away_hold_and_it_goes_on(verdict: Verdict | None) -> None:
    story = Story().tried(25)
    story.look(verdict, missing=AWAY)
    story.look(verdict, missing=AWAY, seconds=59)
    assert (story.state, story.said) == (State.STEP, [])
    course = story.look(verdict, missing=AWAY, seconds=1)
    assert (course.canary_weight, hold(story)) == (25, Hold.METRICS_UNAVAILABLE)
    assert story.last is not None
    assert AWAY in story.last.said[-1].message
    story.look(verdict, missing=AWAY, seconds=5000)
    assert (story.state, story.said) == (State.HELD, [])
    story.look(THIN)
    assert story.state is State.STEP


def test_one_question_without_an_answer_stops_a_step_and_is_told_to_nobody() -> None:
    story = Story().tried(25)
    for _ in range(20):
        story.look(PROVEN, missing=AWAY, seconds=45)
        assert (story.state, story.said) == (State.STEP, [])
        story.look(THIN, seconds=45)
    story.look(FINE)
    assert story.state is State.PREPARING


def test_where_pods_are_seldom_sampled_it_takes_longer_until_counts_are_called_missing() -> None:
    story = Story().tried()
    story.look(missing=AWAY, scrape_seconds=60.0)
    story.look(missing=AWAY, scrape_seconds=60.0, seconds=239)
    assert story.state is State.STEP
    story.look(missing=AWAY, scrape_seconds=60.0, seconds=1)
    assert hold(story) is Hold.METRICS_UNAVAILABLE


def test_no_canary_gains_while_nobody_sees_it() -> None:
    story = Story().tried(25)
    story.look(FINE, seconds=120)
    assert story.state is State.PREPARING
    story.look(missing=AWAY)
    story.ready[NEW] = 4
    assert story.look().canary_weight == 25, "also between two questions"
    assert story.look(FINE).canary_weight == 50


def test_a_promotion_stands_still_while_nobody_sees_it_unless_a_person_ordered_it() -> None:
    story = Story().tried(50)
    story.look(PROVEN, seconds=120)
    story.look(missing=AWAY)
    story.ready[NEW] = 4
    assert (story.look().canary_weight, story.state) == (50, State.PROMOTING)
    story.look(missing=AWAY, seconds=60)
    assert hold(story) is Hold.METRICS_UNAVAILABLE
    story.ask("promote", NEW, missing=AWAY)
    assert story.state is State.BAKING


def test_what_broke_is_rolled_back_also_where_other_counts_are_missing() -> None:
    story = Story().tried()
    story.look(BROKEN, missing="fast: NoData: no pod has the boundary")
    assert story.state is State.ROLLED_BACK


def test_a_canary_that_lost_its_pods_is_not_missed_in_the_metrics() -> None:
    story = Story().tried()
    story.look(missing=AWAY)
    story.ready[NEW] = 0
    story.look(seconds=300)
    story.ready[NEW] = 1
    assert story.look(seconds=300).canary_weight == 5


def test_counts_that_stay_away_end_it_where_that_is_asked_for() -> None:
    story = Story(asking(analysis={"onMetricsUnavailable": "Rollback"})).tried()
    story.look(missing=AWAY)
    story.look(missing=AWAY, seconds=59)
    assert story.state is State.STEP
    story.look(missing=AWAY, seconds=1)
    assert (story.state, rejected(story)) == (State.UNPROVEN, {NEW: Cause.METRICS_UNAVAILABLE})


def test_a_canary_that_waits_for_a_person_is_ended_without_counts_where_that_is_asked_for() -> None:
    manual = [{"weight": 5, "approval": "Manual"}, {"weight": 50}]
    story = Story(asking(steps=manual, analysis={"onMetricsUnavailable": "Rollback"})).tried()
    story.look(FINE, seconds=120)
    assert story.state is State.AWAITING_APPROVAL
    story.look(missing=AWAY)
    story.look(missing=AWAY, seconds=60)
    assert (story.state, rejected(story)) == (State.UNPROVEN, {NEW: Cause.METRICS_UNAVAILABLE})
    held = Story(asking(steps=manual)).tried()
    held.look(FINE, seconds=120)
    held.look(missing=AWAY)
    held.look(missing=AWAY, seconds=600)
    assert held.state is State.AWAITING_APPROVAL


def test_without_metrics_nothing_is_written_again_and_again() -> None:
    story = Story().tried()
    story.look(missing=AWAY)
    story.look(missing=AWAY, seconds=60)
    before = story.memory
    story.look(missing=AWAY)
    assert story.memory == before
