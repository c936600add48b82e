"""What follows from a verdict, and when the clock of a step runs."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator.rollout.verdict import Finding, Verdict
from paddle_operator.simulation.driver import Action, Clock, act
from paddle_operator.spec.rollout import OnDoubt, OnRegression, Rollout

FIRST = Clock()


def after(verdict: Verdict, clock: Clock = FIRST, **analysis: Any) -> tuple[Clock, Action]:
    rollout = Rollout.model_validate({"analysis": analysis}, by_alias=True)
    return act(rollout, clock, verdict, 15)


FINE = Verdict(Finding.NOTHING_AGAINST, step_passes=True, proven=True)


def found(finding: Finding) -> Verdict:
    return Verdict(finding, step_passes=True, proven=True)


def test_a_broken_canary_is_rolled_back_at_once() -> None:
    assert after(found(Finding.BROKEN))[1] is Action.ROLL_BACK


@pytest.mark.parametrize("finding", [Finding.SHARED_INCIDENT, Finding.NO_DATA, Finding.REGRESSION])
def test_what_is_held_stops_the_clock(finding: Finding) -> None:
    assert after(found(finding), Clock(1, 1799)) == (Clock(1, 1799), Action.HOLD)


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
    held = after(found(Finding.REGRESSION), Clock(0, 120), onRegressionWithinSLA=tolerated)
    assert held[1] is action


def test_a_step_is_left_after_its_least_time_and_the_next_one_begins_at_zero() -> None:
    assert after(FINE, Clock(0, 90)) == (Clock(0, 105), Action.WAIT)
    assert after(FINE, Clock(0, 105)) == (Clock(1, 0), Action.NEXT_STEP)


def test_only_a_proven_canary_is_promoted() -> None:
    unproven = Verdict(Finding.NOTHING_AGAINST, step_passes=True, proven=False)
    assert after(unproven, Clock(2, 300))[1] is Action.WAIT
    assert after(FINE, Clock(2, 300))[1] is Action.PROMOTE


@pytest.mark.parametrize(
    ("unproven", "action"), [(OnDoubt.ROLLBACK, Action.END_UNPROVEN), (OnDoubt.HOLD, Action.HOLD)]
)
def test_a_step_that_takes_too_long_ends_unproven_and_not_as_bad(unproven: OnDoubt, action: Action) -> None:
    waiting = Verdict(Finding.NOTHING_AGAINST, step_passes=False, proven=False)
    assert after(waiting, Clock(1, 1785), onUnproven=unproven)[1] is action
