"""How requests are divided between revisions: by a route's weights, by a header, or by the number of pods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from paddle_operator.plan import RETIRE_SECONDS
from paddle_operator.plan.resolve_job import resolve_job
from paddle_operator.rollout.course import Course
from paddle_operator.sla.gateway import COUNTED_RULE
from tests.operator.given import (
    EVERY_DEVICE,
    Resource,
    World,
    a_resource,
    a_service,
    a_world,
    kinds,
    planned,
    the,
    weights,
)

GATEWAY = a_resource().through("gw", "ocr.example.com")
LABEL = "serving.paddle-sla.io/rollout"


def a_rollout(resource: Resource = GATEWAY, weight: int = 25) -> tuple[World, Course]:
    """A world in which a canary takes so many percent."""
    world = a_world(resource).settles()
    old = world.serving
    new = world.wants(resource.with_("spec.runtime.queue", {"maxRequests": 8})).look().target
    course = Course(old, canary=new, canary_weight=weight, canary_replicas=1)
    world.decides(course).reconcile()
    world.becomes_ready(new).reconcile()
    return world, course


def rules_of(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.objects[("HTTPRoute", "ocr")]["spec"]["rules"]
    return found


def test_both_rules_divide_by_the_same_weights_and_name_who_answers() -> None:
    world, course = a_rollout()
    counted, beside, *_ = rules_of(world)
    assert counted["backendRefs"] == beside["backendRefs"]
    assert weights(world.objects[("HTTPRoute", "ocr")]) == {course.stable: 75, course.canary: 25}
    for backend in counted["backendRefs"]:
        (header,) = backend["filters"][0]["responseHeaderModifier"]["set"]
        assert header == {"name": "X-Paddle-Revision", "value": backend["name"]}


def test_the_stable_revision_is_the_first_backend_and_the_canary_the_second() -> None:
    """Their places name their counters."""
    world, course = a_rollout()
    for weight in (1, 50, 99):
        world.decides(replace(course, canary_weight=weight)).reconcile()
        assert list(world.backends.items()) == [(course.stable, 100 - weight), (course.canary, weight)]


def test_who_served_before_is_no_backend() -> None:
    world, course = a_rollout()
    world.decides(Course(course.canary, previous=course.stable)).reconcile()
    assert world.backends == {course.canary: 100}


def test_the_counted_rule_stays_in_its_place() -> None:
    world, _ = a_rollout()
    at_rest = the(planned(a_service(GATEWAY)), "HTTPRoute")["spec"]["rules"]
    assert len(at_rest) == 2
    moving = rules_of(world)
    assert [one["matches"] for one in moving[:2]] == [one["matches"] for one in at_rest]
    assert all(one["method"] == "POST" for one in moving[COUNTED_RULE]["matches"])


def test_a_request_that_names_a_revision_gets_it() -> None:
    world, course = a_rollout()
    world.decides(replace(course, previous=None)).reconcile()
    counted, beside, *pinned = rules_of(world)
    named = {rule["matches"][0]["headers"][0]["value"]: rule for rule in pinned}
    assert set(named) == {course.stable, course.canary}
    for name, rule in named.items():
        assert {one["name"]: one["weight"] for one in rule["backendRefs"]} == {name: 100}
        header = {"type": "Exact", "name": "X-Paddle-Revision", "value": name}
        without = [{key: part for key, part in one.items() if key != "headers"} for one in rule["matches"]]
        assert without == [*counted["matches"], *beside["matches"]], "else a rule without the header wins"
        assert all(one["headers"] == [header] for one in rule["matches"])


def test_a_request_that_names_a_revision_counts_for_nobody() -> None:
    world, _ = a_rollout()
    counted, beside, *pinned = rules_of(world)
    remove = {"remove": ["X-Paddle-Synthetic"]}
    assert [one["filters"][0]["requestHeaderModifier"] for one in (counted, beside)] == [remove, remove]
    mark = {"set": [{"name": "X-Paddle-Synthetic", "value": "true"}]}
    assert pinned
    assert all(one["filters"][0]["requestHeaderModifier"] == mark for one in pinned)


def places_of(world: World) -> list[str]:
    """Who is in which place of the rule that counts. Proxies keep a cluster for each."""
    backends = rules_of(world)[0]["backendRefs"]
    assert all(one["weight"] > 0 for one in backends), "one of weight 0 has no cluster"
    return [str(one["name"]) for one in backends]


def test_a_place_is_there_before_and_after_its_revision_takes_a_share() -> None:
    world, course = a_rollout(weight=0)
    stable, canary = str(course.stable), str(course.canary)
    assert places_of(world) == [stable, stable]
    world.decides(replace(course, canary_weight=50)).reconcile()
    assert places_of(world) == [stable, canary]
    world.decides(Course(stable, rejected={canary: "Broken"})).reconcile()
    assert places_of(world) == [stable, stable]
    assert world.backends == {stable: 100}
    world.after(RETIRE_SECONDS).reconcile()
    assert places_of(world) == [stable, stable]


def test_a_promotion_and_its_bake_drop_no_place() -> None:
    world, course = a_rollout(weight=50)
    old, new = str(course.stable), str(course.canary)
    world.decides(replace(course, canary_weight=100)).reconcile()
    assert (places_of(world), world.backends) == ([old, new], {new: 100})
    for after in (Course(new, previous=old), Course(new, history=(old,))):
        world.decides(after).reconcile()
        assert (places_of(world), world.backends) == ([new, new], {new: 100})


def test_a_stable_revision_without_a_ready_pod_gets_not_even_what_is_lent() -> None:
    world, course = a_rollout(weight=50)
    old, new = str(course.stable), str(course.canary)
    world.ready[old] = 0
    world.decides(replace(course, canary_weight=100)).reconcile()
    assert places_of(world) == [new, new]


def test_what_a_lent_place_gets_is_next_to_nothing() -> None:
    world, _ = a_rollout(weight=0)
    assert [one["weight"] for one in rules_of(world)[0]["backendRefs"]] == [999_999, 1]


def test_who_overtakes_a_canary_takes_its_place_with_the_first_share() -> None:
    world, course = a_rollout(weight=50)
    stable = str(course.stable)
    newer = str(world.wants(GATEWAY.with_("spec.runtime.queue", {"maxRequests": 9})).look().target)
    world.decides(Course(stable, canary=newer, canary_replicas=1)).reconcile()
    assert places_of(world) == [stable, stable]
    world.becomes_ready(newer)
    world.decides(Course(stable, canary=newer, canary_replicas=1, canary_weight=5)).reconcile()
    assert places_of(world) == [stable, newer]


def test_the_previous_revision_can_be_named_while_it_is_warm() -> None:
    world, course = a_rollout()
    world.decides(Course(course.canary, previous=course.stable)).reconcile()
    assert [list(weights({"spec": {"rules": [one]}})) for one in rules_of(world)[2:]] == [
        [course.canary], [course.stable],
    ]  # fmt: skip


def test_all_rules_have_a_time_out_and_one_policy_for_all() -> None:
    world, _ = a_rollout()
    assert {one["timeouts"]["request"] for one in rules_of(world)} == {"60s"}
    (target,) = world.objects[("BackendTrafficPolicy", "ocr")]["spec"]["targetRefs"]
    assert (target["kind"], target["name"], "sectionName" in target) == ("HTTPRoute", "ocr", False)


def test_the_route_is_within_the_bounds_of_the_gateway_api() -> None:
    world, course = a_rollout()
    world.decides(replace(course, previous=course.stable)).reconcile()
    rules = rules_of(world)
    assert len(rules) <= 16
    assert all(len(one["matches"]) <= 64 for one in rules)
    assert sum(len(one["matches"]) for one in rules) <= 128


def test_the_route_is_labelled_while_its_weights_may_move() -> None:
    world, course = a_rollout(weight=0)
    labels = world.objects[("HTTPRoute", "ocr")]["metadata"]["labels"]
    assert labels[LABEL] == "in-progress"
    world.decides(Course(course.canary, previous=course.stable)).reconcile()
    assert LABEL in world.objects[("HTTPRoute", "ocr")]["metadata"]["labels"], "in the bake, too"
    world.decides(Course(course.canary)).reconcile()
    assert LABEL not in world.objects[("HTTPRoute", "ocr")]["metadata"]["labels"]


def test_without_a_gateway_the_plain_service_has_the_pods_of_both() -> None:
    world, course = a_rollout(a_resource(), weight=0)
    revision = "serving.paddle-sla.io/revision"
    assert world.selector[revision] == course.stable
    world.decides(replace(course, canary_weight=50)).reconcile()
    assert world.selector == {"serving.paddle-sla.io/service": "ocr"}
    assert world.look().mixed
    world.decides(Course(course.canary, previous=course.stable)).reconcile()
    assert world.selector[revision] == course.canary


def test_behind_a_gateway_the_plain_service_is_the_stable_revisions() -> None:
    world, course = a_rollout(weight=50)
    assert world.serving == course.stable


def test_pods_of_a_third_revision_keep_a_canary_from_its_share_by_pods() -> None:
    world, course = a_rollout(a_resource(), weight=50)
    rejected = {str(course.canary): "Broken"}
    new = world.wants(a_resource().with_("spec.runtime.queue", {"maxRequests": 9})).look().target
    trying = Course(course.stable, canary=new, canary_replicas=1, rejected=rejected)
    world.decides(trying).reconcile()
    world.becomes_ready(new).decides(replace(trying, canary_weight=50)).reconcile()
    assert world.role(str(course.canary)) == "retired"
    assert world.serving == course.stable, "else what was rejected would take requests again"
    world.after(30).reconcile()
    world.reconcile()
    assert world.look().mixed


def test_the_service_lets_go_of_all_pods_before_another_revision_gets_any() -> None:
    world, course = a_rollout(a_resource(), weight=50)
    new = world.wants(a_resource().with_("spec.runtime.queue", {"maxRequests": 9})).look().target
    made = world.decides(Course(course.stable, canary=new, canary_replicas=1)).look()
    order = [(item["kind"], item["metadata"]["name"]) for item in made.objects]
    assert order.index(("Service", "ocr")) < order.index(("Deployment", str(new)))


def test_a_pod_of_a_resolve_job_is_no_endpoint_of_the_plain_service() -> None:
    """It has the label of the service, and no port of the name that the Service leads to."""
    service = a_service()
    pod = resolve_job(service, "runtime:1", "key")["spec"]["template"]["spec"]
    ports = [
        port for one in (*pod["containers"], *pod.get("initContainers", ())) for port in one.get("ports", ())
    ]
    assert ports == []
    assert {port["targetPort"] for port in the(planned(service), "Service", "ocr")["spec"]["ports"]} == {
        "http", "grpc",
    }  # fmt: skip


def test_a_mesh_takes_the_route_of_a_service() -> None:
    parents = [{"kind": "Service", "name": "ocr", "sectionName": "http"}]
    resource = a_resource().with_("spec.routing", {"type": "GatewayAPI", "parentRefs": parents})
    made = planned(a_service(resource), platform=EVERY_DEVICE)
    assert the(made, "HTTPRoute")["spec"]["parentRefs"] == [
        {"group": "", "kind": "Service", "name": "ocr", "sectionName": "http"}
    ]
    assert "BackendTrafficPolicy" not in kinds(made), "Envoy Gateway does not take part"
