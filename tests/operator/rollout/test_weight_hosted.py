"""Which weight pods can carry."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.rollout.hosting.capacity import UNKNOWN, Load, weight_hosted
from paddle_operator.sla.means import Rate


def load(offered: int, low: int, high: int | None = None) -> Load:
    return Load(Fraction(offered), Rate(Fraction(low), Fraction(high or low)))


LOADS = st.one_of(
    st.just(UNKNOWN),
    st.builds(load, st.integers(0, 1000), st.integers(0, 200)),
    st.builds(lambda offered: Load(Fraction(offered)), st.integers(0, 1000)),
)
PODS, WEIGHTS = st.integers(1, 50), st.integers(1, 100)


@given(WEIGHTS, PODS, st.integers(0, 50), st.integers(0, 50), LOADS)
def test_a_weight_is_a_percentage_and_goes_to_pods_alone(
    weight: int, wanted: int, stable: int, canary: int, at: Load
) -> None:
    hosted = weight_hosted(weight, wanted, stable, canary, at)
    assert 0 <= hosted <= 100
    if not canary:
        assert hosted == 0
    elif not stable:
        assert hosted == 100


def test_a_step_that_too_few_canary_pods_are_ready_for_is_not_taken() -> None:
    assert weight_hosted(50, wanted=4, stable=4, canary=1) == 25
    assert weight_hosted(50, wanted=4, stable=4, canary=2) == 50


def test_what_is_left_of_the_stable_revision_is_not_given_more_than_it_carries() -> None:
    """One of two pods made room: the other one carries half of the requests, not 95 % of them."""
    assert weight_hosted(5, wanted=2, stable=1, canary=1) == 50
    assert weight_hosted(5, wanted=2, stable=1, canary=1, load=load(10, low=50)) == 5
    assert weight_hosted(5, wanted=2, stable=1, canary=1, load=load(40, low=30)) == 25


def test_where_both_are_too_few_each_pod_gets_the_same() -> None:
    assert weight_hosted(5, wanted=8, stable=3, canary=1) == 25
