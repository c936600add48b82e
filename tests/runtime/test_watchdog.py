"""When a busy worker counts as stuck, and how a computation stops at its borders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.border import Abandoned, border, looking
from paddle_runtime.dispatch.watchdog import (
    SHORTEST_SECONDS,
    Bounds,
    Signs,
    Verdict,
    border_seconds,
    look,
)

BOUNDS = Bounds(begin_seconds=5.0, border_seconds=60.0)
seconds = st.floats(0, 1000)


def signs(**changes: object) -> Signs:
    parts = {"sent_at": 100.0, "begun": True, "last_border": 100.0, "deadline": 130.0, **changes}
    return Signs(**parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "now", "verdict"),
    [
        (signs(begun=False, last_border=50.0), 104.9, Verdict.WORKS),
        (signs(begun=False, last_border=50.0), 105.0, Verdict.UNBEGUN),
        (signs(), 159.9, Verdict.WORKS),
        (signs(), 160.0, Verdict.STALLED),
        (signs(last_border=125.0), 184.9, Verdict.WORKS),
        (signs(last_border=125.0), 185.0, Verdict.STALLED),
        (signs(last_border=189.0), 189.9, Verdict.WORKS),
        (signs(last_border=189.0), 190.0, Verdict.STALLED),  # busy on after it was told to stop
        (signs(begun=True, last_border=100.0, deadline=90.0), 159.0, Verdict.WORKS),
    ],
)
def test_a_worker_is_stuck_when_it_shows_no_progress_that_counts(
    told: Signs, now: float, verdict: Verdict
) -> None:
    assert look(told, BOUNDS, now=now)[0] is verdict


@given(seconds, seconds, seconds, st.booleans(), st.floats(0.01, 100), st.floats(0.01, 100), seconds)
def test_the_next_look_comes_when_the_verdict_can_change(
    sent: float, border_at: float, deadline: float, begun: bool, begin: float, between: float, later: float
) -> None:
    told = Signs(sent, begun, border_at, deadline)
    bounds = Bounds(begin, between)
    now = sent + later
    verdict, due = look(told, bounds, now=now)
    assert (verdict is Verdict.WORKS) == (now < due)
    assert due >= sent
    assert look(told, bounds, now=due)[0] is not Verdict.WORKS


@given(st.floats(0, 1e6), st.floats(0.01, 1e6))
def test_patience_follows_the_prediction_within_the_setting(predicted: float, longest: float) -> None:
    bound = border_seconds(predicted, longest)
    assert bound <= longest
    assert bound >= min(predicted, longest)
    assert bound >= min(SHORTEST_SECONDS, longest)
    assert predicted > 0 or bound == longest


def test_a_border_is_nothing_where_nobody_looks_and_is_asked_where_somebody_does() -> None:
    border()
    asked: list[str] = []
    with looking(lambda: asked.append("outer")):
        with looking(lambda: asked.append("inner")):
            border()
        border()
    border()
    assert asked == ["inner", "outer"]


def test_no_pipeline_takes_an_abandoned_request_for_a_failure_of_its_model() -> None:
    def left() -> None:
        raise Abandoned("nobody waits")

    def pipeline() -> str:
        try:
            border()
        except Exception:
            return "the model failed"
        return "went on"

    with looking(left), pytest.raises(Abandoned):
        pipeline()
