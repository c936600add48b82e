"""What a rollout decided is carried out: who has pods, who has traffic, who is kept, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddle_operator.plan import RETIRE_SECONDS, Role
from paddle_operator.plan.take_over import incumbent
from paddle_operator.rollout.course import Course
from tests.operator.given import DIGEST, WITH_KEDA, Resource, World, a_resource, a_world, handed, the

REJECTED = "serving.paddle-sla.io/rejected"


def changed(requests: int = 8) -> Resource:
    return a_resource().through("gw").with_("spec.runtime.queue", {"maxRequests": requests})


def a_canary(resource: Resource | None = None, replicas: int = 1, **decided: int) -> tuple[World, Course]:
    """A world whose canary has its pods, and takes 5 percent where nothing else was decided."""
    world = a_world(a_resource().through("gw")).settles()
    old = world.serving
    new = world.wants(resource or changed()).look().target
    waiting = Course(old, canary=new, canary_replicas=replicas)
    world.decides(waiting).reconcile()
    world.becomes_ready(new)
    course = replace(waiting, **{"canary_weight": 5, **decided})
    world.decides(course).reconcile()
    return world, course


def test_a_canary_gets_its_pods_before_any_traffic() -> None:
    world, course = a_canary()
    assert world.backends == {course.stable: 95, course.canary: 5}
    assert world.role(str(course.canary)) == "canary"
    assert world.role(str(course.stable)) == "stable"
    world.ready[str(course.canary)] = 0
    world.reconcile()
    assert world.backends == {course.stable: 100}, "with its last pod it loses its weight"


def test_its_number_of_pods_is_the_courses() -> None:
    world, course = a_canary(replicas=3)
    assert world.replicas(course.canary) == 3
    assert world.replicas(course.stable) == 1


def test_promotion_moves_the_weights_and_touches_no_pod() -> None:
    world, course = a_canary()
    old, new = str(course.stable), str(course.canary)
    pods = {name: world.objects[("Deployment", name)]["spec"] for name in (old, new)}
    world.decides(Course(new, previous=old)).reconcile()
    assert world.backends == {new: 100}
    assert world.selector["serving.paddle-sla.io/revision"] == new
    assert (world.role(new), world.role(old)) == ("stable", "previous")
    assert {name: world.objects[("Deployment", name)]["spec"] for name in (old, new)} == pods
    world.after(3600).reconcile()
    assert world.replicas(old) == 1, "it stays warm as long as the course says so"


def test_a_promotion_that_is_taken_back_finds_the_previous_pods() -> None:
    world, course = a_canary()
    old, new = str(course.stable), str(course.canary)
    world.decides(Course(new, previous=old)).reconcile()
    world.decides(Course(old, rejected={new: "FastBurn"})).reconcile()
    assert world.backends == {old: 100}
    assert (world.role(old), world.role(new)) == ("stable", "retired")


def test_after_the_bake_the_previous_revision_is_history_without_pods() -> None:
    world, course = a_canary()
    old, new = str(course.stable), str(course.canary)
    world.decides(Course(new, previous=old)).reconcile()
    world.decides(Course(new, history=(old,))).reconcile()
    assert (world.role(old), world.replicas(old)) == ("retired", 1)
    world.after(RETIRE_SECONDS).reconcile()
    assert (world.role(old), world.replicas(old)) == ("history", 0)
    assert ("Service", old) not in world.objects
    assert world.look() == world.after(86_400).look(), "history is at rest"


def test_a_revision_of_history_is_tried_again_without_reading_a_store() -> None:
    world, course = a_canary()
    old, new = str(course.stable), str(course.canary)
    world.decides(Course(new, history=(old,))).reconcile()
    world.after(RETIRE_SECONDS).reconcile()
    made = world.finds(None).wants(a_resource().through("gw")).look()
    assert (made.target, made.resolve_key) == (old, None)
    world.decides(Course(new, canary=old, canary_replicas=2, history=(old,))).reconcile()
    assert (world.role(old), world.replicas(old)) == ("canary", 2)
    assert world.backends == {new: 100}


def test_what_is_no_history_any_more_goes_in_the_end() -> None:
    world, course = a_canary()
    old, new = str(course.stable), str(course.canary)
    world.decides(Course(new)).reconcile()
    assert world.role(old) == "retired"
    world.after(RETIRE_SECONDS).reconcile()
    assert world.deployments == {new}


def test_a_rejected_canary_leaves_the_traffic_first_and_says_why_it_was_rejected() -> None:
    world, course = a_canary()
    old, new = str(course.stable), str(course.canary)
    world.decides(Course(old, rejected={new: "Broken: 30 of 100 failed"})).reconcile()
    assert world.backends == {old: 100}
    assert (world.role(new), world.replicas(new)) == ("retired", 1)
    world.after(RETIRE_SECONDS).reconcile()
    assert (world.role(new), world.replicas(new)) == ("history", 0)
    assert world.objects[("Deployment", new)]["metadata"]["annotations"][REJECTED].startswith("Broken")
    assert next(one for one in world.live if one.name == new).rejected.startswith("Broken")


def test_one_that_was_rejected_before_it_had_a_ready_pod_gives_its_pods_back_at_once() -> None:
    world = a_world(a_resource().through("gw")).settles()
    old, new = str(world.serving), str(world.wants(changed()).look().target)
    world.decides(Course(old, canary=new, canary_replicas=1)).reconcile()
    world.decides(Course(old, rejected={new: "DigestMismatch"})).reconcile()
    assert (world.role(new), world.replicas(new)) == ("history", 0)


def test_a_superseded_canary_that_nobody_asked_goes_at_once() -> None:
    world = a_world(a_resource().through("gw")).settles()
    old, first = str(world.serving), str(world.wants(changed()).look().target)
    world.decides(Course(old, canary=first, canary_replicas=1)).reconcile()
    second = str(world.wants(changed(9)).look().target)
    world.decides(Course(old, canary=second, canary_replicas=1)).reconcile()
    assert world.deployments == {old, second}


def test_what_was_rejected_takes_no_traffic_whatever_the_course_says() -> None:
    world, course = a_canary()
    wrong = replace(course, rejected={str(course.canary): "Broken"})
    assert world.decides(wrong).look().course.canary is None
    world.reconcile()
    assert world.backends == {course.stable: 100}


def test_a_stable_revision_that_is_gone_is_replaced_by_the_one_that_is_found_serving() -> None:
    world, course = a_canary()
    old, new = str(course.stable), str(course.canary)
    world.decides(Course("ocr-forgotten", canary=new, canary_weight=50)).reconcile()
    assert world.backends == {old: 50, new: 50}
    world.decides(Course(None, canary=new)).reconcile()
    assert world.backends == {old: 100}, "a lost memory moves no traffic to a canary"


def test_before_anybody_serves_a_first_canary_takes_no_traffic() -> None:
    world = a_world(changed())
    new = world.look().target
    world.decides(Course(None, canary=new, canary_replicas=1)).reconcile()
    world.becomes_ready(new).reconcile()
    assert world.role(str(new)) == "canary"
    assert not {("HTTPRoute", "ocr"), ("Service", "ocr")} & set(world.objects)
    world.decides(Course(new)).reconcile()
    assert world.backends == {new: 100}


def test_who_is_labelled_stable_is_taken_on_and_not_who_has_more_pods() -> None:
    world, course = a_canary(replicas=3)
    assert incumbent(world.live) == course.stable
    roles = {Role.STABLE: Role.PREVIOUS}
    unlabelled = [replace(one, role=roles.get(one.role, one.role)) for one in world.live]
    assert incumbent(unlabelled) == course.canary
    broken = [replace(one, rejected="Broken" if one.name == course.canary else "") for one in unlabelled]
    assert incumbent(broken) == course.stable


def test_stable_keeps_its_pods_while_a_canary_takes_its_load() -> None:
    world = a_world(a_resource().through("gw").scaled()).settles()
    world.platform = WITH_KEDA
    old = world.settles().serving
    world.scales(old, 6)
    new = world.wants(changed().scaled()).look().target
    waiting = Course(old, canary=new, canary_replicas=2)
    world.decides(waiting).reconcile()
    assert the(world.look(), "ScaledObject")["spec"]["minReplicaCount"] == 2
    world.becomes_ready(new).decides(replace(waiting, canary_weight=25)).reconcile()
    made = world.look()
    assert the(made, "ScaledObject")["spec"]["minReplicaCount"] == 6
    assert the(made, "ScaledObject", str(old))["spec"]["scaleTargetRef"]["name"] == old
    assert made.scale.least == 2, "what there must be is not what there happens to be"
    world.decides(Course(old, rejected={str(new): "Broken"})).reconcile()
    world.after(60).reconcile()
    floor = the(world.look(), "ScaledObject")["spec"]["minReplicaCount"]
    assert floor == 6, "a scaler remembers how idle they were"
    world.after(600).reconcile()
    assert the(world.look(), "ScaledObject")["spec"]["minReplicaCount"] == 2


def test_a_smaller_canary_takes_over_with_the_number_that_served_and_then_its_scaler_decides() -> None:
    world = a_world(a_resource().through("gw").scaled()).settles()
    old = world.serving
    world.scales(old, 6)
    new = world.wants(changed().scaled()).look().target
    world.decides(Course(old, canary=new, canary_replicas=2)).reconcile()
    world.becomes_ready(new).decides(Course(new, previous=old)).reconcile()
    assert (world.replicas(old), world.replicas(new)) == (6, 6)
    made = world.look()
    assert handed(made) == {new: 6}
    assert [one["metadata"]["name"] for one in made.objects if one["kind"] == "HorizontalPodAutoscaler"] == [
        new
    ]


def test_a_canary_that_is_to_have_fewer_pods_loses_weight_before_them_and_gains_after() -> None:
    world, course = a_canary(replicas=4)

    def place(pods: int) -> bool:
        made = world.decides(replace(course, canary_replicas=pods)).look()
        order = [(item["kind"], item["metadata"]["name"]) for item in made.objects]
        return order.index(("Deployment", str(course.canary))) < order.index(("HTTPRoute", "ocr"))

    assert [place(pods) for pods in (1, 4, 9)] == [False, True, True]


@pytest.mark.parametrize("writes", range(20))
def test_a_crash_in_a_rollback_leaves_no_route_to_pods_that_are_gone(writes: int) -> None:
    world, course = a_canary()
    old, new = str(course.stable), str(course.canary)
    world.decides(Course(old, rejected={new: "Broken"}))
    world.reconcile(crash_after=writes)
    assert all(world.ready[name] for name, weight in world.backends.items() if weight)
    world.reconcile()
    world.after(RETIRE_SECONDS).reconcile(crash_after=writes)
    assert all(world.ready[name] for name, weight in world.backends.items() if weight)


def test_where_pods_are_recreated_the_old_ones_go_first_and_callers_keep_their_address() -> None:
    world = a_world(a_resource().through("gw").replicas(2)).settles()
    old, new = str(world.serving), str(world.wants(changed().replicas(2)).look().target)
    world.decides(Course(old, canary=new, canary_replicas=2, recreates=True)).reconcile()
    assert (world.replicas(old), world.replicas(new)) == (0, 2)
    assert world.backends == {old: 100}
    recreated = Course(old, canary=new, canary_replicas=2, canary_weight=100, recreates=True)
    world.becomes_ready(new).decides(recreated).reconcile()
    assert world.backends == {new: 100}
    world.decides(Course(new, history=(old,))).reconcile()
    assert world.backends == {new: 100}
    assert world.replicas(old) == 0


def test_a_scaler_lets_go_before_pods_are_recreated() -> None:
    world = a_world(a_resource().through("gw").scaled()).settles()
    old = str(world.serving)
    world.scales(old, 6)
    new = world.wants(changed().scaled()).look().target
    world.decides(Course(old, canary=new, canary_replicas=6, recreates=True)).reconcile()
    assert ("HorizontalPodAutoscaler", old) not in world.objects
    assert world.reconcile().course.stable == old
    assert world.replicas(old) == 0


def test_without_a_known_digest_the_course_holds() -> None:
    world, course = a_canary()
    world.wants(changed().with_("spec.model.version", "9")).finds(None).reconcile()
    assert world.backends == {course.stable: 95, course.canary: 5}
    world.finds(DIGEST)
    assert world.look().course.canary == course.canary
