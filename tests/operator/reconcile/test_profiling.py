"""The flow learns what replicas serve in time, says whether that is enough, and keeps what it learned."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from paddle_operator.errors import ClusterRefused
from paddle_operator.plan.work_profile import stored_profile
from paddle_operator.profiling import WRITTEN_EVERY, Profiling
from paddle_operator.reasons import Reason
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Sample, Series
from tests.operator.reconcile.story import Story

EVERY = timedelta(seconds=15)
PREFIX = "paddle_runtime_"
QUEUE = "stage_duration_seconds_bucket"


@dataclass
class WorkingMetrics:
    """The port `Metrics`: pods that have served so many requests a second since they began."""

    began: datetime
    pods: dict[str, str] = field(default_factory=dict)
    rate: float = 10.0
    seconds_each: float = 0.05
    share_fast: float = 1.0
    waited: float = 0.0
    failure: Failed | None = None
    asked: int = 0

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        self.asked += 1
        if self.failure is not None:
            return self.failure
        found = tuple(self._all(observed))
        return Value(found) if found else NoData("nothing")

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        raise NotImplementedError("nothing that is tested with this asks for it")

    def _all(self, observed: Interval) -> list[Series]:
        times = [observed.start + place * EVERY for place in range(int(observed.length / EVERY))]
        made = []
        for pod, revision in self.pods.items():
            for labels, value in self._counters():
                named = {**labels, "__name__": PREFIX + labels["__name__"], "pod": pod, "revision": revision}
                samples = tuple(Sample(at, value((at - self.began).total_seconds())) for at in times)
                made.append(Series(frozenset(named.items()), samples))
        return made

    def _counters(self) -> list[tuple[dict[str, str], Any]]:
        duration = "request_duration_seconds_bucket"
        served = lambda share: lambda seconds: int(seconds * self.rate * share)  # noqa: E731
        return [
            ({"__name__": "requests_total", "outcome": "good", "code": "200"}, served(1)),
            ({"__name__": "requests_total", "outcome": "bad", "code": "500"}, served(0)),
            ({"__name__": "busy_seconds_total"}, lambda seconds: seconds * self.rate * self.seconds_each),
            ({"__name__": "workers"}, lambda _: 2.0),
            ({"__name__": "warm_workers"}, lambda _: 2.0),
            ({"__name__": "model_load_seconds", "phase": "load"}, lambda _: 2.5),
            ({"__name__": duration, "le": "0.2"}, served(self.share_fast)),
            ({"__name__": duration, "le": "0.5"}, served(1)),
            ({"__name__": duration, "le": "+Inf"}, served(1)),
            (
                {"__name__": "stage_duration_seconds_bucket", "stage": "queue", "le": "0.0025"},
                served(1 - self.waited),
            ),
        ]


@dataclass
class ProfiledStory(Story):
    """A story whose flow learns from what its pods do; `restart` forgets what the process knew."""

    metrics: WorkingMetrics = field(init=False)

    def __post_init__(self) -> None:
        self.metrics = WorkingMetrics(self.now - timedelta(hours=1))
        fast = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
        self.cluster.edit(sla={"objectives": [fast]})
        self.restart()

    def restart(self) -> None:
        self.profiling = Profiling(self.metrics, self.cluster, Scraping(EVERY), interval_seconds=60)

    def with_pods(self, count: int = 1) -> None:
        revision = self.serving()
        self.metrics.pods = {f"p{place}": revision for place in range(count)}

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self.now += timedelta(seconds=59)
            self.look()

    @property
    def stored(self) -> str:
        found = stored_profile(self.cluster.objects.values())
        return found.text if found else ""


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
    story.cluster.apply = apply  # type: ignore[method-assign]
    story.minutes(20)
    assert story.stored


def test_a_resource_made_anew_under_the_name_begins_anew(story: ProfiledStory) -> None:
    story.with_pods()
    story.minutes(20)
    assert story.cluster.body is not None
    story.cluster.body["metadata"]["uid"] = "another"
    story.cluster.objects.clear()
    story.look()
    assert story.condition("SLAFeasible")[0] == "Unknown"
