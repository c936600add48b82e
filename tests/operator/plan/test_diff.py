"""At rest nothing is written; drift is repaired; nothing of others is touched."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator.plan.diff import Action, Create, Delete, Keep, Patch, diff
from tests.operator.given import UID, a_resource, a_service, a_world, planned, the
from tests.operator.stored import stored


def changes(actions: tuple[Action, ...]) -> list[Action]:
    return [action for action in actions if not isinstance(action, Keep)]


def the_world() -> tuple[Any, list[dict[str, Any]]]:
    made = planned(a_service(a_resource().through("gw", "ocr.example.com")))
    return made, [stored(item) for item in made.objects]


def edited(live: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(item for item in live if item["kind"] == kind)


def test_what_is_missing_is_created_in_the_plans_order() -> None:
    made, _ = the_world()
    actions = diff(made, [], UID)
    assert all(isinstance(action, Create) for action in actions)
    assert [action.object for action in actions if isinstance(action, Create)] == list(made.objects)


def test_at_rest_nothing_is_written() -> None:
    made, live = the_world()
    assert changes(diff(made, live, UID)) == []


def test_fewer_pods_are_told_apart_from_other_changes() -> None:
    made, live = the_world()
    deployment = edited(live, "Deployment")
    deployment["spec"]["replicas"] = 3
    (fewer,) = changes(diff(made, live, UID))
    deployment["spec"]["replicas"] = 0
    (more,) = changes(diff(made, live, UID))
    assert isinstance(fewer, Patch)
    assert isinstance(more, Patch)
    assert (fewer.shrinks, more.shrinks) == (True, False)


def test_what_divides_the_traffic_is_written_over_what_was_seen_and_nothing_else() -> None:
    made, live = the_world()
    for one in live:
        one["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "someone"
    bound = {
        (action.object["kind"], action.object["metadata"].get("resourceVersion", ""))
        for action in changes(diff(made, live, UID))
        if isinstance(action, Patch)
    }
    assert {("Service", "7"), ("HTTPRoute", "7"), ("Deployment", "")} <= bound
    assert {kind for kind, version in bound if version} == {"Service", "HTTPRoute"}


def test_what_was_seen_is_changed_and_not_made_again_where_it_is_gone() -> None:
    made, live = the_world()
    for one in live:
        one["metadata"] |= {"uid": f"of-{one['kind']}", "labels": {}}
    patches = [one.object for one in changes(diff(made, live, UID)) if isinstance(one, Patch)]
    assert {one["metadata"].get("uid") for one in patches} == {f"of-{one['kind']}" for one in patches}


def test_defaults_of_the_api_server_are_no_difference() -> None:
    made, live = the_world()
    deployment = edited(live, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    pod |= {"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "restartPolicy": "Always"}
    pod["containers"][0]["livenessProbe"]["httpGet"]["scheme"] = "HTTP"
    pod["containers"][0]["env"].append({"name": "INJECTED", "value": "by somebody"})
    edited(live, "Service")["spec"] |= {"clusterIP": "10.0.0.1", "sessionAffinity": "None"}
    assert changes(diff(made, live, UID)) == []


def test_another_spelling_of_the_same_amount_is_no_difference() -> None:
    made, live = the_world()
    resources = edited(live, "Deployment")["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources["requests"] == {"cpu": "500m", "memory": "1536Mi"}
    resources["requests"] = {"cpu": "0.5", "memory": str(1536 * 2**20)}
    assert changes(diff(made, live, UID)) == []


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", "spec.replicas", 9),
        ("Deployment", "spec.template.spec.containers.0.image", "evil:1"),
        ("Deployment", "spec.template.spec.containers.0.env.0.value", "/root"),
        ("Deployment", "spec.template.spec.containers.0.resources.limits.memory", "9Gi"),
        ("Deployment", "spec.template.spec.containers.0.args", ["serve", "--insecure"]),
        ("Deployment", "metadata.labels.serving~paddle-sla~io/role", "retired"),
        ("Service", "spec.selector", {"everything": "mine"}),
        ("NetworkPolicy", "spec.ingress", []),
        ("ConfigMap", "data", {}),
        ("HTTPRoute", "spec.hostnames", ["evil.example.com"]),
        ("PodDisruptionBudget", "spec.maxUnavailable", 0),
    ],
)
def test_drift_is_repaired(kind: str, path: str, value: Any) -> None:
    made, live = the_world()
    place: Any = edited(live, kind)
    *above, last = (step.replace("~", ".") for step in path.split("."))
    for step in above:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    place[last] = value
    (change,) = changes(diff(made, live, UID))
    assert isinstance(change, Patch)
    wanted = the(made, kind, change.object["metadata"]["name"])
    assert {**change.object, "metadata": wanted["metadata"]} == wanted
    assert change.fields


def test_a_selector_with_a_foreign_label_is_drift() -> None:
    made, live = the_world()
    edited(live, "Service")["spec"]["selector"]["foreign"] = "label"
    assert [type(change) for change in changes(diff(made, live, UID))] == [Patch]


def test_a_field_that_we_set_once_and_want_no_more_is_taken_back() -> None:
    made, live = the_world()
    deployment = edited(live, "Deployment")
    key = "serving.paddle-sla.io/retired-at"
    deployment["metadata"]["annotations"][key] = "2026-01-01T12:00:00+00:00"
    assert changes(diff(made, live, UID)) == [], "an annotation of somebody else is none of our business"
    fields = deployment["metadata"]["managedFields"][0]["fieldsV1"]
    fields["f:metadata"]["f:annotations"][f"f:{key}"] = {}
    (change,) = changes(diff(made, live, UID))
    assert isinstance(change, Patch)
    assert change.fields == (f"metadata.annotations.{key}",)


def test_what_nobody_wants_goes_if_it_is_ours() -> None:
    made, live = the_world()
    fewer = planned(a_service())
    gone = [action for action in changes(diff(fewer, live, UID)) if isinstance(action, Delete)]
    assert [(action.key.kind, action.uid) for action in gone] == [
        ("BackendTrafficPolicy", "uid-of-ocr"),
        ("HTTPRoute", "uid-of-ocr"),
    ]
    assert not [a for a in changes(diff(fewer, live, "another-uid")) if isinstance(a, Delete)]
    assert made.stable == fewer.stable


def test_what_is_already_going_is_not_deleted_again() -> None:
    _, live = the_world()
    for item in live:
        item["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:00Z"
    assert not [a for a in diff(planned(a_service()), live, UID) if isinstance(a, Delete)]


def test_pods_of_a_damaged_record_are_neither_rebuilt_nor_deleted() -> None:
    world = a_world().settles()
    name = str(world.serving)
    deployment = world.objects[("Deployment", name)]
    deployment["metadata"]["annotations"]["serving.paddle-sla.io/revision-inputs"] = "not JSON"
    made = world.finds(None).look()
    live = [stored(item) for item in world.objects.values()]
    touched = [
        action
        for action in changes(diff(made, live, UID))
        if not isinstance(action, Create) and name in str(action)
    ]
    assert touched == []
