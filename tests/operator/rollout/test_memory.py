"""What is remembered: as text, and where there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paddle_operator.rollout.advance import advance
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import (
    LARGEST_BYTES,
    MOST_REJECTED,
    Cause,
    Memory,
    Rejection,
    memory_from,
    text_of,
)
from paddle_operator.rollout.situation import Situation
from paddle_operator.spec.rollout import Rollout
from tests.operator.rollout.story import (
    AWAY,
    BROKEN,
    FINE,
    NEW,
    NEWER,
    OLD,
    PROVEN,
    START,
    THIN,
    Story,
    asking,
    rejected,
)


def test_the_text_is_the_one_that_was_written() -> None:
    assert text_of(Memory(since=START, stable=OLD, served=True)) == (
        f'{{"served":true,"since":"2026-11-26T12:00:00Z","stable":"{OLD}","version":1}}'
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "null",
        '{"since":"2026-11-26T12:00:00Z"}',
        '{"since":"2026-11-26T12:00:00Z","version":2}',
        '{"since":"2026-11-26T12:00:00Z","version":1,"state":"Dancing"}',
        '{"since":"2026-11-26T12:00:00Z","version":1,"state":"Step"}',
        '{"since":"2026-11-26T12:00:00Z","version":1,"colour":"red"}',
        '{"since":"yesterday","version":1}',
    ],
)
def test_a_damaged_text_is_no_memory(text: str) -> None:
    assert memory_from(text) is None


def test_a_text_that_was_cut_off_is_no_memory() -> None:
    text = text_of(Story().tried(25).memory or Memory(since=START))
    assert all(memory_from(text[:length]) is None for length in range(len(text)))


def test_no_more_rejections_are_kept_than_fit() -> None:
    memory = Memory(since=START)
    for number in range(MOST_REJECTED + 5):
        one = Rejection(revision=f"r{number}", cause=Cause.BROKEN, at=START)
        memory = memory.but(rejected=memory.rejecting(one))
    assert [one.revision for one in memory.rejected] == [f"r{number}" for number in range(5, 25)]


def test_evidence_that_does_not_fit_begins_anew() -> None:
    memory = Memory(since=START, gate="x" * LARGEST_BYTES, counters="y")
    assert memory_from(text_of(memory)) == Memory(since=START)


def test_the_gate_is_remembered_with_the_look_and_forgotten_with_the_canary() -> None:
    story = Story().tried()
    story.look(FINE, gate="evidence", counters="raw")
    assert story.memory
    assert (story.memory.gate, story.memory.counters, story.memory.looked_at) == (
        "evidence",
        "raw",
        story.now,
    )
    story.look(gate="not asked")
    assert story.memory.gate == "evidence"
    story.wanted = NEWER
    story.look()
    assert (story.memory.gate, story.memory.counters) == ("", "")


def test_a_clock_that_was_set_back_stops_no_judging() -> None:
    story = Story().tried()
    story.look(FINE, seconds=3600)
    story.look(BROKEN, seconds=-3585)
    assert rejected(story) == {NEW: Cause.BROKEN}


def test_a_clock_that_was_set_back_takes_no_time_from_a_step() -> None:
    story = Story(rollout=asking(steps=[{"weight": 5, "minDurationSeconds": 7200}])).tried()
    for seconds in (30, -3600, 15):
        story.look(FINE, seconds=seconds)
    assert story.memory
    assert story.memory.attempt
    assert story.memory.attempt.running_seconds == 45


def test_counts_that_are_missing_are_told_in_time_although_a_clock_was_set_back() -> None:
    story = Story().tried()
    for seconds in (15, -3600, *4 * (15,)):
        story.look(missing=AWAY, seconds=seconds)
    assert story.state is State.HELD


LIVES = (
    Course(OLD),
    Course(OLD, NEW, 0, 1),
    Course(OLD, NEW, 5, 1),
    Course(OLD, NEW, 30, 2),
    Course(OLD, NEW, 100, 4, rejected={NEWER: "Broken"}),
    Course(NEW, previous=OLD, history=(NEWER,), rejected={"ocr-x": "OfAnotherRelease"}),
)


@pytest.mark.parametrize("lives", LIVES)
@pytest.mark.parametrize("wanted", [None, OLD, NEW, NEWER])
def test_without_memory_what_lives_goes_on_and_no_weight_moves(lives: Course, wanted: str | None) -> None:
    done = advance(None, Rollout(), Situation(wanted, lives, {OLD: 4, NEW: 4}, 4), START)
    assert done.course == lives
    assert memory_from(text_of(done.memory)) == done.memory


def test_after_that_it_goes_on_from_there() -> None:
    story = Story(ready={OLD: 4, NEW: 4}, wanted=NEW)
    lives = Course(OLD, NEW, 30, 2, rejected={NEWER: "Broken"})
    story.memory = advance(None, story.rollout, Situation(NEW, lives, story.ready, 4), story.now).memory
    assert story.look(FINE).canary_weight == 30
    story.look(FINE, seconds=120)
    assert story.memory
    assert (story.state, story.memory.attempt and story.memory.attempt.step) == (State.STEP, 2)
    story.wanted = NEWER
    assert story.look().canary is None


def test_a_memory_of_revisions_that_are_gone_is_none() -> None:
    """A backup has brought other objects back than those that the memory is of."""
    memory = Memory(since=START, stable=OLD, served=True)
    lives = Course(NEW, NEWER, 25, 1)
    done = advance(memory, Rollout(), Situation(NEWER, lives, {NEW: 4, NEWER: 1}, 4), START)
    assert done.course == lives
    assert done.memory.stable == NEW


def test_a_stable_deployment_that_somebody_deleted_is_wanted_still() -> None:
    memory = Memory(since=START, stable=OLD, served=True)
    done = advance(memory, Rollout(), Situation(OLD, Course(None), {}, 4), START + timedelta(minutes=1))
    assert done.course.stable == OLD


def test_the_share_of_a_canary_that_alone_has_pods_passes_no_step_where_the_memory_is_lost() -> None:
    story = Story().tried(5)
    story.ready[OLD] = 0
    assert story.look().weight(NEW) == 100
    story.memory = None
    assert story.look().weight(NEW) == 100
    story.ready[OLD] = 4
    course = story.look()
    assert (story.state, course.weight(NEW)) == (State.STEP, 5)
    assert story.memory is not None
    assert story.memory.attempt is not None
    assert story.memory.attempt.step == 0


def test_the_only_pods_stay_where_the_memory_of_a_promotion_is_lost() -> None:
    story = Story().tried(50)
    story.look(PROVEN, seconds=120)
    story.ready |= {OLD: 0, NEW: 3}
    story.look()
    story.memory = None
    for _ in range(2):
        assert story.look(THIN).canary_replicas >= 3
