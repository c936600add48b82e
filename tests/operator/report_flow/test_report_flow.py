"""Reports come when they are due, once each, say why when they cannot, and outlive everything."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from paddle_operator.cluster.ports import Key, ReportKey
from paddle_operator.errors import ClusterRefused
from paddle_operator.handlers.queue import LONGEST_BACKOFF_SECONDS, KeyedQueue
from paddle_operator.report_flow import AGAIN_SECONDS, LONGEST_SECONDS
from tests.operator.fake_cluster import KEY
from tests.operator.report_flow.bookcase import HOUR, FakeMetrics, a_bookcase, an_afternoon
from tests.operator.sla.counters import NOON
from tests.operator.sla.traffic import digest_of, scrapes
from tests.operator.virtual_time import in_virtual_time, seconds

MONTHLY = "0 0 1 * *"
DECEMBER = datetime(2026, 12, 1, 0, 10, tzinfo=UTC)
NAME = "calm-20261201-0000"


def test_a_report_is_asked_for_when_it_is_due_and_only_once() -> None:
    made = a_bookcase(DECEMBER, schedule=MONTHLY)
    assert made.look() == LONGEST_SECONDS
    made.look()
    assert made.writes == [f"create {NAME}"]
    report = made.reports[NAME]
    assert report["spec"]["period"] == {
        "type": "Between",
        "start": "2026-11-01T00:00:00Z",
        "end": "2026-12-01T00:00:00Z",
    }
    assert "ownerReferences" not in report["metadata"], "it outlives the service"
    assert report["metadata"]["labels"]["serving.paddle-sla.io/service"] == "calm"


def test_a_crash_between_asking_and_the_next_look_makes_no_second_one() -> None:
    made = a_bookcase(DECEMBER, schedule=MONTHLY)
    made.refuses = "create"
    with pytest.raises(ClusterRefused):
        made.look()
    assert made.reports == {}
    made.refuses = ""
    made.look()
    made.look()
    assert made.writes == [f"create {NAME}"]


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_what_a_schedule_cannot_write_is_told_with_its_service_until_it_can(verb: str) -> None:
    made = a_bookcase(DECEMBER, schedule="0 0 * * *", retain=1)
    if verb == "delete":
        made.look()
        made.now += timedelta(days=1)
    made.refuses = verb
    with pytest.raises(ClusterRefused):
        made.look()
    (refused,) = made.flow.refused(KEY)
    assert (refused.kind, refused.message) == ("ModelSLAReport", "the connection was lost")
    assert made.looks == [KEY], "its status is to tell"
    made.refuses = ""
    made.look()
    assert made.flow.refused(KEY) == ()
    assert made.looks == [KEY, KEY]
    made.look()
    assert len(made.looks) == 2, "no news, no look"


def test_a_refused_report_is_tried_again_after_growing_pauses_until_it_is_there() -> None:
    made = a_bookcase(DECEMBER, schedule=MONTHLY)
    made.refuses = "create"
    tried: list[float] = []

    async def visit(key: ReportKey) -> float | None:
        tried.append(seconds())
        return await made.flow(key)

    async def ten_minutes() -> None:
        queue: KeyedQueue[ReportKey] = KeyedQueue(jitter=lambda: 1.0)
        queue.add(ReportKey(True, KEY))
        runner = asyncio.create_task(queue.run(visit, workers=1))
        await asyncio.sleep(300)
        made.refuses = ""
        await asyncio.sleep(300)
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)

    in_virtual_time(ten_minutes())
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == sorted(pauses)
    assert (pauses[0], max(pauses)) == (1.0, LONGEST_BACKOFF_SECONDS)
    assert made.writes == [f"create {NAME}"]


def test_a_result_that_cannot_be_written_is_told_with_the_service_that_it_is_about() -> None:
    made = an_afternoon()
    made.refuses = "status"
    with pytest.raises(ClusterRefused):
        made.look(report="mine")
    assert len(made.flow.refused(KEY)) == 1
    assert made.flow.refused(Key(KEY.namespace, "other")) == ()
    del made.reports["mine"]
    made.look(report="mine")
    assert made.flow.refused(KEY) == (), "a report that is gone is no trouble"


def test_a_refusal_is_forgotten_with_its_service() -> None:
    made = a_bookcase(DECEMBER, schedule=MONTHLY)
    made.refuses = "create"
    with pytest.raises(ClusterRefused):
        made.look()
    made.service = None
    made.look()
    assert made.flow.refused(KEY) == ()


def test_the_next_look_is_when_the_next_report_is_due() -> None:
    made = a_bookcase(datetime(2026, 11, 30, 23, 0, tzinfo=UTC), schedule=MONTHLY)
    assert made.look() == 3600 + 300
    made.now += timedelta(seconds=3900)
    made.look()
    assert NAME in made.reports


def test_without_a_schedule_nothing_is_asked_for() -> None:
    made = a_bookcase(DECEMBER)
    assert made.look() is None
    assert made.reports == {}


def test_the_oldest_reports_of_the_schedule_are_deleted_and_no_others() -> None:
    made = a_bookcase(DECEMBER, schedule="0 0 * * *", retain=2)
    made.ask("mine", **HOUR)
    for _ in range(4):
        made.look()
        made.now += timedelta(days=1)
    assert sorted(made.reports) == ["calm-20261203-0000", "calm-20261204-0000", "mine"]


def test_reports_stay_when_the_service_is_gone() -> None:
    made = a_bookcase(DECEMBER, schedule=MONTHLY, retain=1)
    made.look()
    made.service = None
    assert made.look() is None
    assert list(made.reports) == [NAME]


def test_a_report_is_made_from_raw_samples_page_by_page_and_never_again() -> None:
    made = an_afternoon()
    assert made.look(report="mine") is None
    assert made.condition("mine")[:2] == ("True", "ReportMade")
    (up,) = made.result("mine").objectives
    assert (up.good, up.total, up.verdict.value) == (719, 719, "Kept")
    query = made.result("mine").queries[0]
    assert query.query == 'paddle_runtime_requests_total{namespace="prod",service="calm"}[3600001ms]'
    assert (query.times, query.first, query.last) == (2, "2026-06-01T13:00:00Z", "2026-06-01T14:00:00Z")
    assert (query.series, query.samples) == (4, 4 * 481)
    (revision,) = made.result("mine").revisions
    assert (revision.revision, revision.model_digest, revision.requests) == ("r1", digest_of("r1"), 719)
    assert (revision.first, revision.last) == ("2026-06-01T12:00:00Z", "2026-06-01T14:00:00Z")
    models = made.result("mine").queries[-1]
    assert models.query.endswith('(paddle_runtime_model_info{namespace="prod",service="calm"})')
    assert (models.times, models.first) == (1, "2026-06-01T12:59:45Z"), "a model is asked for once"
    before = list(made.writes)
    made.metrics = FakeMetrics()
    made.look(report="mine")
    assert made.writes == before


def test_metrics_that_fail_in_the_middle_leave_no_half_report() -> None:
    made = an_afternoon()
    assert made.metrics is not None
    made.metrics.down = "Prometheus does not answer"
    assert made.look(report="mine") == AGAIN_SECONDS
    assert made.condition("mine") == ("False", "MetricsFailed", "Prometheus does not answer")
    assert "objectives" not in made.reports["mine"]["status"]
    made.look(report="mine")
    assert made.writes == ["status mine"], "the same news is not told twice"
    made.metrics.down = ""
    made.look(report="mine")
    assert made.condition("mine")[0] == "True"


def test_a_pod_that_was_scraped_twice_for_a_while_costs_an_hour_and_not_the_report() -> None:
    made = an_afternoon()
    assert made.metrics is not None
    (pod,) = made.metrics.pods
    made.metrics.pods = (pod, replace(pod, job="second", scrapes=scrapes(600, 700)))
    assert made.look(report="mine") is None
    (up,) = made.result("mine").objectives
    assert (up.total, up.unknown_seconds) == (360, 3600)
    assert [one.cause for one in made.result("mine").unknown] == ["Wrong"]


def test_a_crash_before_the_result_is_written_makes_the_same_report_again() -> None:
    whole = an_afternoon()
    whole.look(report="mine")
    made = an_afternoon()
    made.refuses = "status"
    with pytest.raises(ClusterRefused):
        made.look(report="mine")
    made.refuses = ""
    made.look(report="mine")
    assert made.reports == whole.reports


def test_an_operator_without_prometheus_says_so() -> None:
    made = an_afternoon()
    made.metrics = None
    made.look(report="mine")
    assert made.condition("mine")[1] == "MetricsNotConfigured"


def test_a_period_that_is_not_over_is_waited_for() -> None:
    made = an_afternoon()
    made.now = NOON + timedelta(hours=1)
    assert made.look(report="mine") == 3600 + 60
    assert made.condition("mine")[1:] == ("PeriodNotOver", "the period ends at 2026-06-01T14:00:00Z")


def test_a_service_that_is_not_there_yet_is_waited_for() -> None:
    made = an_afternoon()
    made.service = None
    assert made.look(report="mine") == AGAIN_SECONDS
    assert made.condition("mine")[1] == "ServiceMissing"


def test_a_service_that_was_created_later_is_never_reported_on() -> None:
    made = an_afternoon()
    assert made.service is not None
    made.service["metadata"]["creationTimestamp"] = "2026-06-01T14:00:00Z"
    assert made.look(report="mine") is None
    assert made.condition("mine")[1] == "ServiceTooYoung"


def test_a_service_that_was_created_meanwhile_is_observed_from_then_on() -> None:
    made = an_afternoon()
    assert made.service is not None
    made.service["metadata"]["creationTimestamp"] = "2026-06-01T13:00:00Z"
    made.look(report="mine")
    period = made.result("mine").period
    assert period is not None
    assert (period.start, period.observed_from) == ("2026-06-01T12:00:00Z", "2026-06-01T13:00:00Z")
    assert made.result("mine").objectives[0].total == 360


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ({"type": "Between", "start": "2026-06-01T12:00:00Z"}, "must have start and end with type Between"),
        ({**HOUR, "end": "2026-06-01T11:00:00Z"}, "must start before it ends"),
        ({"type": "LastDay", "timeZone": "Mars/Olympus"}, "must be a time zone of the tz database"),
        ({**HOUR, "start": "yesterday"}, "must start before it ends"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused_with_the_reason(period: dict[str, str], said: str) -> None:
    made = an_afternoon()
    made.ask("odd", **period)
    assert made.look(report="odd") is None
    assert made.condition("odd")[1] == "InvalidSpec"
    assert said in made.condition("odd")[2]


def test_the_window_of_the_promise_ends_when_the_report_was_asked_for() -> None:
    made = an_afternoon()
    made.now = NOON + timedelta(hours=2, seconds=30)
    made.ask("window")
    made.look(report="window")
    period = made.result("window").period
    assert period is not None
    assert (period.start, period.end) == ("2026-05-02T13:59:00Z", "2026-06-01T13:59:00Z")


@pytest.mark.parametrize(
    ("asked", "start"),
    [
        ("2026-06-01T00:02:10+08:00", "2026-05-31T16:00:00Z"),
        ("2026-06-01T00:01:10+08:00", "2026-04-30T16:00:00Z"),
    ],
)
def test_a_window_by_the_calendar_is_its_month_up_to_now_and_never_empty(asked: str, start: str) -> None:
    made = an_afternoon()
    assert made.service is not None
    made.service["spec"]["sla"]["window"] = {"type": "Calendar", "timeZone": "Asia/Shanghai"}
    made.now = datetime.fromisoformat(asked).astimezone(UTC)
    made.ask("month")
    made.look(report="month")
    period = made.result("month").period
    assert period is not None
    assert period.start == start


def test_the_last_month_is_that_before_the_report_was_asked_for() -> None:
    made = an_afternoon()
    made.ask("may", type="LastMonth", timeZone="Asia/Shanghai")
    made.look(report="may")
    period = made.result("may").period
    assert period is not None
    assert (period.start, period.end) == ("2026-04-30T16:00:00Z", "2026-05-31T16:00:00Z")
