"""Where attempts are counted, and which revision is behind which backend from when on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paddle_operator.plan.route import http_route
from paddle_operator.rollout.course import Course
from paddle_operator.rollout.looks.places import behind, counted_at_gateway
from paddle_operator.rollout.looks.remembered import Counters, Remembered
from paddle_operator.sla.answer import NoData, Value
from paddle_operator.sla.measured import Measured
from paddle_operator.spec.report import CountedAt
from tests.operator.given import EVERY_DEVICE, a_resource, a_service
from tests.operator.sla.counters import at
from tests.operator.status.test_promise import counted


def route(*backends: str, generation: int = 4, taken: tuple[int, ...] = (4,)) -> dict[str, Any]:
    parents = [
        {"conditions": [{"type": "Accepted", "status": "True", "observedGeneration": one}]} for one in taken
    ]
    return {
        "metadata": {"name": "calm", "generation": generation},
        "spec": {"rules": [{"backendRefs": [{"name": one} for one in backends]}, {"backendRefs": []}]},
        "status": {"parents": parents},
    }


def test_a_backend_is_known_by_its_place_in_the_rule_that_counts() -> None:
    assert behind(route("calm-1", "calm-2")) == Value({0: "calm-1", 1: "calm-2"})
    assert behind(route("calm-2", "calm-1")) == Value({0: "calm-2", 1: "calm-1"})


@pytest.mark.parametrize("taken", [(), (3,), (4, 3)])
def test_an_order_that_a_gateway_has_not_taken_tells_nothing(taken: tuple[int, ...]) -> None:
    found = behind(route("calm-1", taken=taken))
    assert isinstance(found, NoData)
    assert "generation 4" in found.why


def test_a_gateway_that_has_said_nothing_yet_has_taken_nothing() -> None:
    silent = {**route("calm-1"), "status": {"parents": [{"conditions": []}]}}
    assert isinstance(behind(silent), NoData)
    assert isinstance(behind({**route("calm-1"), "spec": {}}), NoData)


@pytest.mark.parametrize(
    ("weight", "ready", "own"),
    [
        (0, True, {0: "calm-1"}),
        (5, True, {0: "calm-1", 1: "calm-2"}),
        (100, True, {0: "calm-1", 1: "calm-2"}),
        (100, False, {1: "calm-2"}),
    ],
)
def test_a_place_that_is_lent_counts_as_empty(weight: int, ready: bool, own: dict[int, str]) -> None:
    service = a_service(
        a_resource().with_("spec.routing", {"type": "GatewayAPI", "parentRefs": [{"name": "gw"}]})
    )
    course = Course("calm-1", canary="calm-2", canary_weight=weight)
    planned = http_route(service, EVERY_DEVICE, course, ready=("calm-1",) if ready else ())
    assert planned is not None
    taken = {"parents": [{"conditions": [{"type": "Accepted", "observedGeneration": 1}]}]}
    live = {**planned, "metadata": {**planned["metadata"], "generation": 1}, "status": taken}
    assert behind(live) == Value(own)


def judged_at(where: CountedAt, *others: CountedAt) -> Measured:
    """A service whose availability is judged there; others are scraped as well."""
    found = counted(10, 0)
    return replace(found, figures=(replace(found.figures[0], counted_at=where),), paces=dict.fromkeys(others))


def test_attempts_are_counted_at_the_gateway_where_anything_is_known_of_it() -> None:
    assert counted_at_gateway(judged_at(CountedAt.GATEWAY), None)
    assert counted_at_gateway(judged_at(CountedAt.SYNTHETIC, CountedAt.GATEWAY), None)
    assert not counted_at_gateway(judged_at(CountedAt.RUNTIME), None)
    assert not counted_at_gateway(judged_at(CountedAt.SYNTHETIC), None)


def test_a_rollout_that_was_counted_at_the_gateway_stays_there() -> None:
    known = Counters("0=calm-1 1=calm-2", at(0), at(0))
    before = Remembered(at(0), {CountedAt.GATEWAY: known})
    assert counted_at_gateway(judged_at(CountedAt.RUNTIME), before)
    assert not counted_at_gateway(judged_at(CountedAt.RUNTIME), Remembered(at(0), {CountedAt.RUNTIME: known}))
