"""Two runs that did the same have the same state, and a difference is told by its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.state import State, differences, goes_back, pointed, state_of

VALUES = st.recursive(
    st.none() | st.integers() | st.text("ab/~"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


def service(namespace: str, uid: str, when: str, **spec: Any) -> dict[str, Any]:
    owner = {"kind": "Pond", "name": "koi", "uid": uid}
    metadata = {
        "name": "koi", "namespace": namespace, "uid": uid, "resourceVersion": uid[:3], "managedFields": [1],
        "creationTimestamp": when, "ownerReferences": [owner],
    }  # fmt: skip
    data = {f"{namespace}.json": f"http://koi.{namespace}.svc"}
    return {"kind": "Service", "metadata": metadata, "spec": spec, "data": data}


FIRST = "11111111-2222-3333-4444-555555555555"
SECOND = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


def test_what_each_run_has_of_its_own_is_no_difference() -> None:
    ports = [{"port": 80, "nodePort": 30001}]
    one = service("run-1", FIRST, "2026-11-26T10:00:00Z", clusterIP="10.0.0.1", ports=ports)
    other = service("run-2", SECOND, "2026-11-26T11:30:00.123456+00:00", clusterIP="10.0.0.2",
                    ports=[{"port": 80, "nodePort": 30002}])  # fmt: skip
    assert state_of([one], "run-1") == state_of([other], "run-2")


def test_made_up_names_are_compared_as_a_set() -> None:
    def pod(suffix: str, image: str) -> dict[str, Any]:
        return {"kind": "Pod", "metadata": {"name": f"p-{suffix}", "generateName": "p-"}, "image": image}

    one = state_of([pod("x", "a"), pod("y", "b")], "run")
    assert one == state_of([pod("z", "b"), pod("w", "a")], "run")
    (told,) = differences(one, state_of([pod("z", "b")], "run"))
    assert told.startswith("Pod p-* : is {")


def test_what_is_to_be_forgotten_is_no_difference() -> None:
    def noted(value: int) -> State:
        metadata = {"name": "koi", "annotations": {"example.com/seen": value, "kept": 1}}
        items = [{"age": value, "name": "a"}]
        return state_of(
            [{"kind": "Pond", "metadata": metadata, "items": items}],
            "run",
            ("/metadata/annotations/example.com~1seen", "/items/*/age"),
        )

    assert noted(1) == noted(2)
    assert noted(1)["Pond koi"]["metadata"]["annotations"] == {"kept": 1}
    assert noted(1)["Pond koi"]["items"] == [{"name": "a"}]


def test_differences_name_the_object_the_place_and_both_values() -> None:
    was = {"Pond a": {"spec": {"fish": 3, "k/l": [1, 2]}}, "Pond b": {}}
    now = {"Pond a": {"spec": {"fish": 4, "k/l": [1, 3]}}, "Pond c": {"x": 1}}
    assert differences(was, now) == [
        "Pond a /spec/fish: is 4, was to be 3",
        "Pond a /spec/k~1l/1: is 3, was to be 2",
        "Pond b: is missing",
        'Pond c: was not to be: {"x": 1}',
    ]


def test_many_differences_are_told_shortly() -> None:
    told = differences({}, {f"Pond {number:02}": {"text": "x" * 500} for number in range(20)})
    assert len(told) == 13
    assert told[-1] == "and 8 more"
    assert max(map(len, told)) < 200


def test_of_a_long_value_the_place_of_the_difference_is_shown() -> None:
    (told,) = differences({"Pond koi": "x" * 500 + "was"}, {"Pond koi": "x" * 500 + "is"})
    assert told.endswith('xxxis", was to be ...' + "x" * 40 + 'was"'), told


@given(VALUES, VALUES)
def test_states_are_equal_if_and_only_if_there_is_no_difference(one: Any, other: Any) -> None:
    assert (differences({"K k": one}, {"K k": other}) == []) == (one == other)


def test_a_pointer_leads_through_objects_and_lists() -> None:
    body = {"spec": {"rules": [{"a/b": 5}]}}
    assert pointed(body, "/spec/rules/0/a~1b") == 5
    assert pointed(body, "/spec/rules/1/a~1b") is None
    assert pointed(body, "/spec/rules/x") is None


@pytest.mark.parametrize(
    ("found", "back"),
    [
        ([], False),
        ([0, 5, 25, 100], False),
        ([0, 25, 100], False),
        ([0, 5, 0, 5, 25, 100], True),
        ([0, 5, 25, 100, 0], True),
        ([0, 7], True),
    ],
)
def test_a_weight_may_be_left_out_and_never_comes_back(found: list[int], back: bool) -> None:
    assert goes_back([0, 5, 25, 100], found) is back


def test_conditions_are_told_apart_by_their_type_and_not_by_their_order() -> None:
    ready, loaded = {"type": "Ready", "status": "True"}, {"type": "Loaded", "status": "True"}

    def pond(*conditions: dict[str, str]) -> dict[str, Any]:
        body = {"kind": "Pond", "metadata": {"name": "koi"}, "status": {"conditions": list(conditions)}}
        return state_of([body], "here")

    assert pond(ready, loaded) == pond(loaded, ready)
    assert pond(ready, loaded) != pond(ready)
