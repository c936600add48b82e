"""What the operator's metrics say of looks, of what was done in them, and of the services."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from paddle_operator import names
from paddle_operator.cluster import kinds
from paddle_operator.cluster.ports import Key
from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason
from paddle_operator.reconcile import Reconciler
from paddle_operator.sla.answer import Answer, Failed, NoData, Value
from paddle_operator.sla.intervals import Interval
from paddle_operator.sla.series import Series
from paddle_operator.status.conditions import TYPES
from paddle_operator.telemetry.edges import Look, MeasuredCluster, MeasuredMetrics, MeasuredReports, measured
from paddle_operator.telemetry.series import Telemetry, known_requests
from tests.operator.fake_cluster import KEY, FakeCluster, forbidden, resource
from tests.operator.reconcile.story import REST, Story
from tests.operator.report_flow.bookcase import a_bookcase
from tests.operator.virtual_time import in_virtual_time

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Watched(Story):
    """A story whose looks are measured."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = CollectorRegistry()
        self.telemetry = Telemetry(self.registry, "1.2.3")

    def look(self, times: int = 1) -> float | None:
        cluster = MeasuredCluster(self.cluster, self.telemetry)
        flow = measured(Reconciler(cluster, self.cluster, lambda: self.now, lambda: REST), self.telemetry)
        pause: float | None = None
        for _ in range(times):
            pause = asyncio.run(flow(KEY))
        return pause

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def looks(self, outcome: str) -> float | None:
        return self.value(f"{names.METRIC_OPERATOR_RECONCILE}_count", outcome=outcome)

    def said(self, type_: str) -> float | None:
        place = {"service_namespace": KEY.namespace, "service_name": KEY.name}
        return self.value(names.METRIC_OPERATOR_CONDITION, **place, type=type_)


def series(registry: CollectorRegistry, family: str) -> dict[frozenset[tuple[str, str]], float]:
    return {
        frozenset(sample.labels.items()): sample.value
        for found in registry.collect()
        for sample in found.samples
        if sample.name == family
    }


def test_every_known_set_of_labels_is_there_from_the_start_at_0() -> None:
    story = Watched()
    for outcome in ("done", "gone", "refused", "failed"):
        assert story.looks(outcome) == 0
    for kind in kinds.OWNED:
        for action in ("create", "patch", "delete"):
            assert story.value(names.METRIC_OPERATOR_ACTIONS, action=action, kind=kind.kind) == 0
        assert story.value(names.METRIC_OPERATOR_REFUSED_WRITES, kind=kind.kind, reason="Forbidden") == 0
    for verb, kind in known_requests():
        assert story.value(names.METRIC_OPERATOR_API_REQUESTS, verb=verb, kind=kind, result="refused") == 0


def test_what_is_written_of_reports_is_counted_and_what_is_refused() -> None:
    registry = CollectorRegistry()
    made = a_bookcase(datetime(2026, 12, 1, 0, 10, tzinfo=UTC), schedule="0 0 * * *", retain=1)
    ports = MeasuredReports(made, Telemetry(registry, "1"))
    made.flow = replace(made.flow, shelves=ports, orders=ports)

    def actions(action: str) -> float | None:
        labels = {"action": action, "kind": names.REPORT_KIND}
        return registry.get_sample_value(names.METRIC_OPERATOR_ACTIONS, labels)

    assert [actions(one) for one in ("create", "status", "delete")] == [0, 0, 0]
    made.look()
    made.look(report="calm-20261201-0000")
    made.look(report="calm-20261201-0000")
    made.now += timedelta(days=1)
    made.look()
    assert [actions(one) for one in ("create", "status", "delete")] == [2, 1, 1]
    made.now += timedelta(days=1)
    made.refuses = "create"
    with pytest.raises(ClusterRefused):
        made.look()
    refused = {"kind": names.REPORT_KIND, "reason": "APIUnavailable"}
    assert registry.get_sample_value(names.METRIC_OPERATOR_REFUSED_WRITES, refused) == 1
    assert actions("create") == 2


def test_what_a_look_does_is_counted_and_so_is_the_look() -> None:
    story = Watched()
    story.look()
    assert story.value(names.METRIC_OPERATOR_ACTIONS, action="create", kind="Job") == 1
    assert story.value(names.METRIC_OPERATOR_ACTIONS, action="status", kind=names.KIND) == 1
    assert story.looks("done") == 1


def test_at_rest_looks_are_counted_and_nothing_else() -> None:
    story = Watched()
    story.serving()
    before = series(story.registry, names.METRIC_OPERATOR_ACTIONS)
    story.look(3)
    assert series(story.registry, names.METRIC_OPERATOR_ACTIONS) == before
    assert (story.looks("done") or 0) >= 3


def test_a_refused_write_is_told_by_its_reason_and_is_no_action() -> None:
    story = Watched()
    story.cluster.refuses["NetworkPolicy"] = forbidden("NetworkPolicy")
    with pytest.raises(ClusterRefused):
        story.look()
    assert story.value(names.METRIC_OPERATOR_REFUSED_WRITES, kind="NetworkPolicy", reason="Forbidden") == 1
    assert story.value(names.METRIC_OPERATOR_ACTIONS, action="create", kind="NetworkPolicy") == 0
    assert (story.looks("refused"), story.looks("failed"), story.looks("done")) == (1, 0, 0)


