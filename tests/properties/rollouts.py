"""Hypothesis: what a resource may say of its rollouts, and what befalls them."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from hypothesis import strategies as st

from paddle_operator.rollout.gate.proof import Reach
from paddle_operator.rollout.hosting.forecast import forecast
from paddle_operator.rollout.hosting.hosting import Hosting
from paddle_operator.rollout.memory import Hold
from paddle_operator.rollout.verdict import Finding, Verdict
from tests.operator.rollout.machines import machines
from tests.operator.rollout.story import (
    AWAY,
    CHECK_BROKEN,
    CHECKED,
    CHECKING,
    DIFFERS,
    OUT_OF_REACH,
    asking,
)

NAMES = [f"ocr-{letter}" for letter in "abcd"]
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
    return Hosting("as it was said", timedelta(minutes=10), forecast(look), look, said=said)


HOSTINGS = st.one_of(
    st.none(),
    st.builds(
        hosting, st.sampled_from(["aaaa", "aa", ""]), st.sampled_from([(), ("a",)]), said=st.booleans()
    ),
)
WAITING = {Hold.NEEDS_APPROVAL, Hold.PROOF_NOT_REACHABLE, Hold.REGRESSION, Hold.UNPROVEN}
"""Holds that a person's approve ends."""
OFTEN_NOTHING = {
    "preflight": st.sampled_from([None, None, None, CHECKING, CHECKED, DIFFERS, CHECK_BROKEN]),
    "hostable": st.sampled_from([None, None, None, 0, 1, 4]),
    "reach": st.sampled_from([None, None, Reach((30, 30), 900, fits=True), OUT_OF_REACH]),
    "budget_left_percent": st.sampled_from([None, None, Fraction(-1), Fraction(5)]),
    "spent_percent": st.sampled_from([None, None, None, None, Fraction(11)]),
    "fast_burn": st.booleans(),
    "missing": st.sampled_from(["", "", "", AWAY]),
}
