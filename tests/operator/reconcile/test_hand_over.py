"""The number of pods changes hands: every value that is ever stored is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason
from paddle_operator.reconcile import UNSETTLED_SECONDS
from tests.operator.fake_cluster import FakeCluster, resource
from tests.operator.reconcile.story import Story

CPU = {"name": "cpu", "type": "CPUUtilization", "target": {"value": "70"}}
SCALED = {"minReplicas": 2, "maxReplicas": 10, "metrics": [CPU]}


def a_story(scaling: dict[str, Any], ready: int) -> tuple[Story, str]:
    """A service that serves with so many pods."""
    story = Story(FakeCluster(resource(scaling=scaling)))
    story.look()
    story.cluster.resolve()
    story.look()
    name = story.cluster.ready(ready)
    story.look(2)
    assert story.condition("Ready")[0] == "True"
    story.cluster.writes.clear()
    return story, name


def conditions(**types: tuple[str, str]) -> dict[str, Any]:
    found = [
        {"type": type_, "status": status, "reason": reason, "message": "it says so"}
        for type_, (status, reason) in types.items()
    ]
    return {"conditions": found}


def works(story: Story) -> None:
    """The HPA has measured and decides."""
    (hpa,) = story.cluster.of("HorizontalPodAutoscaler")
    hpa["status"] = conditions(AbleToScale=("True", "Ready"), ScalingActive=("True", "ValidMetricFound"))


def test_to_a_scaler_and_back_the_number_never_drops() -> None:
    story, name = a_story({"replicas": 4}, ready=4)
    number = story.cluster.numbers[name]
    story.cluster.edit(scaling=SCALED)
    story.look(3)
    works(story)
    number.scale(7)
    story.look(3)
    assert story.condition("ScalingActive")[:2] == ("True", "Scaling")
    story.cluster.edit(scaling={})
    story.look(4)
    assert story.cluster.of("HorizontalPodAutoscaler") == []
    assert number.owners == {"paddle-operator", "kube-controller-manager"}
    assert sorted(set(number.stored)) == [4, 7]
    assert number.stored == sorted(number.stored)
    assert story.condition("ScalingActive")[1] == "ScalingOff"
    assert "a scaler left 7 replicas" in story.condition("ScalingActive")[2]


def test_the_holder_writes_first_and_nothing_is_written_at_rest() -> None:
    story, name = a_story({"replicas": 4}, ready=4)
    story.cluster.edit(scaling=SCALED)
    story.look()
    assert story.cluster.writes == [
        f"hold Deployment {name}",
        f"patch Deployment {name}",
        f"create HorizontalPodAutoscaler {name}",
    ]
    story.cluster.writes.clear()
    story.look(3)
    assert story.cluster.writes == []


def test_where_the_holder_is_refused_we_do_not_let_go() -> None:
    story, name = a_story({"replicas": 4}, ready=4)
    story.cluster.edit(scaling=SCALED)
    story.cluster.refuses["Deployment"] = ClusterRefused("Deployment", name, Reason.FORBIDDEN, "no")
    with pytest.raises(ClusterRefused):
        story.look()
    story.cluster.refuses.clear()
    story.look(2)
    assert set(story.cluster.numbers[name].stored) == {4}


def test_a_scaler_that_cannot_be_written_leaves_the_service_ready_and_says_so() -> None:
    story, name = a_story({"replicas": 4}, ready=4)
    story.cluster.edit(scaling=SCALED)
    kind = "HorizontalPodAutoscaler"
    story.cluster.refuses[kind] = ClusterRefused(kind, name, Reason.FORBIDDEN, "no right to it")
    with pytest.raises(ClusterRefused):
        story.look()
    assert story.condition("Ready")[0] == "True"
    assert story.condition("ScalingActive")[:2] == ("False", "Forbidden")


def test_a_scaled_service_is_read_again_every_minute_and_sooner_while_its_scaler_is_silent() -> None:
    story, _ = a_story(SCALED, ready=2)
    assert story.look() == UNSETTLED_SECONDS
    works(story)
    assert story.look() == 60.0


def test_a_scaler_that_loses_its_metric_is_told_once() -> None:
    story, _ = a_story(SCALED, ready=2)
    works(story)
    story.look()
    story.cluster.posted.clear()
    (hpa,) = story.cluster.of("HorizontalPodAutoscaler")
    hpa["status"] = conditions(
        AbleToScale=("True", "Ready"), ScalingActive=("False", "FailedGetContainerResourceMetric")
    )
    story.look(3)
    status, reason, message = story.condition("ScalingActive")
    assert (status, reason) == ("False", "MetricsLost")
    assert "metrics-server" in message
    assert [(one.reason, one.warning) for one in story.cluster.posted] == [("MetricsLost", True)]
    assert story.condition("Ready")[0] == "True"
