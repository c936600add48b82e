"""The promise is measured by what the runtime really exports: names, labels and boundaries fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from paddle_operator import names
from paddle_operator.metrics import queries
from paddle_operator.sla.answer import Answer, Value
from paddle_operator.sla.counting import Scraping, count
from paddle_operator.sla.indicators import Indicator, indicator
from paddle_operator.sla.intervals import Interval, Spans
from paddle_operator.sla.learning import Demand, Seen
from paddle_operator.sla.outcomes import OUTCOMES, Tally
from paddle_operator.sla.promql import COUNTED
from paddle_operator.sla.selectors import at_boundaries
from paddle_operator.sla.series import Sample, Series
from paddle_operator.sla.working import worked
from paddle_operator.spec.promise import Objective
from paddle_runtime import sla as runtime_sla
from paddle_runtime.metrics import GAUGES, Metrics
from paddle_runtime.transport.codes import OUTCOME_LABELS

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCRAPING = Scraping(timedelta(seconds=15))
OBSERVED = Interval(NOON, NOON + timedelta(seconds=30))
UP = {"name": "up", "availability": {"targetPercent": "99.9"}}


def exported() -> Metrics:
    thresholds = runtime_sla.thresholds_seconds(b'{"latencyThresholdsMilliseconds": [7, 220]}')
    return Metrics(
        CollectorRegistry(),
        outcomes=OUTCOME_LABELS,
        refusals=(),
        stages=(),
        boundaries=runtime_sla.boundaries_seconds(thresholds),
    )


def scraped(metrics: Metrics, name: str) -> dict[frozenset[tuple[str, str]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        frozenset({**sample.labels, "__name__": name, "pod": "a", "revision": "r1"}.items()): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def between(before: Metrics, after: Metrics, name: str) -> Iterator[Series]:
    later = scraped(after, name)
    for labels, value in scraped(before, name).items():
        yield Series(labels, (Sample(NOON, value), Sample(NOON + timedelta(seconds=15), later[labels])))


def measured(objective: dict[str, object], metrics: Metrics) -> Answer[Indicator]:
    requests = count(between(exported(), metrics, names.METRIC_REQUESTS), OBSERVED, SCRAPING)
    durations = count(between(exported(), metrics, names.METRIC_DURATION_BUCKETS), OBSERVED, SCRAPING)
    assert isinstance(requests, Value)
    assert isinstance(durations, Value)
    return indicator(Objective.model_validate(objective), requests.value, durations.value, Spans((OBSERVED,)))


def test_every_series_that_the_operator_asks_for_is_one_of_the_runtimes() -> None:
    lines = exported().render().decode().splitlines()
    exported_names = {re.split(r"[{ ]", line)[0] for line in lines if not line.startswith("#")}
    asked = {names.METRIC_REQUESTS, names.METRIC_DURATION_BUCKETS, names.METRIC_PROCESS_START}
    assert asked | {names.METRIC_BUSY_SECONDS} <= exported_names
    assert names.METRIC_WORKERS in {f"paddle_runtime_{gauge}" for gauge in GAUGES}


def test_the_runtime_says_which_model_a_revision_serves() -> None:
    metrics = exported()
    metrics.describe_model(name="m", digest="sha256:0", task="OCR", engine="e", device="CPU", revision="r1")
    (labels,) = scraped(metrics, names.METRIC_MODEL_INFO)
    assert {("revision", "r1"), ("digest", "sha256:0")} <= labels
    assert "(revision, digest)" in queries.digests("prod", "ocr")


def test_the_buckets_that_the_operator_asks_for_are_those_of_the_promised_thresholds() -> None:
    pattern = re.search(r'le=~"(.*)"}', queries.durations("prod", "ocr", [7, 220]))
    assert pattern is not None
    boundaries = {dict(labels)["le"] for labels in scraped(exported(), names.METRIC_DURATION_BUCKETS)}
    found = {one for one in boundaries if re.fullmatch(pattern[1], one)}
    assert found == {"0.007", "0.22", "+Inf"}


def test_both_sides_know_the_same_outcomes() -> None:
    assert {outcome for outcome, _ in OUTCOME_LABELS} == set(OUTCOMES)


def test_the_counters_of_the_runtime_become_good_and_bad_requests() -> None:
    metrics = exported()
    for outcome, code in OUTCOME_LABELS:
        metrics.answered(outcome, code, 0.21)
    metrics.answered_synthetic("bad", 500)
    bad = sum(outcome in {"bad", "refused"} for outcome, _ in OUTCOME_LABELS)
    assert measured(UP, metrics) == Value(Indicator({"r1": Tally(1, bad)}, ()))


def test_every_threshold_that_the_runtime_was_told_is_found_among_its_boundaries() -> None:
    metrics = exported()
    for seconds in (0.006, 0.007, 0.22, 0.221):
        metrics.answered("good", 200, seconds)
    for threshold, good in ((7, 2), (220, 3)):
        fast = {"name": "fast", "latency": {"percentile": "95", "thresholdMilliseconds": threshold}}
        assert measured(fast, metrics) == Value(Indicator({"r1": Tally(good, 4 - good)}, ()))


def test_the_rules_ask_for_series_that_the_runtime_exports() -> None:
    assert scraped(exported(), names.METRIC_REQUESTS)
    boundaries = {dict(labels)["le"] for labels in scraped(exported(), names.METRIC_DURATION_BUCKETS)}
    assert "+Inf" in boundaries
    for threshold in (7, 220, 1000, 30_000):
        pattern = at_boundaries([threshold]).removeprefix('le=~"').removesuffix('"')
        fits = [text for text in boundaries if re.fullmatch(pattern, text)]
        assert [float(text) for text in fits] == [threshold / 1000]


def test_the_rules_count_every_outcome_of_the_runtime_but_the_callers_mistakes() -> None:
    assert {outcome for outcome, _ in OUTCOME_LABELS} - {"invalid"} == set(COUNTED.split("|"))


def test_what_replicas_do_at_work_is_read_from_what_they_really_export() -> None:
    found = [list(_everything(metrics)) for metrics in (_at_work(served=0), _at_work(served=10))]
    rows: dict[frozenset[tuple[str, str]], list[Sample]] = {}
    for place, scrape in enumerate(found):
        for labels, value in scrape:
            rows.setdefault(labels, []).append(Sample(NOON + timedelta(seconds=15 * place), value))
    of_work = set(names.METRICS_OF_WORK)
    read = {labels: samples for labels, samples in rows.items() if dict(labels)["__name__"] in of_work}
    assert {dict(labels)["__name__"] for labels in read} == of_work
    demands = (Demand("up", 0.001), Demand("fast", 0.05, 0.22))
    (one,) = worked((Series(labels, tuple(samples)) for labels, samples in read.items()), demands)
    assert one.seen == Seen(15, 2, 2.5, 13, 11, {"up": 10, "fast": 7}, waited=4)
    assert (one.refused, one.load_seconds) == (2, 2.0)
    assert (one.answers.total, one.answers.waited) == (10, 4)
    assert dict(one.answers.within)[220] == 7


def _at_work(served: int) -> Metrics:
    """A server with two workers and so many good answers, one failure and two refusals beside them."""
    metrics = Metrics(
        CollectorRegistry(),
        outcomes=OUTCOME_LABELS,
        refusals=(),
        stages=("queue", "decode"),
        boundaries=runtime_sla.boundaries_seconds((0.22,)),
    )
    metrics.gauge("workers", lambda: 2)
    metrics.gauge("warm_workers", lambda: 3)
    for phase in ("load", "warm-up"):
        metrics.loaded(phase, 1.0)
    for place in range(served):
        metrics.answered("good", 200, 0.1 if place < 7 else 0.5)
        metrics.stages({"queue": 0.001 if place < 6 else 0.4, "decode": 0.002})
        metrics.worked(0.25)
    if served:
        metrics.answered("bad", 500, 0.1)
        metrics.answered("refused", 503, 0.1)
        metrics.answered("refused", 503, 0.1)
        metrics.answered("invalid", 400, 0.1)
    return metrics


def _everything(metrics: Metrics) -> Iterator[tuple[frozenset[tuple[str, str]], float]]:
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            pod = {"pod": "a", "revision": "r1", "__name__": sample.name}
            yield frozenset({**sample.labels, **pod}.items()), sample.value
