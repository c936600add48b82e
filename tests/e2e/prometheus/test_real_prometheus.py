"""What a real Prometheus answers: samples as they were taken, refusals in its own words, and exact counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from paddle_operator import names
from paddle_operator.metrics import queries
from paddle_operator.metrics.ports import Metrics
from paddle_operator.metrics.prometheus import Prometheus
from paddle_operator.sla.answer import Failed, NoData, Value
from paddle_operator.sla.counting import Scraping
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.measuring import Terms, advance, observed_for, stretch_after
from paddle_operator.sla.reading import Reading
from paddle_operator.sla.record import REQUESTS, Record
from paddle_operator.sla.selectors import equal
from paddle_operator.sla.selectors import selector as selector_of
from paddle_operator.sla.series import Sample, Series, series_text
from paddle_operator.spec.promise import Objective
from tests.e2e.prometheus.real_prometheus import install, openmetrics, prometheus_with
from tests.operator.fake_metrics import EVERY, FakeMetrics

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
BEGAN = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
UP = Objective.model_validate({"name": "up", "availability": {"targetPercent": "99.9"}})
FAST = Objective.model_validate(
    {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": 200}}
)
TERMS = Terms((UP, FAST), (), Scraping(EVERY))
SERVICE = ("prod", "calm")


def at(hours: float, milliseconds: int = 0) -> datetime:
    return BEGAN + timedelta(hours=hours, milliseconds=milliseconds)


def a_day() -> FakeMetrics:
    """Thirty hours of three pods: the first is followed by another revision, the second has a hole."""
    day = FakeMetrics()
    day.start("a", "calm-1", at(0, 123))
    day.serve("a", at(10), good=7, bad=1, fast=6)
    day.start("b", "calm-2", at(9.9, 456))
    day.serve("b", at(20), good=9, fast=9)
    day.serve("b", at(20.5))
    scrapes = day.pods["b"].scrapes
    day.pods["b"].scrapes = [one for one in scrapes if not at(12) < one[0] < at(12.05)]
    day.serve("b", at(30), good=3, refused=1, fast=2)
    day.start("c", "calm-2", at(15))
    day.serve("c", at(29), good=1, invalid=2, fast=1)
    return day


DAY = a_day()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that knows the day, and two series that no counter is."""
    install()
    past = {
        series_text(one.labels).replace(", ", ","): [
            (sample.at.timestamp(), sample.value) for sample in one.samples
        ]
        for metric in (names.METRIC_REQUESTS, names.METRIC_DURATION_BUCKETS, names.METRIC_PROCESS_START)
        for one in DAY.every(metric)
    }
    past['odd{kind="nan"}'] = [(at(1).timestamp(), math.nan)]
    with prometheus_with(tmp_path_factory.mktemp("prometheus"), openmetrics(past)) as url:
        yield url


@pytest.fixture
def metrics(address: str) -> Iterator[Prometheus]:
    asked = Prometheus(address, timeout_seconds=20)
    yield asked
    asked.close()


def by_labels(series: tuple[Series, ...]) -> dict[frozenset[tuple[str, str]], tuple[Sample, ...]]:
    return {one.labels: one.samples for one in series}


@pytest.mark.parametrize("hours", [(0, 1), (9.5, 13.25), (0, 30)])
@pytest.mark.parametrize("metric", [names.METRIC_REQUESTS, names.METRIC_PROCESS_START])
async def test_every_sample_comes_back_as_it_was_taken(
    metrics: Metrics, hours: tuple[float, float], metric: str
) -> None:
    observed = Interval(at(hours[0]), at(hours[1]))
    selector = selector_of(metric, equal("service", "calm"))
    truth, answer = await DAY.series(selector, observed), await metrics.series(selector, observed)
    assert isinstance(truth, Value)
    assert isinstance(answer, Value)
    assert by_labels(answer.value) == by_labels(truth.value)


