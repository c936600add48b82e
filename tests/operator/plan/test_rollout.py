"""A changed revision replaces the old one only when it is ready, and somebody always serves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddle_operator.plan import RETIRE_SECONDS, Role, plan, pod, wish_of
from tests.operator.given import OTHER_DIGEST, Resource, World, a_resource, a_service, a_world, planned, the


def changed() -> Resource:
    return a_resource().with_("spec.runtime.queue", {"maxRequests": 8})


def changed_again() -> Resource:
    return a_resource().with_("spec.runtime.queue", {"maxRequests": 9})


def a_rollout() -> tuple[World, str, str]:
    """A world with one revision serving and another one starting."""
    world = a_world().settles()
    made = world.wants(changed()).reconcile()
    assert made.stable is not None
    assert made.canary is not None
    return world, made.stable, made.canary


def test_the_first_revision_is_stable_from_the_beginning() -> None:
    made = planned(a_service())
    assert made.stable == made.target
    assert the(made, "Service", "ocr")["spec"]["selector"]["serving.paddle-sla.io/revision"] == made.stable


def test_a_new_revision_takes_no_traffic_before_it_is_ready() -> None:
    world = a_world(a_resource().through("gw")).settles()
    old = world.serving
    made = world.wants(changed().through("gw")).reconcile()
    assert made.canary is not None
    assert world.role(made.canary) == "canary"
    assert world.serving == old
    assert world.backends == {old: 100}
    world.becomes_ready(made.canary).reconcile()
    assert world.backends == {made.canary: 100}


def test_one_ready_pod_of_two_is_not_enough() -> None:
    world = a_world(a_resource().replicas(2)).settles()
    old = world.serving
    made = world.wants(changed().replicas(2)).reconcile()
    assert made.canary is not None
    world.ready[made.canary] = 1
    assert world.reconcile().stable == old
    world.ready[made.canary] = 2
    assert world.reconcile().stable == made.canary


def test_a_ready_revision_takes_over_and_the_old_one_stays_a_while() -> None:
    world, old, new = a_rollout()
    world.becomes_ready(new).reconcile()
    assert world.serving == new
    assert world.role(new) == "stable"
    assert world.role(old) == "retired"
    world.after(RETIRE_SECONDS - 1).reconcile()
    assert old in world.deployments
    world.after(1).reconcile()
    assert world.deployments == {new}
    assert ("Service", old) not in world.objects


def test_a_revision_that_never_becomes_ready_never_serves() -> None:
    world, old, _ = a_rollout()
    for _ in range(20):
        world.after(3600).reconcile()
    assert world.serving == old


def test_a_newer_wish_replaces_one_that_did_not_finish() -> None:
    world, old, first = a_rollout()
    made = world.wants(changed_again()).reconcile()
    assert made.stable == old
    assert made.canary not in {None, first}
    assert first not in world.deployments


def test_an_unfinished_revision_is_not_promoted_while_a_newer_wish_is_being_read() -> None:
    world, old, first = a_rollout()
    world.becomes_ready(first)
    made = world.wants(changed().with_("spec.model.version", "9")).finds(None).reconcile()
    assert (made.stable, made.canary) == (old, first)


def test_going_back_during_a_rollout_drops_the_new_revision() -> None:
    world, old, new = a_rollout()
    world.wants(a_resource()).reconcile()
    assert world.serving == old
    assert world.deployments == {old}
    assert new not in world.deployments


def test_going_back_after_promotion_turns_to_the_old_pods_at_once() -> None:
    world, old, new = a_rollout()
    world.becomes_ready(new).reconcile()
    world.after(5).wants(a_resource()).reconcile()
    assert world.serving == old
    assert world.role(old) == "stable"
    assert world.role(new) == "retired"


def test_going_back_reads_no_store() -> None:
    world = a_world().settles()
    world.wants(a_resource().with_("spec.model.uri", "s3://models/other")).finds(OTHER_DIGEST).settles()
    world.finds(None)
    made = world.wants(a_resource()).reconcile()
    assert made.resolve_key is None
    assert made.target == made.stable


def test_retired_pods_keep_their_number_and_the_others_follow_the_resource() -> None:
    world, old, new = a_rollout()
    world.becomes_ready(new).reconcile()
    world.wants(changed().replicas(3)).reconcile()
    replicas = {name: world.objects[("Deployment", name)]["spec"]["replicas"] for name in (old, new)}
    assert replicas == {old: 1, new: 3}


def test_scaling_replaces_no_pod() -> None:
    world = a_world().settles()
    before = world.serving
    made = world.wants(a_resource().replicas(5)).reconcile()
    assert made.stable == before
    assert made.canary is None
    assert the(made, "Deployment")["spec"]["replicas"] == 5


def test_an_edit_of_the_promise_replaces_no_pod() -> None:
    world = a_world().settles()
    before = world.look()
    latency = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
    made = world.wants(a_resource().promising(latency)).look()
    assert made.sla_hash != before.sla_hash
    assert the(made, "Deployment") == the(before, "Deployment")
    assert the(made, "ConfigMap", "ocr-sla") != the(before, "ConfigMap", "ocr-sla")


def test_a_release_that_renders_pods_otherwise_replaces_none(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world().settles()
    before = the(world.look(), "Deployment")
    monkeypatch.setattr(pod, "PRE_STOP_SECONDS", pod.PRE_STOP_SECONDS + 1)
    assert the(world.look(), "Deployment") == before
    made = world.wants(changed()).reconcile()
    new, old = (the(made, "Deployment", name)["spec"]["template"] for name in (made.canary, made.stable))
    assert old == before["spec"]["template"]
    assert new["spec"]["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 6}}}


@pytest.mark.parametrize(
    "record", ["", "no JSON", "[]", '{"metadata": {"labels": {}}, "spec": {}}', '{"metadata": 1}']
)
def test_pods_whose_record_is_damaged_are_rendered_again(record: str) -> None:
    world = a_world().settles()
    before = the(world.look(), "Deployment")
    found = world.objects[("Deployment", str(world.serving))]
    found["metadata"]["annotations"]["serving.paddle-sla.io/pod-template"] = record
    assert the(world.look(), "Deployment") == before


def test_at_rest_the_plan_does_not_change_with_time() -> None:
    world = a_world().settles()
    assert world.look() == world.after(86_400).look()


@pytest.mark.parametrize("writes", range(12))
def test_a_crash_between_any_two_writes_of_a_promotion_leaves_a_serving_revision(writes: int) -> None:
    world, old, new = a_rollout()
    world.becomes_ready(new)
    world.reconcile(crash_after=writes)
    assert world.serving in {old, new}
    assert world.settles().after(RETIRE_SECONDS).settles().serving == new
    assert world.deployments == {new}


@pytest.mark.parametrize("writes", range(12))
def test_a_crash_in_a_promotion_and_then_going_back_ends_with_the_old_revision(writes: int) -> None:
    world, old, new = a_rollout()
    world.becomes_ready(new)
    world.reconcile(crash_after=writes)
    world.wants(a_resource()).settles().after(RETIRE_SECONDS).settles()
    assert world.serving == old
    assert world.deployments == {old}


def test_a_stable_deployment_deleted_by_hand_comes_back() -> None:
    world = a_world().settles()
    old = world.serving
    del world.objects[("Deployment", str(old))]
    world.reconcile()
    assert world.serving == old


def test_a_damaged_record_is_left_alone_while_the_digest_is_unknown_and_repaired_after() -> None:
    world = a_world().settles()
    name = str(world.serving)
    annotations = world.objects[("Deployment", name)]["metadata"]["annotations"]
    whole = annotations["serving.paddle-sla.io/revision-inputs"]
    annotations["serving.paddle-sla.io/revision-inputs"] = "{}"
    made = world.finds(None).reconcile()
    assert made.untouched == (name,)
    assert world.serving == name
    assert made.stable == name
    world.finds("sha256:" + "ab" * 32).reconcile()
    record = world.objects[("Deployment", name)]["metadata"]["annotations"][
        "serving.paddle-sla.io/revision-inputs"
    ]
    assert record == whole


def test_a_record_edited_by_hand_is_not_believed() -> None:
    world = a_world().settles()
    name = str(world.serving)
    annotations = world.objects[("Deployment", name)]["metadata"]["annotations"]
    key = "serving.paddle-sla.io/revision-inputs"
    annotations[key] = annotations[key].replace("runtime-cpu:1", "evil:1")
    assert world.live[0].revision is None


def test_an_unknown_role_is_taken_for_stable() -> None:
    world = a_world().settles()
    name = str(world.serving)
    world.objects[("Deployment", name)]["metadata"]["labels"]["serving.paddle-sla.io/role"] = "primary"
    assert world.reconcile().stable == name


def test_the_budget_for_disruptions_covers_only_what_serves() -> None:
    world, old, _ = a_rollout()
    selector = world.objects[("PodDisruptionBudget", "ocr")]["spec"]["selector"]["matchLabels"]
    assert selector["serving.paddle-sla.io/revision"] == old


def test_a_rollout_decides_about_the_revision_that_the_plan_goes_by_in_whatever_order_they_are_read() -> None:
    """Two revisions can be what is asked for: they differ in the image that the operator gave by default."""
    world = a_world().settles()
    (one,) = world.live
    assert one.revision is not None
    revision = one.revision.model_copy(update={"image": "runtime:before"})
    name = revision.name(world.service.identity.name)
    other = replace(one, name=name, revision=revision, role=Role.HISTORY, replicas=0, ready_replicas=0)
    for live in ((one, other), (other, one)):
        made = plan(world.service, world.platform, None, live, world.now)
        wish = wish_of(world.service, world.platform, None, live, world.now)
        assert wish.revision == made.target == one.name
