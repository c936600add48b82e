"""When a promise is broken, when it is kept, and when too few requests came to say so."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.sla.budget import Budget
from paddle_operator.sla.burn import MinTraffic
from paddle_operator.sla.outcomes import Tally
from paddle_operator.sla.verdict import verdict
from paddle_operator.spec.sla_report import Verdict

COUNTS = st.integers(0, 10_000)


def judged(good: int, bad: int, percent: str = "99.9", least: int = 20) -> Verdict:
    budget = Budget(Fraction(percent) / 100, {"r": Tally(good, bad)})
    return verdict(budget, MinTraffic(least, timedelta(minutes=5)))


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        (0, 0, Verdict.NOT_MEASURED),
        (19, 0, Verdict.TOO_LITTLE_TRAFFIC),
        (0, 19, Verdict.TOO_LITTLE_TRAFFIC),
        (20, 0, Verdict.KEPT),
        (40, 1, Verdict.TOO_LITTLE_TRAFFIC),
        (40, 2, Verdict.BROKEN),
        (0, 20, Verdict.BROKEN),
        (999, 1, Verdict.KEPT),
        (1498, 2, Verdict.BROKEN),
    ],
)
def test_few_requests_say_nothing_and_one_bad_one_breaks_no_promise(
    good: int, bad: int, said: Verdict
) -> None:
    assert judged(good, bad) is said


@given(COUNTS, COUNTS, st.sampled_from(("50", "95", "99.9", "99.999")), st.integers(1, 100))
def test_what_is_judged_is_judged_by_the_exact_share(good: int, bad: int, percent: str, least: int) -> None:
    said = judged(good, bad, percent, least)
    if said in {Verdict.KEPT, Verdict.BROKEN}:
        assert (said is Verdict.KEPT) == (100 * good >= Fraction(percent) * (good + bad))
        assert good + bad >= least


@given(COUNTS, st.integers(2, 10_000), st.sampled_from(("50", "95", "99.9", "99.999")))
def test_one_more_failure_never_mends_a_broken_promise(good: int, bad: int, percent: str) -> None:
    if judged(good, bad, percent) is Verdict.BROKEN:
        assert judged(good, bad + 1, percent) is Verdict.BROKEN
