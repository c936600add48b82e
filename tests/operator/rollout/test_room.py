"""Which nodes take a pod, and how many find room there: as the scheduler has it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from paddle_operator.rollout.hosting.room import Needs, Requirement, Taint
from paddle_operator.spec.workload import Toleration
from tests.operator.rollout.machines import GPU, a_node, needs

ONLY_GPU = Taint("nvidia.com/gpu", "present", "NoSchedule")


def tolerating(**toleration: str) -> Needs:
    return replace(needs(), tolerations=(Toleration.model_validate(toleration),))


def meeting(key: str, operator: str, *values: str, of_name: bool = False) -> Needs:
    return replace(needs(), affinity=((Requirement(key, operator, values, of_name),),))


def test_a_node_has_room_for_as_many_pods_as_its_scarcest_resource_gives() -> None:
    assert needs(2).places_on(a_node("a", 5)) == 2
    assert needs(1, cpu="4").places_on(a_node("a", 5)) == 2
    assert needs(1).places_on(a_node("a", 5, amounts={"pods": 1})) == 1


def test_a_resource_that_a_node_does_not_have_is_none_there() -> None:
    assert needs(0, **{"huawei.com/Ascend910": "1"}).places_on(a_node("a", 5)) == 0


def test_a_node_on_which_more_is_asked_for_than_it_has_takes_none() -> None:
    assert needs().places_on(a_node("a", 1, amounts={GPU: -1})) == 0


def test_room_is_not_added_up_over_nodes() -> None:
    assert needs(2).places([a_node("a", 1), a_node("b", 1)]) == 0
    assert needs(2).places([a_node("a", 3), a_node("b", 2)]) == 2


def test_what_a_pod_gives_back_can_be_taken_again() -> None:
    node = a_node("a", 1)
    assert node.with_taken(needs().asks).with_back(needs().asks) == node
    assert needs().places_on(node.with_taken(needs().asks)) == 0


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"ready": False}, "not ready"),
        ({"cordoned": True}, "cordoned"),
        ({"taints": (ONLY_GPU,)}, "with a taint that is not tolerated"),
        ({"taints": (replace(ONLY_GPU, effect="NoExecute"),)}, "with a taint that is not tolerated"),
        ({"taints": (replace(ONLY_GPU, effect="PreferNoSchedule"),)}, ""),
    ],
)
def test_a_node_that_takes_no_pod_says_why(state: dict[str, object], why: str) -> None:
    node = a_node("a", 1, **state)
    assert needs().refused_by(node) == why
    assert needs().places_on(node) == (0 if why else 1)


@pytest.mark.parametrize(
    ("toleration", "bears"),
    [
        ({"operator": "Exists"}, True),
        ({"operator": "Exists", "key": "nvidia.com/gpu"}, True),
        ({"operator": "Exists", "key": "nvidia.com/gpu", "effect": "NoExecute"}, False),
        ({"key": "nvidia.com/gpu", "value": "present"}, True),
        ({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}, True),
        ({"key": "nvidia.com/gpu", "value": "absent"}, False),
        ({"operator": "Exists", "key": "other"}, False),
    ],
)
def test_a_taint_is_tolerated_by_the_rules_of_kubernetes(toleration: dict[str, str], bears: bool) -> None:
    assert tolerating(**toleration).places_on(a_node("a", 1, taints=(ONLY_GPU,))) == bears


def test_every_taint_has_to_be_tolerated() -> None:
    two = a_node("a", 1, taints=(ONLY_GPU, Taint("team", "vision", "NoSchedule")))
    assert tolerating(operator="Exists", key="nvidia.com/gpu").places_on(two) == 0


def test_a_node_has_to_have_every_label_of_the_selector() -> None:
    chosen = replace(needs(), selector={"gpu": "a100", "zone": "b"})
    assert chosen.places_on(a_node("a", 1, labels={"gpu": "a100", "zone": "b", "more": ""})) == 1
    assert chosen.refused_by(a_node("a", 1, labels={"gpu": "a100"})) == "without the labels asked for"


@pytest.mark.parametrize(
    ("asked", "met"),
    [
        (meeting("gpu", "In", "a100", "h100"), True),
        (meeting("gpu", "In", "t4"), False),
        (meeting("gpu", "NotIn", "t4"), True),
        (meeting("other", "NotIn", "t4"), True),
        (meeting("gpu", "Exists"), True),
        (meeting("other", "Exists"), False),
        (meeting("other", "DoesNotExist"), True),
        (meeting("memory", "Gt", "40"), True),
        (meeting("memory", "Lt", "40"), False),
        (meeting("gpu", "Gt", "40"), False),
        (meeting("metadata.name", "In", "a", of_name=True), True),
        (meeting("metadata.name", "In", "b", of_name=True), False),
    ],
)
def test_required_affinity_is_met_by_the_rules_of_kubernetes(asked: Needs, met: bool) -> None:
    assert asked.places_on(a_node("a", 1, labels={"gpu": "a100", "memory": "80"})) == met


def test_any_term_of_an_affinity_is_enough_and_an_empty_one_is_none() -> None:
    here, there = Requirement("gpu", "Exists"), Requirement("npu", "Exists")
    node = a_node("a", 1, labels={"gpu": ""})
    assert replace(needs(), affinity=((there,), (here,))).places_on(node) == 1
    assert replace(needs(), affinity=((here, there),)).places_on(node) == 0
    assert replace(needs(), affinity=((),)).places_on(node) == 0


def test_half_a_cpu_is_half_a_cpu() -> None:
    assert needs(0, cpu="0.5").places_on(a_node("a", amounts={"cpu": Decimal("1.4"), "pods": 9})) == 2
