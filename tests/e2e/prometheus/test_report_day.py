"""A day of synthetic samples in a real Prometheus, read by the operator's reader: the report is the truth.

The samples are made request by request, so the truth is counted and not computed. They are written as
OpenMetrics and put into Prometheus' database by promtool: restarts, a pod that vanishes, lost scrapes, and a
new revision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from paddle_operator.cluster.ports import Key, ReportKey
from paddle_operator.metrics.prometheus import Prometheus
from paddle_operator.report_flow import ReportFlow
from paddle_operator.spec.sla_report import ReportStatus
from tests.e2e.prometheus.real_prometheus import install, openmetrics, prometheus_with
from tests.operator.cli.report.a_day import NEW, OLD, SLA, day_pods
from tests.operator.report_flow.bookcase import a_bookcase
from tests.operator.sla.counters import NOON, SCRAPING, span
from tests.operator.sla.report.test_compose import shares, the
from tests.operator.sla.traffic import Pod, digest_of, past, truth

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
DAY = span(0, 86_400)


@pytest.fixture(scope="module")
def pods() -> tuple[Pod, ...]:
    return day_pods()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, pods: tuple[Pod, ...]) -> Iterator[str]:
    """A Prometheus that holds the day, and nothing else."""
    install()
    with prometheus_with(tmp_path_factory.mktemp("prometheus"), openmetrics(past(pods))) as address:
        yield address


@pytest.fixture(scope="module")
def report(prometheus: str) -> ReportStatus:
    """The report on the day, asked for as a person does and made by the flow."""
    made = a_bookcase(NOON + timedelta(days=2))
    assert made.service is not None
    made.service["spec"]["sla"] = SLA.model_dump(by_alias=True, mode="json", exclude_none=True)
    made.ask("day", type="Between", start="2026-06-01T12:00:00Z", end="2026-06-02T12:00:00Z")

    async def look() -> None:
        metrics = Prometheus(prometheus, timeout_seconds=30)
        try:
            flow = ReportFlow(made, made, metrics, SCRAPING, "paddle-operator test", lambda: made.now)
            await flow(ReportKey(False, Key("prod", "day")))
        finally:
            metrics.close()

    asyncio.run(look())
    assert made.condition("day")[:2] == ("True", "ReportMade"), made.condition("day")
    return made.result("day")


@pytest.mark.parametrize("name", ["availability", "latency", "errors"])
def test_good_and_total_are_the_truth_by_revision(
    report: ReportStatus, pods: tuple[Pod, ...], name: str
) -> None:
    real = truth(pods, latency=name == "latency", during=DAY)
    assert set(real) == {OLD, NEW}
    assert shares(the(report, name)) == real


def test_every_request_that_is_not_counted_lies_in_unknown_time(
    report: ReportStatus, pods: tuple[Pod, ...]
) -> None:
    unknown = [(one.pod, one.start, one.end) for one in report.unknown]
    lost = 0
    for pod in pods:
        seen = {event for _, event in pod.seen()}
        for event in pod.events:
            moment = NOON + timedelta(seconds=event.at)
            if event not in seen and moment in DAY and moment < DAY.end - SCRAPING.longest_gap:
                text = moment.isoformat().replace("+00:00", "Z")
                assert any(whose == pod.name and start <= text <= end for whose, start, end in unknown), text
                lost += 1
    assert lost > 0, "the day is to have requests that nobody saw"


def test_the_gaps_are_listed_each_with_its_cause(report: ReportStatus) -> None:
    told = {(one.pod, one.cause, one.start[11:19], one.end[11:19]) for one in report.unknown}
    assert ("ocr-a", "Reset", "17:00:00", "17:00:01") in told
    assert ("ocr-b", "Gap", "14:59:51", "15:15:06") in told
    assert ("ocr-c", "End", "20:59:54", "21:00:31") in told
    assert {one.cause for one in report.unknown} <= {"Reset", "Gap", "End", "Start"}


def test_both_incidents_are_found_and_the_revision_that_spent_most_is_named(report: ReportStatus) -> None:
    found = [
        (one.start[11:16], one.revision) for one in the(report, "availability").incidents if one.bad > 20
    ]
    assert found == [("19:00", OLD), ("06:00", NEW)]


def test_the_exact_queries_can_be_asked_again(report: ReportStatus, prometheus: str) -> None:
    *samples, models = report.queries
    for one in samples:
        assert one.query.endswith("[3600001ms]")
        assert one.times == 24
    empty = {one.query.partition("{")[0] for one in samples if not one.samples}
    assert empty == {"paddle_operator_golden_requests_total"}, (
        "nobody asked this service's model its own request"
    )
    assert min(one.samples for one in samples if one.samples) > 10_000
    assert models.query.startswith("group by (revision, digest)")
    assert models.times == 2


def test_each_revision_is_there_with_the_model_that_it_served(report: ReportStatus) -> None:
    found = [(one.revision, one.model_digest, one.first[11:16], one.last[11:16]) for one in report.revisions]
    assert found == [
        (OLD, digest_of(OLD), "12:00", "00:05"),
        (NEW, digest_of(NEW), "00:05", "12:00"),
    ]
