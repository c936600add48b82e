"""How many pods a weight takes, and which weight pods can carry."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_operator.rollout.hosting.capacity import UNKNOWN, Load, canary_replicas, weight_hosted
from paddle_operator.sla.means import Rate


def load(offered: int, low: int, high: int | None = None) -> Load:
    return Load(Fraction(offered), Rate(Fraction(low), Fraction(high or low)))


LOADS = st.one_of(
    st.just(UNKNOWN),
    st.builds(load, st.integers(0, 1000), st.integers(0, 200)),
    st.builds(lambda offered: Load(Fraction(offered)), st.integers(0, 1000)),
)
PODS, WEIGHTS = st.integers(1, 50), st.integers(1, 100)


@pytest.mark.parametrize(("weight", "pods"), [(1, 1), (5, 1), (10, 1), (11, 2), (25, 3), (50, 5), (100, 10)])
def test_what_is_not_known_is_taken_from_the_number_of_stable_pods(weight: int, pods: int) -> None:
    assert canary_replicas(weight, 10) == pods


def test_a_canary_is_sized_by_what_is_offered_and_by_what_a_replica_is_sure_to_serve() -> None:
    assert canary_replicas(25, 10, load(200, low=20, high=90)) == 3
    assert canary_replicas(50, 10, load(200, low=20, high=90)) == 5


def test_a_service_with_pods_to_spare_needs_fewer_for_its_canary() -> None:
    assert canary_replicas(50, 10, load(40, low=20)) == 1


def test_nobody_asks_and_one_pod_is_enough() -> None:
    assert canary_replicas(50, 10, load(0, low=20)) == 1


def test_a_capacity_of_which_nothing_is_sure_is_not_relied_on() -> None:
    assert canary_replicas(50, 10, load(200, low=0, high=90)) == canary_replicas(50, 10) == 5


def test_for_everything_the_canary_has_as_many_pods_as_the_stable_revision_whatever_is_offered() -> None:
    assert canary_replicas(100, 10, load(1, low=20)) == 10


@given(WEIGHTS, PODS, LOADS)
def test_a_canary_has_a_pod_and_never_more_than_the_stable_revision(
    weight: int, stable: int, at: Load
) -> None:
    assert 1 <= canary_replicas(weight, stable, at) <= stable


@given(WEIGHTS, WEIGHTS, PODS, LOADS)
def test_more_weight_never_takes_fewer_pods(one: int, other: int, stable: int, at: Load) -> None:
    less, more = sorted((one, other))
    assert canary_replicas(less, stable, at) <= canary_replicas(more, stable, at)


@given(WEIGHTS, PODS, LOADS)
def test_the_pods_of_a_weight_carry_it_once_they_are_ready(weight: int, stable: int, at: Load) -> None:
    needed = canary_replicas(weight, stable, at)
    if not at.known or needed < stable:
        assert weight_hosted(weight, stable, stable, needed, at) == weight


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
