"""What the operator's metrics say of rollouts: what was decided, where each is, and by which evidence."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from paddle_operator import names
from paddle_operator.cluster.ports import Key
from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason
from paddle_operator.reconcile import Reconciler
from paddle_operator.sla.answer import Failed
from paddle_operator.telemetry.edges import MeasuredCluster
from paddle_operator.telemetry.rollouts import DECISIONS
from paddle_operator.telemetry.series import Telemetry
from tests.operator.fake_cluster import KEY
from tests.operator.reconcile.rollout_story import RolloutStory

PLACE = {"service_namespace": KEY.namespace, "service_name": KEY.name}


class Told(RolloutStory):
    """A story whose rollouts are told to Prometheus."""

    def __post_init__(self) -> None:
        self.registry = CollectorRegistry()
        self.telemetry = Telemetry(self.registry, "1.2.3")
        super().__post_init__()

    def look(self, times: int = 1) -> float | None:
        pause: float | None = None
        for _ in range(times):
            for route in self.cluster.of("HTTPRoute"):
                accepted = [{"type": kind, "status": "True"} for kind in ("Accepted", "ResolvedRefs")]
                route["status"] = {"parents": [{"parentRef": {"name": "gw"}, "conditions": accepted}]}
            self.now += timedelta(seconds=1)
            flow = Reconciler(
                MeasuredCluster(self.cluster, self.telemetry),
                self.cluster,
                lambda: self.now,
                lambda: 300.0,
                self.measuring,
                proving=self.proving,
                watched=self.telemetry.rollouts.looked,
            )
            pause = asyncio.run(flow(KEY))
        return pause

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {**PLACE, **labels})

    def decided(self, state: str, reason: str = "") -> float | None:
        name = names.METRIC_OPERATOR_ROLLOUT_DECISIONS
        return self.value(name, state=state, reason=reason or state)

    def series(self) -> list[str]:
        """The names of all series of rollouts."""
        return [
            sample.name
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name.startswith("paddle_operator_rollout_") and not sample.name.endswith("_created")
        ]


@pytest.fixture
def story() -> Told:
    return Told()


def test_every_decision_is_there_from_the_first_look_on_at_0(story: Told) -> None:
    story.with_a_pod()
    assert {story.decided(*one) for one in DECISIONS} == {0.0}
    assert story.value(names.METRIC_OPERATOR_ROLLOUT_INFO, state="Steady", hold="") == 1


def test_a_rollback_is_counted_once_with_its_reason_and_shows_its_evidence(story: Told) -> None:
    story.begun()
    assert story.value(names.METRIC_OPERATOR_ROLLOUT_WEIGHT, role="canary") == 10
    assert story.value(names.METRIC_OPERATOR_ROLLOUT_WEIGHT, role="stable") == 90
    story.passes(60, good=0, bad=200)
    assert story.decided("RolledBack", "Broken") == 1
    assert story.value(names.METRIC_OPERATOR_ROLLOUT_LOOKS, finding="Broken") == 1
    assert story.value(names.METRIC_OPERATOR_ROLLOUT_WEIGHT, role="canary") == 0
    evidence = story.value(names.METRIC_OPERATOR_ROLLOUT_EVIDENCE, objective="up", figure="absolute")
    needed = story.value(names.METRIC_OPERATOR_ROLLOUT_THRESHOLD, figure="absolute")
    assert needed == 200, "two objectives, one false rollback of a hundred"
    assert evidence is not None
    assert evidence >= needed
    bad = {"objective": "up", "role": "canary", "outcome": "bad"}
    assert (story.value(names.METRIC_OPERATOR_ROLLOUT_REQUESTS, **bad) or 0) >= 200


def test_a_hold_is_counted_once_and_stands_in_the_info_alone(story: Told) -> None:
    story.begun()
    story.metrics.failure = Failed("gone")
    story.passes(300)
    assert story.decided("Held", "MetricsUnavailable") == 1
    assert story.value(names.METRIC_OPERATOR_ROLLOUT_INFO, state="Held", hold="MetricsUnavailable") == 1
    assert story.series().count(names.METRIC_OPERATOR_ROLLOUT_INFO) == 1


def test_what_could_not_be_remembered_was_not_decided(story: Told) -> None:
    story.begun()
    refusal = ClusterRefused("ConfigMap", "calm-rollout", Reason.FORBIDDEN, "may not write")
    story.cluster.refuses["ConfigMap calm-rollout"] = refusal
    for _ in range(3):
        with pytest.raises(ClusterRefused):
            story.passes(15, good=0, bad=200)
    assert story.decided("RolledBack", "Broken") == 0


def test_evidence_of_one_canary_is_not_that_of_the_next(story: Told) -> None:
    story.begun()
    story.passes(30)
    assert names.METRIC_OPERATOR_ROLLOUT_EVIDENCE in story.series()
    story.cluster.edit(runtime={"queue": {"maxRequests": 9}})
    story.look(2)
    assert names.METRIC_OPERATOR_ROLLOUT_EVIDENCE not in story.series()


def test_series_go_with_the_rollout_with_the_service_and_with_the_lease(story: Told) -> None:
    story.begun()
    story.passes(30)
    story.telemetry.rollouts.begins(Key("prod", "other"))
    assert story.cluster.body is not None
    del story.cluster.body["spec"]["rollout"]
    story.look()
    left = len(story.series())
    assert left == len(DECISIONS) + 5, "those of the other service"
    story.cluster.edit(rollout={})
    story.look()
    assert len(story.series()) > left
    story.cluster.body = None
    story.look()
    assert len(story.series()) == left
    story.telemetry.stopped_leading()
    assert story.series() == []
