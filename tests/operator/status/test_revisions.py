"""Who there is and with which share: what was decided beside what pods can be given now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paddle_operator.plan import Plan
from paddle_operator.rollout.course import Course
from paddle_operator.spec import parse
from paddle_operator.status import DeploymentFacts, Facts, status_of
from tests.operator.fake_cluster import DIGEST, resource
from tests.operator.status.test_verdicts import NOW

GATEWAY = {"type": "GatewayAPI", "parentRefs": [{"name": "gw"}]}
PODS = {"type": "ReplicaRatio"}
ROLES = ("stable", "canary", "previous")


def told(
    course: Course, ready: dict[str, int], routing: dict[str, Any], *, mixed: bool = False
) -> dict[str, tuple[str, int, int]]:
    """Revision, weight and effective weight by role."""
    facts = Facts(
        deployments=tuple(DeploymentFacts(name, DIGEST, 4, count, count) for name, count in ready.items()),
        gateway_api=True,
    )
    plan = Plan((), course, "calm-2", None, None, "abc", mixed=mixed)
    before = {"stable": {"revision": course.stable}}
    found = status_of(parse(resource(routing=routing)), plan, facts, before, NOW)
    return {
        role: (found[role]["revision"], found[role]["weight"], found[role]["effectiveWeight"])
        for role in ROLES
        if role in found
    }


STEP = Course("calm-1", canary="calm-2", canary_weight=25, canary_replicas=1)


def test_a_route_divides_by_weight() -> None:
    assert told(STEP, {"calm-1": 4, "calm-2": 1}, GATEWAY) == {
        "stable": ("calm-1", 75, 75),
        "canary": ("calm-2", 25, 25),
    }


def test_without_a_ready_pod_no_request_can_be_given() -> None:
    assert told(STEP, {"calm-1": 0, "calm-2": 1}, GATEWAY)["stable"] == ("calm-1", 75, 0)


@pytest.mark.parametrize(
    ("stable", "canary", "shares"), [(3, 1, (75, 25)), (4, 1, (80, 20)), (2, 1, (67, 33)), (0, 1, (0, 100))]
)
def test_a_plain_service_divides_by_ready_pods(stable: int, canary: int, shares: tuple[int, int]) -> None:
    found = told(STEP, {"calm-1": stable, "calm-2": canary}, PODS, mixed=True)
    assert found["stable"][1:] == (75, shares[0])
    assert found["canary"][1:] == (25, shares[1])


def test_a_share_that_a_plain_service_cannot_give_yet_is_told_as_none() -> None:
    found = told(STEP, {"calm-1": 4, "calm-2": 1}, PODS)
    assert (found["stable"][1:], found["canary"][1:]) == ((75, 100), (25, 0))


@pytest.mark.parametrize("routing", [GATEWAY, PODS])
def test_in_the_bake_the_previous_revision_is_shown_without_a_share(routing: dict[str, Any]) -> None:
    course = replace(STEP, stable="calm-2", canary=None, canary_weight=0, previous="calm-1")
    assert told(course, {"calm-1": 4, "calm-2": 4}, routing) == {
        "stable": ("calm-2", 100, 100),
        "previous": ("calm-1", 0, 0),
    }
