"""The next pods of a rollout: beside those that serve where there is room, else in their place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddle_operator.rollout.hosting.next_pods import Pods, next_pods
from paddle_operator.spec.rollout import Surge
from tests.operator.rollout.machines import GPU, NPU, Machines, a_node, machines, needs

ONE_BY_ONE, SURGE, AUTO = Surge.ONE_BY_ONE, Surge.SURGE, Surge.AUTO


def after(given: Machines, wanted: int = 1) -> Pods:
    return next_pods(given.look, wanted)


def test_canary_pods_come_beside_the_stable_ones_where_there_is_room() -> None:
    assert after(machines(2, 1, stable="ab"), 1) == Pods(SURGE, stable=2, canary=1)


def test_on_one_device_the_stable_pod_makes_room_for_the_canary() -> None:
    assert after(machines(1, stable="a")) == Pods(ONE_BY_ONE, stable=0, canary=1, ends=("stable-0",))


def test_what_finds_room_comes_first_and_only_the_rest_takes_a_place() -> None:
    scarce = machines(4, stable="aaa")
    assert after(scarce, 3) == Pods(ONE_BY_ONE, stable=3, canary=1)
    assert after(scarce.canary_on("a"), 3) == Pods(ONE_BY_ONE, stable=2, canary=2, ends=("stable-0",))


def test_nothing_more_is_ended_before_the_canary_pod_is_ready() -> None:
    scarce = machines(3, stable="aa", stable_wish=3)
    assert after(scarce.canary_on("a", ready=False), 2) == Pods(ONE_BY_ONE, stable=2, canary=1)
    assert after(scarce.canary_on("a"), 2).ends == ("stable-0",)


def test_nothing_more_is_ended_while_a_pod_is_on_its_way_out() -> None:
    scarce = machines(2, stable="aa")
    going, staying = scarce.stable.pods
    leaving = replace(
        scarce,
        stable=replace(scarce.stable, pods=(replace(going, leaving=True), staying)),
        given={"stable_wish": 2},
    )
    assert after(leaving.canary_on(""), 2) == Pods(ONE_BY_ONE, stable=1, canary=1)


def test_a_pod_on_its_way_out_is_waited_for_even_where_its_room_is_of_no_use() -> None:
    """A set that is scaled down may give up another pod than was asked for."""
    two = machines(1, 1, stable="ab", stable_wish=2).canary_on("")
    wrong, right = two.stable.pods
    cordoned, other = two.nodes
    going = replace(two.stable, pods=(replace(wrong, leaving=True), right))
    gone = replace(two.stable, pods=(right,))
    useless = replace(two, nodes=(replace(cordoned, cordoned=True), other))
    assert after(replace(useless, stable=going)).ends == ()
    assert after(replace(useless, stable=gone)).ends == ("stable-1",)


def test_a_stable_pod_that_waits_for_a_node_is_taken_back_before_it_takes_the_room() -> None:
    assert after(machines(1, stable="a-")) == Pods(ONE_BY_ONE, stable=0, canary=1, ends=("stable-0",))


def test_a_pod_that_is_not_ready_is_ended_before_one_that_is() -> None:
    scarce = machines(3, stable="aaa", least=3)
    first, second, third = scarce.stable.pods
    broken = replace(scarce, stable=replace(scarce.stable, pods=(first, second, replace(third, ready=False))))
    assert after(broken.having(least=2)).ends == ("stable-2",)


def test_two_stable_pods_make_room_for_a_canary_pod_of_two_devices() -> None:
    assert after(machines(2, 1, stable="aab", canary=needs(2))) == Pods(
        ONE_BY_ONE, stable=1, canary=1, ends=("stable-0", "stable-1")
    )


def test_the_pod_ends_whose_room_the_canary_can_use() -> None:
    scarce = machines(1, 1, stable="ab")
    cordoned, other = scarce.nodes
    assert after(replace(scarce, nodes=(replace(cordoned, cordoned=True), other))).ends == ("stable-1",)


def test_no_fewer_pods_serve_than_was_said_before() -> None:
    stolen = machines(3, stable="aa", stable_wish=3, least=2).canary_on("")
    taken = replace(stolen, nodes=(a_node("a", 2),))
    assert after(taken) == Pods(ONE_BY_ONE, stable=2, canary=1, refused=True)
    assert after(taken.having(least=1)).ends == ("stable-0",)


def test_a_canary_that_stable_pods_make_no_room_for_is_refused_and_ends_none() -> None:
    of_npus = machines(2, stable="aa", canary=needs(0, **{NPU: "1"}))
    assert after(of_npus) == Pods(ONE_BY_ONE, stable=2, canary=1, refused=True)


def test_surge_ends_nothing_and_lets_one_pod_wait_for_an_autoscaler_of_nodes() -> None:
    assert after(machines(3, stable="aa", surge=SURGE), 2) == Pods(SURGE, stable=2, canary=2, refused=True)
    assert after(machines(2, stable="aa", surge=SURGE), 2) == Pods(SURGE, stable=2, canary=1, refused=True)


def test_one_by_one_takes_no_more_room_than_the_stable_pods_had() -> None:
    roomy = machines(9, stable="aa", surge=ONE_BY_ONE)
    assert after(roomy, 2) == Pods(ONE_BY_ONE, stable=1, canary=1, ends=("stable-0",))


def test_what_was_given_up_comes_back_when_there_is_room_and_nothing_else_to_do() -> None:
    given_up = machines(3, stable="a", stable_wish=2).canary_on("a")
    assert after(given_up, 1) == Pods(ONE_BY_ONE, stable=2, canary=1)
    assert after(given_up.having(surge=ONE_BY_ONE), 1) == Pods(ONE_BY_ONE, stable=1, canary=1)


def test_room_that_was_given_up_for_the_canary_is_not_asked_back() -> None:
    assert after(machines(1, stable="", stable_wish=1).canary_on("a")) == Pods(ONE_BY_ONE, stable=0, canary=1)


@pytest.mark.parametrize("surge", [AUTO, ONE_BY_ONE])
def test_a_move_that_was_half_written_is_finished(surge: Surge) -> None:
    """The canary's number was written, and the operator ended before it wrote the stable one's."""
    half = machines(1, stable="a", surge=surge).canary_on("")
    assert after(half) == Pods(ONE_BY_ONE, stable=0, canary=1, ends=("stable-0",))


def test_no_more_than_one_pod_waits_for_room_to_be_made() -> None:
    """As after a number that was written before room was reckoned with."""
    many = machines(3, stable="aaa").canary_on("", "", "")
    assert after(many, 3) == Pods(ONE_BY_ONE, stable=2, canary=1, ends=("stable-0",))
    roomy = machines(6, stable="aaa").canary_on("", "", "")
    assert after(roomy, 3).canary == 3, "they are about to be bound"


def test_nothing_is_ended_for_a_second_canary_pod_while_the_first_is_on_its_way_in() -> None:
    arriving = machines(3, stable="aa", stable_wish=3).canary_on("a", ready=False)
    waiting = arriving.canary_on("a", "", ready=False)
    assert after(waiting, 3) == Pods(ONE_BY_ONE, stable=2, canary=2)


def test_other_resources_are_scarce_like_devices() -> None:
    full = machines(4, stable="aa", needed=needs(1, cpu="5"))
    assert after(full).ends == ("stable-0",)
    assert full.look.nodes[0].free[GPU] == 2
