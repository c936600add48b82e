"""A metrics server that answers badly, over HTTP: a clear condition, and nothing is scaled to harm."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from paddle_operator.measure import Measuring
from paddle_operator.metrics import prometheus
from paddle_operator.metrics.ports import Metrics
from paddle_operator.metrics.prometheus import Prometheus
from paddle_operator.sla.answer import Answer as Said
from paddle_operator.sla.answer import NoData, Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Series, label
from tests.operator.metrics.scripted_server import Answer, error, matrix, serving
from tests.operator.reconcile.profiled_story import EVERY, ProfiledStory, WorkingMetrics

AUTO = {"name": "qps", "type": "RequestsPerReplica", "target": {"type": "Auto"}}
SLOW_SECONDS = 1.0
Row = tuple[dict[str, str], list[tuple[float, str]]]
Wrong = Callable[[list[Row]], Answer]


def right(rows: list[Row]) -> Answer:
    return matrix(*rows)


def valued(text: str) -> Wrong:
    """Every value is this one."""
    return lambda rows: matrix(*((labels, [(at, text) for at, _ in values]) for labels, values in rows))


def labelled(name: str, value: str = "") -> Wrong:
    """A label has another value, or is not there."""

    def changed(labels: dict[str, str]) -> dict[str, str]:
        return {key: one for key, one in {**labels, name: value}.items() if one}

    return lambda rows: matrix(*((changed(labels), values) for labels, values in rows))


def scraped_twice(rows: list[Row]) -> Answer:
    return matrix(*rows, *(({**labels, "job": "another"}, values) for labels, values in rows))


class NamedMetrics(WorkingMetrics):
    """Answers each question with the series that it names."""

    def named(self, selector: str, observed: Interval) -> list[Series]:
        name, _, matchers = selector.partition("{")
        pattern = re.compile(name or str(re.findall(r'__name__=~"([^"]*)"', matchers)[0]))
        return [one for one in self.every(observed) if pattern.fullmatch(label(one.labels, "__name__"))]

    async def series(self, selector: str, observed: Interval) -> Said[tuple[Series, ...]]:
        found = tuple(self.named(selector, observed))
        return Value(found) if found else NoData("nothing")


@dataclass
class BadStory(ProfiledStory):
    """A service at work, with a learned target for its scaler, whose Prometheus can be replaced."""

    wrong: Wrong = field(default=right)

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.cluster.body is not None
        self.cluster.body["metadata"]["creationTimestamp"] = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        self.cluster.platform = replace(self.cluster.platform, prometheus_url="http://prometheus:9090")
        self.cluster.edit(scaling={"minReplicas": 1, "maxReplicas": 4, "metrics": [AUTO]})
        self.metrics = NamedMetrics(self.metrics.began)

    def asks(self, metrics: Metrics, limit_seconds: float) -> None:
        """A new process that asks there."""
        self.restart(metrics)
        self.measuring = Measuring(
            metrics, self.cluster, Scraping(EVERY), interval_seconds=60, limit_seconds=limit_seconds
        )

    def answer(self, asked: dict[str, str]) -> Answer:
        """Answer as Prometheus does, or wrongly."""
        selector, _, length = asked["query"].removesuffix("ms]").rpartition("[")
        end = datetime.fromtimestamp(float(asked["time"]), UTC)
        assert isinstance(self.metrics, NamedMetrics)
        found = self.metrics.named(selector, Interval(end - timedelta(milliseconds=int(length)), end))
        rows = ((dict(one.labels), one.samples) for one in found)
        return self.wrong(
            [(labels, [(at.timestamp(), repr(value)) for at, value in each]) for labels, each in rows]
        )

    @property
    def target(self) -> str:
        (hpa,) = self.cluster.of("HorizontalPodAutoscaler")
        return str(hpa["spec"]["metrics"][0]["external"]["target"]["averageValue"])

    @property
    def unknown_minutes(self) -> int:
        return int(self.status["sla"]["objectives"][0]["unknownMinutes"])

    @property
    def touched(self) -> list[str]:
        """What was written of that decides how many pods there are."""
        kinds = ("Deployment", "HorizontalPodAutoscaler", "ScaledObject")
        return [one for one in map(str, self.cluster.writes) if any(kind in one for kind in kinds)]


@functools.cache
def at_work() -> BadStory:
    """Everything that can be known is known."""
    made = BadStory()
    made.asks(made.metrics, 5)
    made.with_pods()
    made.minutes(25)
    assert made.condition("MetricsAvailable")[1] == "MetricsRead"
    assert made.condition("SLAMet")[1] == "PromiseKept"
    return made


@contextmanager
def over_http(timeout_seconds: float) -> Iterator[BadStory]:
    """The same, asked by a new process over HTTP."""
    was = at_work()
    made = replace(was)
    made.cluster, made.metrics, made.now = copy.deepcopy((was.cluster, was.metrics, was.now))
    with serving() as server:
        server.by = made.answer
        metrics = Prometheus(server.url, timeout_seconds=timeout_seconds)
        made.asks(metrics, 2 * timeout_seconds)
        made.look()
        made.cluster.writes.clear()
        yield made
        metrics.close()


CASES: dict[str, tuple[Wrong, str, str]] = {
    "NaN": (valued("NaN"), "MetricsFailed", "is nan at"),
    "infinite": (valued("+Inf"), "MetricsFailed", "is inf at"),
    "negative": (valued("-1"), "MetricsFailed", "is -1.0 at"),
    "half a request": (valued("0.5"), "MetricsFailed", "a counter is a whole number from 0 on"),
    "empty": (lambda rows: matrix(), "MetricsMissing", "see that it scrapes them"),
    "without pods": (labelled("pod"), "MetricsFailed", "has no label 'pod': the scrape must set"),
    "without revisions": (labelled("revision"), "MetricsFailed", "has no label 'revision'"),
    "an outcome of its own": (labelled("outcome", "splendid"), "MetricsFailed", "splendid"),
    "two jobs": (scraped_twice, "MetricsFailed", "is scraped twice"),
    "an error": (lambda rows: error(503, "unavailable", "replaying"), "MetricsFailed", "HTTP 503: replaying"),
    "a login page": (
        lambda rows: Answer(b"<html>Sign in</html>", content_type="text/html"),
        "MetricsFailed",
        "something else than Prometheus' JSON",
    ),
    "slow": (
        lambda rows: replace(matrix(*rows), before=2 * SLOW_SECONDS),
        "MetricsFailed",
        "did not answer within 1 s",
    ),
}


NO_ANSWER = ("an error", "a login page", "slow")
"""Who does not answer may do so later: until then time is not unknown, and figures become too old."""


@pytest.mark.parametrize("case", CASES)
def test_what_a_metrics_server_answers_badly_is_told_and_scales_nothing(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus, "PAUSE_SECONDS", 0.0)  # the clock of a story's loop begins anew each time
    wrong, reason, said = CASES[case]
    with over_http(SLOW_SECONDS if case == "slow" else 5) as story:
        target = story.target
        story.wrong = wrong
        story.minutes(3)
        status, because, message = story.condition("MetricsAvailable")
        assert (status, because) == ("False", reason)
        assert said in message
        assert story.condition("SLAMet")[0] == "True", "what was counted before still holds"
        assert story.condition("Ready")[0] == "True"
        story.now += timedelta(minutes=35)
        story.minutes(2)
        if case in NO_ANSWER:
            assert story.condition("SLAMet")[:2] == ("Unknown", reason)
            assert "Counted until 2026-11-22T12:" in story.condition("SLAMet")[2]
        else:
            told = ("Unknown", "UnknownTime")
            assert story.condition("SLAMet")[:2] == told, "more is unknown than was counted"
            assert story.unknown_minutes > 15, "and what could not is said to be unknown"
        assert (story.touched, story.target) == ([], target)
        story.wrong = right
        story.minutes(3)
        assert story.condition("MetricsAvailable")[0] == "True"
        assert story.condition("SLAMet")[0] == "True"
        assert story.touched == []
