"""What replicas do at work, asked of a real Prometheus: it teaches what the one in memory does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from paddle_operator.metrics.prometheus import Prometheus
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import series_text
from tests.e2e.prometheus.real_prometheus import install, openmetrics, prometheus_with
from tests.operator.reconcile.profiled_story import ProfiledStory

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
MINUTES = 30


def a_service_at_work() -> ProfiledStory:
    story = ProfiledStory()
    story.with_pods()
    return story


def test_a_service_becomes_feasible_by_what_a_real_prometheus_tells(tmp_path: Path) -> None:
    install()
    story, twin = a_service_at_work(), a_service_at_work()
    twin.minutes(MINUTES)
    hour = Interval(story.now - timedelta(minutes=10), story.now + timedelta(minutes=50))
    past = {
        series_text(one.labels).replace(", ", ","): [
            (sample.at.timestamp(), sample.value) for sample in one.samples
        ]
        for one in story.metrics.every(hour)
    }
    with prometheus_with(tmp_path, openmetrics(past)) as url:
        asked = Prometheus(url, timeout_seconds=20)
        story.restart(asked)
        story.minutes(MINUTES)
        asked.close()
    assert story.condition("SLAFeasible")[:2] == ("True", "Feasible")
    assert story.condition("SLAFeasible") == twin.condition("SLAFeasible")
    assert story.stored
