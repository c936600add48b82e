"""Who decides the number of pods, and that it never drops while it changes hands."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from paddle_operator.plan import RETIRE_SECONDS, Scaler, ScalersAtWork
from paddle_operator.plan.diff import Patch, diff
from paddle_operator.plan.means import means_of
from tests.operator.given import (
    EVERY_DEVICE,
    UID,
    WITH_KEDA,
    Resource,
    World,
    a_resource,
    a_service,
    a_world,
    handed,
    planned,
    the,
)

QPS = {"name": "qps", "type": "RequestsPerReplica", "target": {"value": "200"}}
BUSY = {"name": "accelerator", "type": "AcceleratorUtilization", "target": {"value": "75"}}
CPU = {"name": "cpu", "type": "CPUUtilization", "target": {"value": "70"}}


def changed(resource: Resource) -> Resource:
    return resource.with_("spec.runtime.queue", {"maxRequests": 8})


def a_scaled_world(replicas: int = 5, **scaling: Any) -> World:
    """One revision that serves, at a number that its scaler has set."""
    world = a_world(a_resource().scaled(**scaling)).settles()
    return world.scales(world.serving, replicas)


# What is made.


def test_without_metrics_nothing_scales_and_one_pod_is_there() -> None:
    made = planned(a_service())
    assert made.scale.scaler is None
    assert not {item["kind"] for item in made.objects} & set(Scaler)
    assert the(made, "Deployment")["spec"]["replicas"] == 1
    assert made.scale.next_look is None


@pytest.mark.parametrize(
    ("backend", "platform", "kind"),
    [
        ("Auto", EVERY_DEVICE, Scaler.HPA),
        ("Auto", WITH_KEDA, Scaler.KEDA),
        ("HPA", WITH_KEDA, Scaler.HPA),
        ("KEDA", WITH_KEDA, Scaler.KEDA),
    ],
)
def test_auto_takes_keda_where_it_is(backend: str, platform: Any, kind: Scaler) -> None:
    made = planned(a_service(a_resource().scaled(backend=backend)), platform=platform)
    scaler = the(made, kind)
    assert scaler["metadata"]["name"] == made.stable
    assert scaler["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": made.stable,
    }


def test_an_hpa_on_cpu_measures_our_container_alone() -> None:
    made = planned(a_service(a_resource().scaled(behavior={"scaleDownStabilizationSeconds": 120})))
    spec = the(made, "HorizontalPodAutoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 10)
    assert spec["metrics"] == [
        {
            "type": "ContainerResource",
            "containerResource": {
                "name": "cpu",
                "container": "runtime",
                "target": {"type": "Utilization", "averageUtilization": 70},
            },
        }
    ]
    assert spec["behavior"] == {
        "scaleUp": {"stabilizationWindowSeconds": 0},
        "scaleDown": {"stabilizationWindowSeconds": 120},
    }


def test_an_hpa_asks_for_load_as_an_external_metric_of_the_revision() -> None:
    made = planned(a_service(a_resource().scaled(metrics=[QPS, BUSY])))
    asked = [one["external"] for one in the(made, "HorizontalPodAutoscaler")["spec"]["metrics"]]
    assert [one["metric"]["name"] for one in asked] == [
        "paddle_sla_offered_requests_per_second",
        "paddle_sla_accelerator_percent",
    ]
    assert {one["metric"]["selector"]["matchLabels"]["revision"] for one in asked} == {made.stable}
    assert asked[0]["target"] == {"type": "AverageValue", "averageValue": "200"}


@pytest.mark.parametrize(("scrape_seconds", "over"), [(5, "1m"), (15, "1m"), (30, "2m"), (60, "4m")])
def test_a_rate_has_four_scrapes_however_seldom_pods_are_scraped(scrape_seconds: int, over: str) -> None:
    resource = a_resource().scaled(metrics=[QPS, BUSY])
    platform = replace(WITH_KEDA, scrape_seconds=scrape_seconds)
    triggers = the(planned(a_service(resource), platform=platform), "ScaledObject")["spec"]["triggers"]
    assert [re.findall(r"\[(\w+)\]", one["metadata"]["query"]) for one in triggers] == [[over], [over]]


@pytest.mark.parametrize(
    ("given", "behavior"), [("HoldOrIncrease", "currentReplicasIfHigher"), ("Hold", "currentReplicas")]
)
def test_keda_takes_no_answer_for_no_answer_and_removes_no_pod_for_it(given: str, behavior: str) -> None:
    resource = a_resource().scaled(metrics=[QPS], onMetricsUnavailable=given)
    spec = the(planned(a_service(resource), platform=WITH_KEDA), "ScaledObject")["spec"]
    assert spec["fallback"] == {"failureThreshold": 3, "replicas": 2, "behavior": behavior}
    (trigger,) = spec["triggers"]
    assert trigger["metricType"] == "AverageValue"
    assert trigger["metadata"]["ignoreNullValues"] == "false"
    assert trigger["metadata"]["threshold"] == "200"
    assert trigger["metadata"]["serverAddress"] == "http://prometheus.monitoring:9090"


def test_keda_is_sent_to_its_login_at_prometheus_by_name() -> None:
    resource = a_resource().scaled(metrics=[QPS, CPU])
    platform = replace(WITH_KEDA, keda_authentication="prometheus-read")
    triggers = the(planned(a_service(resource), platform=platform), "ScaledObject")["spec"]["triggers"]
    asking, on_cpu = triggers
    assert asking["authenticationRef"] == {"kind": "ClusterTriggerAuthentication", "name": "prometheus-read"}
    assert asking["metadata"]["authModes"] == "bearer"
    assert "authenticationRef" not in on_cpu
    (without,) = the(
        planned(a_service(a_resource().scaled(metrics=[QPS])), platform=WITH_KEDA), "ScaledObject"
    )["spec"]["triggers"]
    assert "authenticationRef" not in without
    assert "authModes" not in without["metadata"]


def test_keda_on_cpu_alone_has_no_fallback_which_it_would_refuse() -> None:
    made = planned(a_service(a_resource().scaled()), platform=WITH_KEDA)
    spec = the(made, "ScaledObject")["spec"]
    assert "fallback" not in spec
    assert [one["type"] for one in spec["triggers"]] == ["cpu"]


def test_keda_asked_for_and_not_there_is_refused_and_the_pods_stay() -> None:
    world = a_scaled_world(5, backend="HPA").wants(a_resource().scaled(backend="KEDA"))
    made = world.settles().look()
    assert made.scale.refusal is not None
    assert made.scale.refusal.reason == "KEDAMissing"
    assert not {item["kind"] for item in made.objects} & set(Scaler)
    assert world.replicas(world.serving) == 5


def test_keda_cannot_ask_a_prometheus_that_nobody_named() -> None:
    resource = a_resource().scaled(metrics=[QPS])
    made = planned(a_service(resource), platform=WITH_KEDA.__class__(WITH_KEDA.runtime_images, keda=True))
    assert made.scale.refusal is not None
    assert made.scale.refusal.reason == "PrometheusNotConfigured"


# Handing over and back.


def test_a_new_service_starts_with_the_minimum() -> None:
    made = planned(a_service(a_resource().scaled(minReplicas=3)))
    assert the(made, "Deployment")["spec"]["replicas"] == 3


def test_the_number_is_handed_over_as_it_stands_and_then_left_alone() -> None:
    world = a_world(a_resource().replicas(4)).settles()
    made = world.wants(a_resource().scaled()).reconcile()
    assert handed(made) == {world.serving: 4}
    assert "replicas" not in the(made, "Deployment")["spec"]
    assert world.replicas(world.serving) == 4
    world.scales(world.serving, 7)
    again = world.reconcile()
    assert handed(again) == {}
    assert world.replicas(world.serving) == 7


def test_the_holder_writes_the_number_before_we_let_go_of_it_in_one_action() -> None:
    world = a_world(a_resource().replicas(4)).settles()
    made = world.wants(a_resource().scaled()).look()
    live = list(world.objects.values())
    for item in live:
        item["metadata"]["uid"] = "uid"
    patches = [one for one in diff(made, live, UID) if isinstance(one, Patch)]
    (letting_go,) = [one for one in patches if "spec.replicas" in one.fields]
    assert letting_go.handed_over == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": world.serving, "namespace": "prod"},
        "spec": {"replicas": 4},
    }


def test_the_number_comes_back_as_the_scaler_left_it() -> None:
    world = a_scaled_world(7).wants(a_resource())
    first = world.reconcile()
    assert first.scale.next_look is not None, "it looks again soon: a scaler that goes raises no event"
    assert world.replicas(world.serving) == 7
    made = world.settles().look()
    assert the(made, "Deployment")["spec"]["replicas"] == 7
    assert made.scale.least == 7
    assert made.scale.next_look is None


def test_while_a_scaler_is_on_its_way_out_its_last_word_counts() -> None:
    world = a_scaled_world(7).wants(a_resource())
    gone = world.reconcile(crash_after=100)
    assert gone.stable is not None
    world.objects[("HorizontalPodAutoscaler", gone.stable)] = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {},
    }
    world.scales(world.serving, 8)
    assert "replicas" not in the(world.look(), "Deployment")["spec"]
    del world.objects[("HorizontalPodAutoscaler", gone.stable)]
    assert the(world.look(), "Deployment")["spec"]["replicas"] == 8


def test_a_number_that_is_given_wins_over_the_one_that_was_left() -> None:
    world = a_scaled_world(7).wants(a_resource().replicas(3)).settles()
    assert world.replicas(world.serving) == 3


def test_a_number_that_was_left_is_kept_by_the_revisions_after() -> None:
    world = a_scaled_world(7).wants(a_resource()).settles()
    before = world.serving
    world.wants(changed(a_resource())).settles()
    assert world.serving != before
    assert world.replicas(world.serving) == 7


def test_a_number_that_somebody_sets_by_hand_is_repaired_where_no_scaler_decides() -> None:
    for world in (
        a_scaled_world(7).wants(a_resource()).settles(),
        a_world(a_resource().replicas(7)).settles(),
    ):
        world.scales(world.serving, 1).reconcile()
        assert world.replicas(world.serving) == 7


def test_a_scaler_does_not_scale_from_nothing_so_the_operator_does() -> None:
    world = a_scaled_world(5)
    world.scales(world.serving, 0).reconcile()
    assert world.replicas(world.serving) == 2


def test_another_scaler_waits_until_the_first_is_gone() -> None:
    world = a_scaled_world(5)
    world.platform = WITH_KEDA
    first = world.reconcile()
    assert not {item["kind"] for item in first.objects} & set(Scaler)
    assert world.replicas(world.serving) == 5
    the(world.reconcile(), "ScaledObject")
    assert world.replicas(world.serving) == 5


def test_a_scaler_that_does_not_go_is_looked_at_ever_less_often_and_then_named() -> None:
    world = a_scaled_world(7).wants(a_resource())
    world.reconcile(crash_after=100)
    service, deleted = a_service(a_resource()), world.now
    leaving = replace(world.live[0], scalers=ScalersAtWork(frozenset({Scaler.KEDA}), deleted))

    def looked(after: float) -> tuple[float, bool]:
        now = deleted + timedelta(seconds=after)
        scale = planned(service, live=(leaving,), now=now).scale
        assert scale.next_look is not None
        return (scale.next_look - now).total_seconds(), scale.stuck_since == deleted

    seen = [looked(after) for after in (0, 10, 59, 60, 300, 86_400)]
    assert seen == [(2, False), (2, False), (5.9, False), (6, True), (30, True), (60, True)]


# Revisions.


def test_a_revision_that_takes_over_starts_with_the_pods_that_serve_and_not_with_the_minimum() -> None:
    world = a_scaled_world(7)
    made = world.wants(changed(a_resource().scaled())).reconcile()
    assert world.replicas(made.canary) == 7
    assert [item["metadata"]["name"] for item in made.objects if item["kind"] in set(Scaler)] == [made.stable]


def test_it_follows_the_load_while_it_starts_and_takes_over_only_with_as_many_pods() -> None:
    world = a_scaled_world(4)
    old = world.serving
    new = world.wants(changed(a_resource().scaled())).reconcile().canary
    world.scales(old, 9).becomes_ready(new).reconcile()
    assert world.serving == old
    assert world.replicas(new) == 9
    world.becomes_ready(new).reconcile()
    assert world.serving == new


def test_one_scaler_a_revision_and_one_at_a_time() -> None:
    world = a_scaled_world(6)
    old = world.serving
    new = world.wants(changed(a_resource().scaled())).reconcile().canary
    made = world.becomes_ready(new).reconcile()
    assert world.serving == new
    assert [name for kind, name in world.objects if kind in set(Scaler)] == [new]
    assert handed(made) == {new: 6}
    assert (world.replicas(old), world.replicas(new)) == (6, 6)
    world.after(RETIRE_SECONDS).settles()
    assert world.deployments == {new}


def test_going_back_keeps_the_pods_too() -> None:
    world = a_scaled_world(6)
    old = world.serving
    new = world.wants(changed(a_resource().scaled())).reconcile().canary
    world.becomes_ready(new).reconcile()
    world.scales(new, 6).wants(a_resource().scaled()).reconcile()
    assert world.serving == old
    assert world.replicas(old) == 6


def test_the_budget_for_disruptions_is_the_same_at_any_number() -> None:
    world = a_scaled_world(9)
    assert the(world.look(), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_what_a_promise_is_kept_with_are_the_bounds_of_the_scaler() -> None:
    means = means_of(a_service(a_resource().scaled()), envoy_gateway=False)
    assert (str(means.least_pods), means.pods_field) == ("2 pods", "spec.scaling.minReplicas")
    assert (str(means.most_pods), means.most_field) == ("10 pods", "spec.scaling.maxReplicas")


def test_without_a_scaler_it_is_kept_with_a_fixed_number() -> None:
    means = means_of(a_service(a_resource().replicas(3)), envoy_gateway=False)
    assert means.least_pods == means.most_pods
    assert (str(means.most_pods), means.most_field) == ("3 pods", "spec.scaling.replicas")
