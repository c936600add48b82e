"""Times of more pods that are known beforehand, with a scaler and without."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.operator.given import (
    EVERY_DEVICE,
    NOON,
    WITH_KEDA,
    Resource,
    a_resource,
    a_service,
    a_world,
    planned,
    the,
)

HOLIDAY = {"name": "holiday", "start": "0 11 1 1 *", "durationHours": 2, "minReplicas": 6}
"""It holds at NOON."""


@pytest.mark.parametrize(
    ("resource", "kind", "field"),
    [
        (a_resource().scaled(schedules=[HOLIDAY]), "HorizontalPodAutoscaler", "minReplicas"),
        (a_resource().scaled(schedules=[HOLIDAY]), "ScaledObject", "minReplicaCount"),
        (
            a_resource().with_("spec.scaling", {"replicas": 2, "schedules": [HOLIDAY]}),
            "Deployment",
            "replicas",
        ),
    ],
)
def test_a_schedule_raises_the_number_and_gives_it_back(resource: Resource, kind: str, field: str) -> None:
    platform = WITH_KEDA if kind == "ScaledObject" else EVERY_DEVICE
    numbers = [
        the(planned(a_service(resource), platform=platform, now=now), kind)["spec"][field]
        for now in (NOON - timedelta(hours=2), NOON, NOON + timedelta(hours=1))
    ]
    assert numbers == [2, 6, 2]


def test_the_operator_looks_again_when_a_schedule_ends() -> None:
    made = planned(a_service(a_resource().with_("spec.scaling", {"schedules": [HOLIDAY]})))
    assert made.scale.schedule == "holiday"
    assert made.scale.next_look == NOON + timedelta(hours=1)


def test_a_schedule_does_not_lower_what_was_left() -> None:
    world = a_world(a_resource().scaled()).settles()
    without = a_resource().with_("spec.scaling", {"schedules": [HOLIDAY]})
    world.scales(world.serving, 9).wants(without).settles()
    assert world.replicas(world.serving) == 9