async def test_observations_side_by_side_share_no_sample_and_lose_none(metrics: Metrics) -> None:
    selector = queries.requests(*SERVICE)
    taken = DAY.pods["a"].scrapes[40][0]
    borders = [
        taken - timedelta(minutes=5),
        taken,
        taken + timedelta(milliseconds=1),
        taken + timedelta(minutes=5),
    ]
    parts = [await metrics.series(selector, Interval(one, other)) for one, other in pairwise(borders)]
    whole = await metrics.series(selector, Interval(borders[0], borders[-1]))
    assert isinstance(whole, Value)
    counts = [sum(len(one.samples) for one in part.value) if isinstance(part, Value) else 0 for part in parts]
    assert counts[1] == 4, "the one scrape of four series"
    assert sum(counts) == sum(len(one.samples) for one in whole.value)


async def test_the_boundaries_that_are_asked_for_are_found(metrics: Metrics) -> None:
    observed = Interval(at(1), at(1.1))
    answer = await metrics.series(queries.durations(*SERVICE, [200]), observed)
    assert isinstance(answer, Value)
    assert {dict(one.labels)["le"] for one in answer.value} == {"0.2", "+Inf"}
    none = await metrics.series(queries.durations("prod", "other", [200]), observed)
    assert isinstance(none, NoData)


async def measured(metrics: Metrics, looks: list[datetime]) -> Record:
    record = Record(at(0), {})
    for now in looks:
        behind = True
        while behind:
            stretch = stretch_after(record, now)
            observed = observed_for(stretch, TERMS.scraping, now)
            reading = Reading(
                observed,
                await metrics.series(queries.requests(*SERVICE), observed),
                await metrics.series(queries.durations(*SERVICE, [200]), observed),
                await metrics.series(queries.starts(*SERVICE), observed),
            )
            step = advance(record, stretch, reading, TERMS, now)
            record, behind = step.record, step.behind
    return record


async def test_a_day_is_counted_exactly_and_what_was_lost_is_unknown_time(metrics: Metrics) -> None:
    record = await measured(metrics, [at(31)])
    cells = record.accounts[REQUESTS]
    tallies = {name: [0, 0] for name in ("calm-1", "calm-2")}
    for cell in cells:
        for revision, tally in cell.by_revision.items():
            tallies[revision][0] += tally.good
            tallies[revision][1] += tally.bad
    last = {name: pod.scrapes[-1][1] for name, pod in DAY.pods.items()}
    assert tallies == {
        "calm-1": [last["a"]["good"], last["a"]["bad"]],
        "calm-2": [last["b"]["good"] + last["c"]["good"], last["b"]["refused"]],
    }
    unknown = sum((cell.unknown for cell in cells), timedelta())
    hole = at(12.05) - at(12)
    ends = 3 * TERMS.scraping.longest_gap  # of a and c, and of b, after which nothing is seen at all
    assert hole < unknown < hole + ends + (at(31) - at(30))
    fast = sum(tally.good for cell in record.accounts["latency-200"] for tally in cell.by_revision.values())
    assert fast == sum(pod.fast for pod in DAY.pods.values())


async def test_looking_often_counts_the_same_as_looking_once(metrics: Metrics) -> None:
    often = await measured(metrics, [at(hour / 2) for hour in range(1, 63)])
    once = await measured(DAY, [at(31)])
    for account in (REQUESTS, "latency-200"):
        assert [sum(cell.requests for cell in record.accounts[account]) for record in (often, once)] == [
            sum(cell.requests for cell in once.accounts[account])
        ] * 2


async def test_refusals_and_empty_answers_come_in_prometheus_own_words(metrics: Metrics) -> None:
    refused = await metrics.instant("sum(", at(1))
    assert isinstance(refused, Failed)
    assert "HTTP 400" in refused.why
    assert "parse error" in refused.why
    assert isinstance(await metrics.instant('up{job="none"}', at(1)), NoData)
    assert isinstance(await metrics.instant('odd{kind="nan"}', at(1)), NoData)
    two = await metrics.instant('count(paddle_runtime_requests_total{pod="a",outcome="good"}) + 1', at(1))
    assert isinstance(two, Value)
    assert [sample.value for sample in two.value[0].samples] == [2]
