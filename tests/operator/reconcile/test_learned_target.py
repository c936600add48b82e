"""The flow with target Auto: nothing is scaled until something is known, and then by that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operator.reconcile.profiled_story import ProfiledStory

AUTO = {"name": "qps", "type": "RequestsPerReplica", "target": {"type": "Auto"}}


@pytest.fixture
def story() -> ProfiledStory:
    story = ProfiledStory()
    story.cluster.platform = replace(story.cluster.platform, prometheus_url="http://prometheus:9090")
    story.cluster.edit(scaling={"minReplicas": 1, "maxReplicas": 4, "metrics": [AUTO]})
    story.with_pods()
    return story


def target(story: ProfiledStory) -> float:
    (hpa,) = story.cluster.of("HorizontalPodAutoscaler")
    (metric,) = hpa["spec"]["metrics"]
    return float(metric["external"]["target"]["averageValue"])


def test_until_it_is_known_what_a_replica_serves_nothing_scales(story: ProfiledStory) -> None:
    story.minutes(5)
    assert story.condition("ScalingActive")[:2] == ("False", "CapacityUnknown")
    assert story.condition("Ready")[0] == "True"
    assert story.cluster.of("HorizontalPodAutoscaler") == []


def test_then_the_scaler_is_made_and_not_written_again(story: ProfiledStory) -> None:
    story.minutes(40)
    first = target(story)
    assert 10 / 1.1 <= first < 30  # 10 a second were seen kept; at most three times that are relied on
    story.cluster.writes.clear()
    story.minutes(60)
    assert target(story) == first
    assert not [one for one in story.cluster.writes if "HorizontalPodAutoscaler" in str(one)]


def test_whoever_takes_over_goes_by_the_same_number(story: ProfiledStory) -> None:
    story.minutes(40)
    first = target(story)
    story.restart()
    story.look()
    assert target(story) == first


def test_slower_answers_lower_it_at_the_next_time_that_what_is_known_is_kept(story: ProfiledStory) -> None:
    story.minutes(40)
    first = target(story)
    story.metrics.seconds_each = 0.15
    story.minutes(120)
    assert target(story) < first
