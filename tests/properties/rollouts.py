"""Hypothesis: what a resource may say of its rollouts, and what befalls them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from hypothesis import strategies as st

from paddle_operator.rollout.advance import Advance, advance
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.hosting.forecast import forecast
from paddle_operator.rollout.hosting.hosting import Hosting
from paddle_operator.rollout.machine import State
from paddle_operator.rollout.memory import Hold, Memory
from paddle_operator.rollout.situation import Situation
from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.spec.rollout import RolloutState
from tests.operator.rollout.machines import machines
from tests.operator.rollout.story import (
    AWAY,
    CHECK_BROKEN,
    CHECKED,
    CHECKING,
    DIFFERS,
    OUT_OF_REACH,
    PROVEN,
    Story,
    asking,
)

NAMES = [f"ocr-{letter}" for letter in "abcd"]
PODS = 4
"""Of a service, as many as a story has."""
WAITING = {Hold.NEEDS_APPROVAL, Hold.PROOF_NOT_REACHABLE, Hold.REGRESSION, Hold.UNPROVEN}
"""Holds that a person's approve ends."""
VERDICTS = st.builds(Verdict, st.sampled_from(Finding), step_passes=st.booleans(), proven=st.booleans())
SETTINGS = st.builds(
    asking,
    strategy=st.sampled_from(["Canary", "Canary", "BlueGreen", "Recreate"]),
    steps=st.sampled_from(
        [
            [{"weight": 5}, {"weight": 50, "minDurationSeconds": 0}],
            [{"weight": 20, "approval": "Manual", "minDurationSeconds": 0}],
            [{"weight": weight, "minDurationSeconds": 0} for weight in (1, 2, 3, 90)],
        ]
    ),
    analysis=st.fixed_dictionaries(
        {
            "onRegressionWithinSLA": st.sampled_from(["Hold", "Rollback", "Ignore"]),
            "onUnproven": st.sampled_from(["Hold", "Rollback"]),
            "onMetricsUnavailable": st.sampled_from(["Hold", "Rollback"]),
        }
    ),
    bake=st.sampled_from([{"durationMinutes": 0}, {"durationMinutes": 5}, {"keepPrevious": "None"}]),
    revisionHistoryLimit=st.integers(0, 3),
)


def hosting(stable: str, canary: tuple[str, ...], *, said: bool) -> Hosting:
    """On one node of four devices, some of which both revisions have."""
    look = machines(4, stable=stable, stable_wish=4).canary_on(*canary).look
    return Hosting("as it was said", timedelta(minutes=10), forecast(look), look=look, said=said)


def after_a_wait(memory: Memory, story: Story, course: Course) -> Iterator[Advance]:
    """What comes of a canary without a share for which pods made room, with none of them left: it is ready or
    not, wanted or nobody knows, and what it is asked finds nothing out."""
    attempt, stable = memory.attempt, memory.stable
    if attempt is None or stable is None or attempt.weight:
        return
    if not attempt.ends_pods or memory.state not in {State.PREPARING, State.PREFLIGHT}:
        return
    running = story.rollout.model_copy(update={"state": RolloutState.RUNNING})
    for ready, wanted in itertools.product((0, 4), (None, attempt.canary)):
        pods, room = {stable: 0, attempt.canary: ready}, hosting("", (), said=True)
        seen = Situation(wanted, course, pods, 4, preflight=CHECK_BROKEN, hosting=room)
        begun = advance(memory, running, seen, story.now).memory
        yield advance(begun, running, seen, story.now + timedelta(days=1))


def unseen(memory: Memory, story: Story, course: Course) -> Memory:
    """What comes of it in two minutes in which counts stay away and all pods are ready."""
    pods, now = {name: 4 for name in (course.canary, course.stable) if name}, story.now
    for _ in range(8):
        now += timedelta(seconds=15)
        seen = Situation(story.wanted, course, pods, 4, missing=AWAY, preflight=CHECKED)
        memory = advance(memory, story.rollout, seen, now).memory
    return memory


def paused(memory: Memory, story: Story, course: Course) -> Iterator[tuple[Advance, Mapping[str, int]]]:
    """What a proof, and all pods of the canary, come to in a pause, by the pods of the stable revision."""
    stopped = story.rollout.model_copy(update={"state": RolloutState.PAUSED})
    for left in range(PODS + 1):
        pods = {**dict.fromkeys((*NAMES, course.canary or ""), PODS), memory.stable or "": left}
        seen = Situation(story.wanted, course, pods, PODS, verdict=PROVEN, preflight=CHECKED)
        yield advance(memory, stopped, seen, story.now + timedelta(hours=9)), pods


def gains_nothing(
    before: Memory, then: Memory, earlier: Course, course: Course, ready: Mapping[str, int]
) -> None:
    """A pause gives a canary no more than it had, or was granted before and its own pods could not take yet.

    Only what the ready pods of the stable revision can no longer take goes to it, whoever is left of them.
    """
    canary = course.canary
    same = before.attempt is not None and before.attempt.canary == canary
    granted = before.attempt.weight if before.attempt is not None and same else 0
    if then.attempt is not None:
        assert then.attempt.weight <= granted
    had = earlier.canary_weight if earlier.canary == canary else 0
    left = ready.get(then.stable or "", 0) - len(course.ends)
    gone = PODS - max(left, 0)
    assert course.canary_weight <= max(had, granted, math.ceil(100 * gone / PODS))


HOSTINGS = st.one_of(
    st.none(),
    st.builds(
        hosting, st.sampled_from(["aaaa", "aa", ""]), st.sampled_from([(), ("a",)]), said=st.booleans()
    ),
)
FAR = replace(OUT_OF_REACH, late=(0, 3000.0))
"""Whatever steps there are, the first one is."""
OFTEN_NOTHING = {
    "preflight": st.sampled_from([None, None, None, CHECKING, CHECKED, DIFFERS, CHECK_BROKEN]),
    "hostable": st.sampled_from([None, None, None, 0, 1, 4]),
    "reach": st.sampled_from([None, None, Reach((30, 30), 900, fits=True), FAR]),
    "budget_left_percent": st.sampled_from([None, None, Fraction(-1), Fraction(5)]),
    "spent_percent": st.sampled_from([None, None, None, None, Fraction(11)]),
    "fast_burn": st.booleans(),
    "missing": st.sampled_from(["", "", "", AWAY]),
}
