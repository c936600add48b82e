"""The flow learns what replicas serve in time, says whether that is enough, and keeps what it learned."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from paddle_operator.errors import ClusterRefused
from paddle_operator.profiling import WRITTEN_EVERY
from paddle_operator.reasons import Reason
from paddle_operator.sla.answer import Failed
from tests.operator.reconcile.profiled_story import ProfiledStory


@pytest.fixture
def story() -> ProfiledStory:
    return ProfiledStory()


def test_a_service_at_work_becomes_feasible(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(1)
    assert story.condition("SLAFeasible")[:2] == ("Unknown", "MoreToMeasure")
    story.minutes(15)
    assert story.condition("SLAFeasible")[:2] == ("True", "Feasible")


def test_answers_that_are_slow_by_themselves_make_it_infeasible(story: ProfiledStory) -> None:
    story.metrics.share_fast = 0.5
    story.with_pods()
    story.minutes(15)
    status, reason, message = story.condition("SLAFeasible")
    assert (status, reason) == ("False", "ThresholdBelowServiceTime")
    assert "set its thresholdMilliseconds to 500" in message
    assert ("SLAFeasible", "ThresholdBelowServiceTime") in [
        (one.condition, one.reason) for one in story.cluster.posted
    ]


def test_answers_that_had_to_wait_do_not(story: ProfiledStory) -> None:
    story.metrics.share_fast = story.metrics.waited = 0.5
    story.with_pods()
    story.minutes(15)
    assert story.condition("SLAFeasible")[0] == "Unknown"


def test_it_is_looked_at_once_an_interval(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(2)
    asked = story.metrics.asked
    story.look(30)
    assert story.metrics.asked == asked
    story.look(31)
    assert story.metrics.asked == asked + 1


def test_a_status_that_says_the_same_is_not_written_again(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(40)
    story.cluster.statuses.clear()
    story.minutes(60)
    assert len(story.cluster.statuses) <= 2


def test_what_was_learned_is_kept_and_goes_on_after_a_restart(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(30)
    assert story.stored
    story.restart()
    story.look()
    assert story.condition("SLAFeasible")[:2] == ("True", "Feasible")


def test_a_service_without_requests_writes_nothing(story: ProfiledStory) -> None:
    story.with_pods()
    story.metrics.rate = 0.0
    story.minutes(3)
    story.cluster.writes.clear()
    story.minutes(60)
    assert story.cluster.writes == []


def test_it_is_written_seldom(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(5)
    story.cluster.writes.clear()
    story.minutes(60)
    assert len(story.cluster.writes) <= timedelta(minutes=60) / WRITTEN_EVERY + 1


def test_metrics_that_do_not_answer_teach_nothing_and_change_nothing(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(20)
    story.metrics.failure = Failed("nobody there")
    story.minutes(20)
    assert story.condition("SLAFeasible")[:2] == ("True", "Feasible")


def test_a_record_that_cannot_be_written_is_tried_again(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(10)
    apply = story.cluster.apply

    async def refuse(*args: Any, **options: Any) -> None:
        raise ClusterRefused("ConfigMap", "calm-work", Reason.QUOTA_EXCEEDED, "quota")

    story.cluster.apply = refuse  # type: ignore[method-assign]
    story.minutes(20)
    assert not story.stored
    assert story.condition("Stalled")[:2] == ("True", "QuotaExceeded")
    assert story.condition("Ready")[0] == "True"
    story.cluster.apply = apply  # type: ignore[method-assign]
    story.minutes(20)
    assert story.stored
    assert story.condition("Stalled")[0] == "False"


def test_a_resource_made_anew_under_the_name_begins_anew(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(20)
    assert story.cluster.body is not None
    story.cluster.body["metadata"]["uid"] = "another"
    story.cluster.objects.clear()
    story.look()
    assert story.condition("SLAFeasible")[0] == "Unknown"
