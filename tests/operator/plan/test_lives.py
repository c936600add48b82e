"""What lives is read as a course, and carrying that out changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddle_operator.plan import RETIRE_SECONDS
from paddle_operator.plan.lives import lives_of
from paddle_operator.rollout.course import Course
from tests.operator.given import Resource, World, a_resource, a_world

ROUTED = a_resource().through("gw")


def found(world: World) -> Course:
    return lives_of("ocr", world.live, world.objects.values())


def a_step(resource: Resource, weight: int) -> tuple[World, Course]:
    world = a_world(resource).settles()
    new = world.wants(resource.with_("spec.runtime.queue", {"maxRequests": 8})).look().target
    course = Course(world.serving, canary=new, canary_weight=weight, canary_replicas=1)
    world.decides(course).reconcile()
    world.becomes_ready(new).reconcile()
    return world, course


@pytest.mark.parametrize("weight", [0, 5, 50, 100])
def test_a_step_is_read_from_roles_and_the_route(weight: int) -> None:
    world, course = a_step(ROUTED, weight)
    assert found(world) == course
    before = world.look()
    assert world.decides(found(world)).look() == before, "a restored backup moves no weight"


def test_without_a_route_the_pods_are_the_weight() -> None:
    assert found(a_step(a_resource(), 30)[0]).canary_weight == 50, "one pod of two"
    assert found(a_step(a_resource(), 0)[0]).canary_weight == 0


def test_a_bake_history_and_rejections_are_read_too() -> None:
    world, course = a_step(ROUTED, 50)
    old, new = str(course.stable), str(course.canary)
    baking = Course(new, previous=old)
    world.decides(baking).reconcile()
    assert found(world) == baking
    settled = Course(new, history=(old,), rejected={})
    world.decides(settled).reconcile()
    world.after(RETIRE_SECONDS).reconcile()
    assert found(world) == settled
    world.decides(replace(settled, history=(), rejected={old: "Broken"})).reconcile()
    assert found(world) == Course(new, rejected={old: "Broken"})


def test_history_is_read_with_the_newest_first() -> None:
    world = a_world(ROUTED).settles()
    served = [str(world.serving)]
    for requests in (1, 2):
        wish = ROUTED.with_("spec.runtime.queue", {"maxRequests": requests})
        new = str(world.wants(wish).look().target)
        tried = Course(served[0], canary=new, canary_replicas=1, history=tuple(served[1:]))
        world.decides(tried).reconcile()
        world.becomes_ready(new).decides(Course(new, history=tuple(served))).reconcile()
        world.after(RETIRE_SECONDS).reconcile()
        served.insert(0, new)
    assert found(world).history == tuple(served[1:])


def test_before_anybody_serves_there_is_no_stable_revision() -> None:
    assert found(a_world(ROUTED)) == Course(None)
    world = a_world(ROUTED)
    new = world.look().target
    world.decides(Course(None, canary=new, canary_replicas=1)).reconcile()
    assert found(world) == Course(None, canary=new, canary_replicas=1)
