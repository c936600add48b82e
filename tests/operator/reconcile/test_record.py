"""The record of what was counted: through restarts, other leaders, refusals, edits and its own loss."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paddle_operator import names
from paddle_operator.errors import ClusterRefused
from paddle_operator.plan.record import kept_promises, key_of, stored_record
from paddle_operator.reasons import Reason
from paddle_operator.sla.promises import History
from paddle_operator.sla.record import record_from
from paddle_operator.spec.report import CountedAt
from tests.operator.reconcile.measured_story import FAST, UP, MeasuredStory, counted

RECORD_KEY = key_of(CountedAt.RUNTIME)


@pytest.fixture
def story() -> MeasuredStory:
    return MeasuredStory()


def test_after_the_last_request_the_record_is_written_once_more_and_then_once_a_day(
    story: MeasuredStory,
) -> None:
    story.with_a_pod()
    story.minutes(30, good=1, fast=1)
    story.minutes(90)
    story.cluster.writes.clear()
    story.minutes(60)
    assert story.cluster.writes == []
    for _ in range(25):
        story.now += timedelta(minutes=59)
        story.minutes(1)
    assert len(story.cluster.writes) == 1


def test_an_operator_that_restarts_goes_on_from_the_record(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(30, good=10, fast=10)
    before = story.status["sla"]
    story.restart()
    story.metrics.asked.clear()
    story.minutes(1, good=10, fast=10)
    assert story.status["sla"] == before
    first = min(
        observed.start for question, observed in story.metrics.asked if names.METRIC_REQUESTS in question
    )
    assert story.now - first < timedelta(minutes=20), "what is counted is not read again"
    story.minutes(60, good=10, fast=10)
    assert counted(story.record) == counted(story.record, "latency-200")


def test_what_is_counted_is_the_same_however_often_the_operator_restarts(story: MeasuredStory) -> None:
    steady = MeasuredStory()
    for one in (story, steady):
        one.with_a_pod()
        for _ in range(12):
            one.minutes(7, good=5, bad=1, fast=4)
            if one is story:
                one.restart()
        one.minutes(30)
    assert counted(story.record) == counted(steady.record) > 0
    assert story.status["sla"] == steady.status["sla"]


def test_a_lost_record_is_made_again_from_what_prometheus_has(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(150, good=3, bad=1, fast=2)
    told, had = story.status["sla"], counted(story.record)
    story.cluster.objects = {k: v for k, v in story.cluster.objects.items() if not k.name.endswith("-record")}
    story.restart()
    story.minutes(1, good=3, bad=1, fast=2)
    while story.condition("SLAMet")[1] == "Counting":
        story.look()
    assert story.status["sla"] == told
    assert counted(story.record) >= had


@pytest.mark.parametrize("text", ["", "{", '{"version": 7}'])
def test_a_spoilt_record_is_made_again(story: MeasuredStory, text: str) -> None:
    story.with_a_pod()
    story.minutes(30, good=3, fast=3)
    for item in story.cluster.of("ConfigMap"):
        if names.LABEL_MEMORY in item["metadata"]["labels"]:
            item["data"][RECORD_KEY] = text
    story.minutes(10, good=3, fast=3)
    assert story.condition("SLAMet")[0] == "True"
    assert counted(story.record) > 0


def test_a_record_that_another_leader_wrote_wins_over_what_this_process_knows(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(30, good=10, fast=10)
    for item in story.cluster.of("ConfigMap"):
        if names.LABEL_MEMORY in item["metadata"]["labels"]:
            read = json.loads(item["data"][RECORD_KEY])
            read["accounts"]["requests"]["cells"][0] = "300 0:5/95"
            read["accounts"]["requests"]["since"] = f"{record_start(read):%Y-%m-%dT%H:%M:%SZ}"
            item["data"][RECORD_KEY] = json.dumps(read)
    story.minutes(1, good=10, fast=10)
    assert story.condition("SLAMet")[1] == "BudgetSpent"


def record_start(read: dict[str, Any]) -> Any:
    """When the cells begin, if the first one has five minutes."""
    record = record_from(json.dumps(read | {"accounts": {}}))
    lengths = [int(cell.split()[0].split("u")[0]) for cell in read["accounts"]["requests"]["cells"]]
    return record.until - timedelta(seconds=sum(lengths))


def test_a_record_is_written_only_over_the_one_that_was_read(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(20, good=1, fast=1)
    (item,) = [
        one for one in story.cluster.of("ConfigMap") if names.LABEL_MEMORY in one["metadata"]["labels"]
    ]
    item["metadata"]["resourceVersion"] = "77"
    story.minutes(10, good=1, fast=1)
    (item,) = [
        one for one in story.cluster.of("ConfigMap") if names.LABEL_MEMORY in one["metadata"]["labels"]
    ]
    assert item["metadata"]["resourceVersion"] == "77", "the version that was seen goes with what is written"


def test_a_record_that_cannot_be_written_holds_up_nothing(story: MeasuredStory) -> None:
    story.with_a_pod()
    apply = story.cluster.apply

    async def refuse(key: Any, wanted: Any, *, is_new: bool) -> None:
        if names.LABEL_MEMORY in wanted["metadata"]["labels"]:
            raise ClusterRefused("ConfigMap", "calm-sla-record", Reason.QUOTA_EXCEEDED, "exceeded quota")
        await apply(key, wanted, is_new=is_new)

    story.cluster.apply = refuse  # type: ignore[method-assign]
    story.minutes(20, good=1, fast=1)
    assert story.condition("SLAMet")[0] == story.condition("Ready")[0] == "True"
    status, reason, message = story.condition("Stalled")
    assert (status, reason) == ("True", "QuotaExceeded")
    assert "could not be written: exceeded quota" in message
    story.cluster.apply = apply  # type: ignore[method-assign]
    story.minutes(6, good=1, fast=1)
    assert story.condition("Stalled")[0] == "False"
    assert counted(story.record) > 60


NOON = {"name": "noon", "schedule": "0 12 * * *", "durationMinutes": 120}


def test_a_change_of_the_promise_is_kept_with_its_moment_once(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(5)
    began = kept(story)[0].since
    story.cluster.writes.clear()
    story.cluster.edit(sla={"objectives": [UP], "exclusions": [NOON]})
    story.minutes(30)
    first, second = kept(story)
    assert (first.since, first.exclusions) == (began, ())
    assert timedelta(0) < second.since - began < timedelta(minutes=7)
    assert [one.name for one in second.exclusions] == ["noon"]
    assert len([one for one in story.cluster.writes if "sla-record" in str(one)]) == 1


def test_a_change_that_could_not_be_kept_is_kept_later(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(5)
    apply = story.cluster.apply

    async def refuse(key: Any, wanted: Any, *, is_new: bool) -> None:
        if names.LABEL_MEMORY in wanted["metadata"]["labels"]:
            raise ClusterRefused("ConfigMap", "calm", Reason.QUOTA_EXCEEDED, "exceeded quota")
        await apply(key, wanted, is_new=is_new)

    story.cluster.apply = refuse  # type: ignore[method-assign]
    story.cluster.edit(sla={"objectives": [UP], "exclusions": [NOON]})
    story.minutes(3)
    assert len(kept(story)) == 1
    story.cluster.apply = apply  # type: ignore[method-assign]
    story.minutes(3)
    assert len(kept(story)) == 2


def test_an_exclusion_takes_nothing_out_of_what_is_counted_again(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(30, bad=10)
    story.cluster.edit(sla={"objectives": [UP, FAST], "exclusions": [NOON]})
    story.minutes(1)
    for item in story.cluster.of("ConfigMap"):
        if names.LABEL_MEMORY in item["metadata"]["labels"]:
            item["data"].pop(RECORD_KEY)
    story.restart()
    story.minutes(20)
    assert story.condition("SLAMet")[0] == "False"
    assert counted(story.record) > 250


def kept(story: MeasuredStory) -> History:
    return kept_promises(stored_record(story.cluster.objects.values()))


def test_a_record_that_somebody_else_wrote_meanwhile_is_no_refusal_to_tell(story: MeasuredStory) -> None:
    story.with_a_pod()
    apply = story.cluster.apply

    async def refuse(key: Any, wanted: Any, *, is_new: bool) -> None:
        if names.LABEL_MEMORY in wanted["metadata"]["labels"]:
            raise ClusterRefused(
                "ConfigMap", "calm-sla-record", Reason.API_UNAVAILABLE, "object was modified"
            )
        await apply(key, wanted, is_new=is_new)

    story.cluster.apply = refuse  # type: ignore[method-assign]
    story.minutes(20, good=1, fast=1)
    assert story.condition("Stalled")[0] == story.condition("Reconciling")[0] == "False"


def test_the_plan_never_takes_the_record_away_and_the_resource_does(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(20, good=1, fast=1)
    story.cluster.edit(runtime={"queue": {"maxRequests": 7}})
    story.minutes(5, good=1, fast=1)
    assert story.record is not None
    (item,) = [
        one for one in story.cluster.of("ConfigMap") if names.LABEL_MEMORY in one["metadata"]["labels"]
    ]
    assert item["metadata"]["ownerReferences"][0]["uid"] == "uid-cr"


def test_a_target_may_be_edited_and_what_was_counted_stays(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(20, good=98, bad=2, fast=98)
    assert story.condition("SLAMet")[0] == "False"
    had = counted(story.record)
    story.cluster.edit(sla={"objectives": [{"name": "up", "availability": {"targetPercent": "90"}}]})
    story.look()
    assert story.condition("SLAMet")[0] == "True"
    assert story.objectives["up"]["budgetRemainingPercent"] == "80.0"
    story.minutes(6)
    assert counted(story.record) > had


def test_a_new_month_begins_with_a_whole_budget_on_the_clocks_of_its_zone() -> None:
    story = MeasuredStory(now=datetime(2026, 11, 30, 16, 30, tzinfo=UTC))
    window = {"type": "Calendar", "timeZone": "Asia/Kolkata"}  # December begins at 18:30 UTC
    story.cluster.edit(sla={"objectives": [UP], "window": window})
    story.with_a_pod()
    story.minutes(60, bad=1)
    assert story.condition("SLAMet")[:2] == ("False", "BudgetSpent")
    story.minutes(30, good=5)
    assert story.objectives["up"]["attainedPercent"] < "80"
    story.minutes(60, good=5)
    assert story.condition("SLAMet")[:2] == ("True", "PromiseKept")
    assert story.objectives["up"]["attainedPercent"] == "100.00"
    assert story.record is not None
    assert story.record.accounts["requests"][0].interval.start == datetime(2026, 11, 30, 18, 30, tzinfo=UTC)