def test_conditions_are_1_0_and_minus_1() -> None:
    story = Watched()
    story.serving()
    told = {type_: story.said(type_) for type_ in TYPES}
    truths = {"True": 1.0, "False": 0.0, "Unknown": -1.0}
    assert told == {type_: truths[story.condition(type_)[0]] for type_ in TYPES}
    assert set(told.values()) == {1.0, 0.0, -1.0}


def test_a_status_that_was_there_before_is_told_without_a_write() -> None:
    story = Watched()
    story.serving()
    successor = Watched()
    successor.cluster = story.cluster
    successor.look()
    assert successor.said("Ready") == 1
    assert successor.value(names.METRIC_OPERATOR_ACTIONS, action="status", kind=names.KIND) == 0


def test_a_condition_of_another_release_is_left_out() -> None:
    telemetry = Telemetry(CollectorRegistry(), "1")
    telemetry.conditions("prod", "calm", {"conditions": [{"type": "Levitating", "status": "True"}]})
    assert b"Levitating" not in telemetry.render()


def test_a_service_that_goes_takes_its_series_along_and_no_other() -> None:
    story = Watched()
    story.look()
    story.telemetry.conditions("prod", "other", {"conditions": [{"type": "Ready", "status": "True"}]})
    story.cluster.body = None
    assert story.look() is None
    assert story.said("Ready") is None
    assert len(series(story.registry, names.METRIC_OPERATOR_CONDITION)) == 1
    assert story.looks("gone") == 1


def test_a_replica_that_leads_no_more_tells_of_no_service() -> None:
    story = Watched()
    story.look()
    story.telemetry.stopped_leading()
    assert series(story.registry, names.METRIC_OPERATOR_CONDITION) == {}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ClusterRefused("Pod", "a", Reason.API_UNAVAILABLE, "no answer"), "refused"),
        (ValueError("a bug"), "failed"),
    ],
)
def test_a_look_that_fails_is_told_by_whose_fault_it_was(error: Exception, outcome: str) -> None:
    story = Watched()

    async def look(key: Key) -> float | None:
        raise error

    with pytest.raises(type(error)):
        asyncio.run(measured(look, story.telemetry)(KEY))  # type: ignore[arg-type]
    assert {one: story.looks(one) for one in ("done", "gone", "refused", "failed")} == {
        **dict.fromkeys(("done", "gone", "refused", "failed"), 0),
        outcome: 1,
    }


def test_a_look_that_is_cut_off_is_not_counted_and_one_that_ends_is_timed() -> None:
    story = Watched()

    async def look(key: Key) -> float | None:
        await asyncio.sleep(7)
        return 1.0

    async def main(timed: Look) -> None:
        cut = asyncio.ensure_future(timed(KEY))
        await asyncio.sleep(1)
        cut.cancel()
        await asyncio.gather(cut, return_exceptions=True)
        await timed(KEY)

    in_virtual_time(main(measured(look, story.telemetry)))
    assert story.looks("done") == 1
    assert story.value(f"{names.METRIC_OPERATOR_RECONCILE}_sum", outcome="done") == 7
    assert sum(story.looks(one) or 0 for one in ("gone", "refused", "failed")) == 0


QUESTIONS_AND_ANSWERS = [
    (Value(()), "value"),
    (NoData("nothing is scraped"), "no_data"),
    (Failed("HTTP 503"), "failed"),
]


class Oracle:
    """A Prometheus that thinks for a second and always answers the same."""

    def __init__(self, answer: Answer[tuple[Series, ...]]) -> None:
        self._answer = answer

    async def series(self, selector: str, observed: Interval) -> Answer[tuple[Series, ...]]:
        await asyncio.sleep(1)
        return self._answer

    async def instant(self, query: str, at: datetime) -> Answer[tuple[Series, ...]]:
        await asyncio.sleep(1)
        return self._answer


@pytest.mark.parametrize(("answer", "word"), QUESTIONS_AND_ANSWERS)
def test_questions_to_prometheus_are_counted_by_their_answers_and_timed(
    answer: Answer[tuple[Series, ...]], word: str
) -> None:
    story = Watched()
    metrics = MeasuredMetrics(Oracle(answer), story.telemetry)

    async def main() -> None:
        assert await metrics.series("up", Interval(NOON, NOON + timedelta(minutes=1))) is answer
        assert await metrics.instant("up", NOON) is answer

    in_virtual_time(main())
    for question in ("series", "instant"):
        counted = {
            one: story.value(names.METRIC_OPERATOR_QUESTIONS, question=question, answer=one)
            for one in ("value", "no_data", "failed")
        }
        assert counted == {**dict.fromkeys(counted, 0), word: 1}
        assert story.value(f"{names.METRIC_OPERATOR_QUESTION_DURATION}_sum", question=question) == 1


def test_the_cluster_behind_is_asked_as_before() -> None:
    plain, story = Story(FakeCluster(resource())), Watched()
    plain.look(2)
    story.look(2)
    assert story.cluster.writes == plain.cluster.writes
