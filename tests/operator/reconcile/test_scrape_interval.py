"""Pods that are scraped at another interval than the operator was told: it says so, and what to set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.operator.fake_metrics import EVERY
from tests.operator.reconcile.measured_story import MeasuredStory


@pytest.fixture
def story() -> MeasuredStory:
    return MeasuredStory()


@pytest.mark.parametrize(
    ("seconds", "follows"),
    [
        (60, "more than 37.5 s without a sample is unknown time, and so is all of it. Set it to 60"),
        (30, "which one lost scrape makes. Set it to 30"),
        (5, "one that is lost is noticed after 37.5 s only. Set it to 5"),
    ],
)
def test_pods_that_are_scraped_otherwise_than_the_setting_says_are_told_with_both_figures(
    story: MeasuredStory, seconds: int, follows: str
) -> None:
    story.with_a_pod()
    story.metrics.interval = timedelta(seconds=seconds)
    story.minutes(20, good=100, fast=93)
    status, reason, message = story.condition("MetricsAvailable")
    assert (status, reason) == ("True", "ScrapeIntervalDiffers")
    setting = "prometheus.scrapeIntervalSeconds (PADDLE_OPERATOR_SCRAPE_INTERVAL_SECONDS)"
    assert message.startswith(f"pods are scraped every {seconds} s, and {setting} says 15 s: ")
    assert follows in message
    assert [one.warning for one in story.cluster.posted if one.reason == reason] == [True]
    story.metrics.interval = EVERY
    story.minutes(40, good=100, fast=93)
    assert story.condition("MetricsAvailable")[:2] == ("True", "MetricsRead")


def test_a_lost_scrape_now_and_then_is_no_other_interval(story: MeasuredStory) -> None:
    story.with_a_pod()
    for minute in range(30):
        story.metrics.interval = timedelta(seconds=45) if minute % 5 == 0 else EVERY
        story.minutes(1, good=10, fast=10)
    assert story.condition("MetricsAvailable")[:2] == ("True", "MetricsRead")
