"""A simulated canary goes through the machine of real ones, and what becomes of it has a word."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.verdict import Verdict
from paddle_operator.simulation.driver import Action, Recorded, after, begun, look
from paddle_operator.simulation.own import ROLLOUT, planned
from paddle_operator.spec.rollout import OnDoubt, OnRegression
from tests.operator.rollout.story import BROKEN, FINE, PROVEN, SHARED, SILENT, THIN, WORSE, asking


def what_follows(verdict: Verdict, *, step: int = 0, seconds: int = 0, **analysis: Any) -> tuple[Action, int]:
    """The action, and how long the step lasts then."""
    canary = Recorded.in_step(step, 5, after(0))
    running = canary.attempt.but(running_seconds=seconds)
    found, action = Recorded.of(running, after(0)).look(asking(analysis=analysis), verdict, after(15))
    return action, found.attempt.running_seconds


def test_a_broken_canary_is_rolled_back_at_once() -> None:
    assert what_follows(BROKEN)[0] is Action.ROLL_BACK


@pytest.mark.parametrize("verdict", [SHARED, SILENT])
def test_what_is_held_stops_the_clock(verdict: Verdict) -> None:
    assert what_follows(verdict, step=1, seconds=1799) == (Action.HOLD, 1799)


@pytest.mark.parametrize(
    ("tolerated", "action"),
    [
        (OnRegression.HOLD, Action.HOLD),
        (OnRegression.ROLLBACK, Action.ROLL_BACK),
        (OnRegression.IGNORE, Action.NEXT_STEP),
    ],
)
def test_a_regression_inside_the_promise_is_what_the_resource_makes_of_it(
    tolerated: OnRegression, action: Action
) -> None:
    assert what_follows(WORSE, seconds=120, onRegressionWithinSLA=tolerated)[0] is action


def test_only_a_proven_canary_is_promoted_and_after_its_least_time() -> None:
    assert what_follows(FINE, seconds=90)[0] is Action.WAIT
    assert what_follows(FINE, seconds=105)[0] is Action.NEXT_STEP
    assert what_follows(FINE, step=2, seconds=300)[0] is Action.WAIT
    assert what_follows(PROVEN, step=2, seconds=300)[0] is Action.PROMOTE


@pytest.mark.parametrize(
    ("unproven", "action"), [(OnDoubt.ROLLBACK, Action.END_UNPROVEN), (OnDoubt.HOLD, Action.HOLD)]
)
def test_a_step_that_takes_too_long_ends_unproven_and_not_as_bad(unproven: OnDoubt, action: Action) -> None:
    assert what_follows(THIN, step=1, seconds=1785, onUnproven=unproven)[0] is action


def test_a_step_that_a_person_leaves_is_waited_in() -> None:
    manual = asking(steps=[{"weight": 5, "approval": "Manual"}])
    _, action = Recorded.in_step(0, 5, after(0)).look(manual, PROVEN, after(120))
    assert action is Action.AWAIT_APPROVAL


def test_a_canary_begins_with_the_weight_that_brings_its_proof_into_reach() -> None:
    assert begun(ROLLOUT, Reach((14, 25, 50), 900, fits=True)).course.canary_weight == 14
    far = planned(Fraction(1, 1000), 2, Fraction(1, 2500))
    assert not far.fits
    assert begun(ROLLOUT, far).course.canary_weight == 50, "somebody has approved it"


def test_the_next_step_has_its_weight_at_the_same_look() -> None:
    made = begun(ROLLOUT, Reach((5, 25, 50), 360, fits=True))
    made, action = look(made.memory, ROLLOUT, FINE, after(120))
    assert (action, made.course.canary_weight) == (Action.NEXT_STEP, 25)
    made, action = look(made.memory, ROLLOUT, SHARED, after(240))
    assert (action, made.course.canary_weight) == (Action.HOLD, 25)
