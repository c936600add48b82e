"""What a proof takes: requests, time, and the first weight."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import ceil

import pytest

from paddle_operator.rollout.course import Course
from paddle_operator.rollout.gate.counts import Counts
from paddle_operator.rollout.gate.proof import Done, Reach, Wanted, least_first_weight, reach, wanted
from paddle_operator.rollout.situation import Situation
from paddle_operator.spec.rollout import Rollout, Step
from tests.operator.rollout.gates import gate, judged, look, pair

STEPS = Rollout().steps


@pytest.mark.parametrize("targets", [("99",), ("99", "99.9"), ("50",), ("99.99",)])
@pytest.mark.parametrize("tolerance", [1, 2, 10])
def test_it_is_the_least_number_of_clean_requests_with_which_the_gate_says_proven(
    targets: tuple[str, ...], tolerance: int
) -> None:
    settings = gate(*targets, tolerance_factor=Fraction(tolerance))
    requests = wanted(settings).to_prove
    for number, proven in ((requests - 1, False), (requests, True)):
        _, verdict = judged(settings, [look(*[pair((number, 0), (number, 0))] * len(targets))])
        assert verdict.proven is proven


def test_at_many_requests_the_least_durations_are_all_it_takes() -> None:
    found = reach(wanted(gate()), STEPS, Fraction(20), 5)
    assert found == Reach((5, 25, 50), 360, True, 187, requests_per_second=Fraction(20))


def test_at_two_requests_a_second_999_needs_83_minutes_for_its_first_step() -> None:
    found = reach(wanted(gate("99.9")), STEPS[:1], Fraction(2), 5)
    assert not found.fits
    assert found.seconds == 1888 / 0.1, "as the only step, it has to prove the canary, too"
    two = reach(wanted(gate("99.9")), STEPS[:2], Fraction(2), 5)
    assert two.seconds == 500 / 0.1 + (1888 - 500) / 0.5
    assert two.late == (0, 500 / 0.1), "it says which step is over first, and what it would take"


def test_the_first_weight_is_raised_as_far_as_it_has_to_be_and_no_further() -> None:
    takes = wanted(gate("99.9"))
    found = least_first_weight(takes, STEPS, Fraction(2))
    assert found.fits
    assert found.weights == (14, 25, 50)
    assert not reach(takes, STEPS, Fraction(2), 13).fits


@pytest.mark.parametrize(
    ("share", "to_pass", "to_prove"),
    [("0", 500, 1888), ("0.0004", 1000, 4405), ("0.001", 1000, 14713), ("0.5", 1000, 14713)],
)
def test_what_the_service_fails_now_is_expected_of_a_canary_too(
    share: str, to_pass: int, to_prove: int
) -> None:
    settings, bad_share = gate("99.9"), Fraction(share)
    assert wanted(settings, {"o0": bad_share}) == Wanted(to_pass, to_prove)
    bad = ceil(to_prove * min(bad_share, Fraction("0.001")))
    _, verdict = judged(settings, [look(pair((to_prove, bad), (to_prove, bad)))])
    assert verdict.proven
    bad = ceil(to_pass * min(bad_share, Fraction("0.001")))
    _, verdict = judged(settings, [look(pair((to_pass, bad), (to_pass, bad)))])
    assert verdict.step_passes


def test_a_service_that_fails_now_and_then_needs_more_of_a_first_weight() -> None:
    assert least_first_weight(wanted(gate("99.5")), STEPS, Fraction(2)).weights == (5, 25, 50)
    takes = wanted(gate("99.5"), {"o0": Fraction("0.002")})
    now_and_then = least_first_weight(takes, STEPS, Fraction(2))
    assert now_and_then.weights == (6, 25, 50)


def test_a_weight_counts_for_the_share_that_whole_pods_come_to() -> None:
    """Where pods divide the requests, 5 % of two is one of three; 50 % of four is two of six."""
    takes = wanted(gate("99.9"))
    two, four = (
        partial(
            Situation("new", Course("old"), {"old": pods}, full=pods, by_pods=True).comes_to, stable="old"
        )
        for pods in (2, 4)
    )
    assert not reach(takes, STEPS[:2], Fraction(2), 5).fits
    found = least_first_weight(takes, STEPS, Fraction(2), two)
    assert (found.weights, found.fits) == ((5, 25, 50), True), "nothing has to be raised"
    half = [Step.model_validate({"weight": 50, "maxDurationSeconds": 2000})]
    assert reach(takes, half, Fraction(2), 50).seconds == 1888
    third = reach(takes, half, Fraction(2), 50, comes_to=four)
    assert (third.seconds, third.fits) == (1888 * 1.5, False)


def test_a_first_weight_that_is_enough_is_left_alone() -> None:
    assert least_first_weight(wanted(gate()), STEPS, Fraction(20)).weights == (5, 25, 50)


def test_no_weight_is_raised_beyond_the_last_one_and_what_does_not_fit_says_how_long_it_would_take() -> None:
    found = least_first_weight(wanted(gate("99.99")), STEPS, Fraction(2))
    assert found.weights == (50, 50, 50)
    assert not found.fits
    assert found.seconds > 3 * 1800


def test_without_requests_nothing_is_ever_proven() -> None:
    found = least_first_weight(wanted(gate()), STEPS, Fraction(0))
    assert (found.fits, found.seconds) == (False, float("inf"))
    assert found.weights == (5, 25, 50), "a larger share of nothing is nothing"


def test_each_objective_is_expected_to_fail_what_it_fails_now() -> None:
    """A latency objective of 90 % that is near its budget says nothing of an availability of 99.9 %."""
    settings = gate("99.9", "90")
    assert wanted(settings, {"o1": Fraction("0.05")}) == wanted(gate("99.9"))


def test_in_a_rollout_what_was_proven_before_is_not_asked_for_again() -> None:
    settings = gate("99.9")
    half = Done(step=1, seconds=60, requests=200, proof={"o0": Counts(1000, 0)})
    takes = wanted(settings, done=half)
    assert takes.to_prove == 888
    found = reach(takes, STEPS, Fraction(20), 5, half)
    assert found.seconds == 300 / 5 + 120, "the rest of the second step, and the third one"
    bad = Done(step=2, seconds=60, requests=500, proof={"o0": Counts(1000, 2)})
    assert wanted(settings, done=bad).to_prove > takes.to_prove
    assert reach(wanted(settings, done=bad), STEPS, Fraction(20), 5, bad).seconds > 60


def test_a_proven_canary_waits_for_no_more_than_the_time_of_its_step() -> None:
    proven = Done(step=2, seconds=100, requests=900, proof={"o0": Counts(5000, 0)})
    takes = wanted(gate("99.9"), done=proven)
    assert takes.to_prove == 0
    assert reach(takes, STEPS, Fraction(20), 5, proven).seconds == 20
