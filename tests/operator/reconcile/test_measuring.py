"""The flow with a Prometheus: figures come, stay through restarts, cost nothing at rest, delay nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paddle_operator import names
from paddle_operator.measure import AGAIN_SECONDS
from paddle_operator.profiling import Profiling
from paddle_operator.sla.answer import Failed
from paddle_operator.sla.counting import Scraping
from tests.operator.fake_metrics import EVERY, FakeMetrics
from tests.operator.reconcile.measured_story import FAST, INTERVAL, UP, MeasuredStory, counted
from tests.operator.reconcile.story import Story


@pytest.fixture
def story() -> MeasuredStory:
    return MeasuredStory()


def test_without_a_prometheus_the_conditions_say_what_to_set() -> None:
    story = Story()
    story.look()
    for condition in ("SLAMet", "MetricsAvailable"):
        status, reason, message = story.condition(condition)
        assert (status, reason) == ("Unknown", "MetricsNotConfigured")
        assert "PADDLE_OPERATOR_PROMETHEUS_URL" in message
    assert "budgetRemainingPercent" not in story.status["sla"]


def test_requests_become_figures_of_each_objective(story: MeasuredStory) -> None:
    story.with_a_pod()
    assert story.minutes(20, good=100, fast=93) == INTERVAL
    assert story.condition("MetricsAvailable")[:2] == ("True", "MetricsRead")
    assert story.condition("SLAMet")[:2] == ("True", "PromiseKept")
    assert story.objectives["up"] == {
        "name": "up",
        "promise": "99 % of requests answered",
        "source": "Runtime",
        "attainedPercent": "100.00",
        "budgetRemainingPercent": "100.0",
        "burnRate1h": "0.0",
        "unknownMinutes": 0,
    }
    assert story.objectives["fast"]["attainedPercent"] == "93.00"
    assert story.objectives["fast"]["budgetRemainingPercent"] == "30.0"
    assert story.objectives["fast"]["burnRate1h"] == "0.7"
    assert story.status["sla"]["budgetRemainingPercent"] == "30.0"


def test_a_broken_promise_is_told_with_objective_figure_and_window(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(20, good=97, bad=2, refused=1, invalid=50, fast=97)
    status, reason, message = story.condition("SLAMet")
    assert (status, reason) == ("False", "BudgetSpent")
    assert message.startswith("up is broken: up 97.00 % of 99 % promised; fast 97.00 % of 90 % promised")
    assert "over the last 30 days, counted since 2026-11-22T12:0" in message
    assert story.objectives["up"]["budgetRemainingPercent"] == "-200.0"
    assert ("SLAMet", "BudgetSpent", True) in [
        (one.condition, one.reason, one.warning) for one in story.cluster.posted
    ]


def test_without_requests_nothing_is_judged_and_nothing_written(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(9)
    assert story.condition("MetricsAvailable")[0] == "True"
    assert story.condition("SLAMet")[:2] == ("Unknown", "TooLittleTraffic")
    story.cluster.writes.clear()
    story.cluster.statuses.clear()
    story.minutes(120)
    assert (story.cluster.writes, story.cluster.statuses, story.record) == ([], [], None)


def test_figures_are_asked_for_at_most_once_an_interval(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(2, good=1)
    asked = len(story.metrics.asked)
    story.look(30)
    assert len(story.metrics.asked) == asked
    story.look(40)
    assert len(story.metrics.asked) > asked


def test_a_status_is_written_at_most_once_an_interval_under_traffic(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(10, good=7, bad=1)
    story.cluster.statuses.clear()
    for _ in range(20):
        story.minutes(1, good=9, bad=1)
        story.look(5)
    assert len(story.cluster.statuses) <= 21


def test_a_prometheus_that_does_not_answer_is_told_and_the_figures_stay_for_a_while(
    story: MeasuredStory,
) -> None:
    story.with_a_pod()
    story.minutes(20, good=1, fast=1)
    told = story.status["sla"]
    story.metrics.failure = Failed("http://prometheus:9090 cannot be reached")
    story.minutes(5)
    assert story.condition("MetricsAvailable") == (
        "False", "MetricsFailed", "http://prometheus:9090 cannot be reached",
    )  # fmt: skip
    assert story.condition("SLAMet")[0] == "True"
    story.minutes(40)
    status, reason, message = story.condition("SLAMet")
    assert (status, reason) == ("Unknown", "MetricsFailed")
    assert "Counted until 2026-11-22T12:" in message
    story.metrics.failure = None
    story.minutes(3, good=1, fast=1)
    while story.condition("SLAMet")[1] == "Counting":
        story.look()
    assert story.condition("SLAMet")[0] == "True"
    assert story.status["sla"]["objectives"][0]["attainedPercent"] == told["objectives"][0]["attainedPercent"]


def test_one_question_without_an_answer_is_no_news_and_two_are(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(20, good=1, fast=1)
    told = [story.condition(one) for one in ("MetricsAvailable", "SLAMet")]
    story.metrics.failure = Failed("no answer")
    story.minutes(1, good=1, fast=1)
    assert [story.condition(one) for one in ("MetricsAvailable", "SLAMet")] == told
    story.metrics.failure = None
    story.minutes(1, good=1, fast=1)
    story.metrics.failure = Failed("no answer")
    story.minutes(1, good=1, fast=1)
    assert story.condition("MetricsAvailable")[0] == "True", "the two failures were not in a row"
    story.minutes(1, good=1, fast=1)
    assert story.condition("MetricsAvailable") == ("False", "MetricsFailed", "no answer")


def test_a_new_process_keeps_verdict_and_figures_until_it_has_counted_what_it_missed() -> None:
    story = MeasuredStory(limit_seconds=0.4)
    story.with_a_pod()
    story.minutes(30, good=10, fast=10)
    story.now += timedelta(hours=12)  # without a request, so nothing is written
    story.metrics.serve("a", story.now)
    story.look()
    while story.look() == AGAIN_SECONDS:
        pass
    told = [story.condition(one) for one in ("MetricsAvailable", "SLAMet")]
    assert told[1][:2] == ("True", "PromiseKept")
    story.restart()
    story.metrics.delay_seconds = 0.03
    story.cluster.statuses.clear()
    story.cluster.posted.clear()
    looks = 1
    while story.look() == AGAIN_SECONDS:
        assert [story.condition(one)[:2] for one in ("MetricsAvailable", "SLAMet")] == [
            one[:2] for one in told
        ]
        looks += 1
    assert looks > 2
    assert story.cluster.posted == []
    assert len(story.cluster.statuses) <= 1


def test_figures_that_change_no_verdict_are_written_every_five_minutes(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(10, good=200, bad=1, fast=199)
    story.cluster.statuses.clear()
    for minute in range(60):
        story.minutes(1, good=200, bad=int(minute % 3 == 0), fast=199)
    assert 1 <= len(story.cluster.statuses) <= 60 / 5


def test_a_verdict_is_written_at_once(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(12, good=10, fast=10)
    looks = 0
    while story.condition("SLAMet")[0] == "True":
        looks += 1
        story.minutes(1, bad=10)
    assert looks <= 2
    assert story.objectives["up"]["budgetRemainingPercent"].startswith("-")


def test_catching_up_writes_the_record_once_a_minute_and_no_figures() -> None:
    story = MeasuredStory(limit_seconds=0.3)
    story.with_a_pod()
    story.metrics.delay_seconds = 0.06
    for _ in range(6):
        story.now += timedelta(hours=1)
        story.metrics.serve("a", story.now, good=9, bad=1, fast=8)
    story.cluster.statuses.clear()
    looks = 1
    while story.look() == AGAIN_SECONDS:
        assert "attainedPercent" not in story.objectives["up"]
        looks += 1
    assert looks >= 5
    records = [one for one in story.cluster.writes if one.endswith(f" {names.sla_record_name('calm')}")]
    assert 1 <= len(records) <= 2, "the first, and what is counted when nothing is left"
    assert len(story.cluster.statuses) <= 3
    assert counted(story.record) > 0


def test_figures_of_the_last_minutes_outlive_a_question_that_nobody_answers(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(4, good=10, fast=10)
    told = story.status["sla"]
    assert story.record is None
    story.metrics.failure = Failed("no answer")
    story.minutes(3)
    assert story.condition("MetricsAvailable")[0] == "False"
    assert story.status["sla"] == told


def test_pods_that_nobody_scrapes_any_more_are_stale_and_then_missing(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(20, good=1, fast=1)
    pod = story.metrics.pods.pop("a")
    gone = FakeMetrics({"a": pod}, asked=story.metrics.asked)
    story.metrics.series = gone.series  # type: ignore[method-assign]
    story.minutes(7)
    assert story.condition("MetricsAvailable")[:2] == ("False", "MetricsStale")
    story.minutes(20)
    status, reason, message = story.condition("MetricsAvailable")
    assert (status, reason) == ("False", "MetricsMissing")
    assert "namespace, service, revision and pod" in message
    assert story.objectives["up"]["unknownMinutes"] > 0
    assert story.condition("SLAMet")[0] == "True", "unknown time is neither good nor bad"
    story.minutes(60)
    status, reason, message = story.condition("SLAMet")
    assert (status, reason) == ("Unknown", "UnknownTime"), "more of it than was seen says nothing"
    assert "minutes are unknown" in message


def test_a_service_that_is_not_ready_yet_need_not_have_metrics(story: MeasuredStory) -> None:
    story.look()
    assert story.condition("MetricsAvailable")[:2] == ("Unknown", "MetricsMissing")
    assert [one.condition for one in story.cluster.posted if one.condition == "MetricsAvailable"] == []


def test_a_slow_prometheus_delays_no_write_and_no_look_for_long() -> None:
    story = MeasuredStory(limit_seconds=0.2)
    story.metrics.delay_seconds = 30.0
    story.serving()
    assert story.condition("Ready")[0] == "True"
    assert story.condition("MetricsAvailable")[:2] == ("False", "MetricsFailed")
    assert "longer than 0.2 s" in story.condition("MetricsAvailable")[2]


def test_where_measuring_waited_in_vain_nothing_else_is_asked_in_that_look(story: MeasuredStory) -> None:
    story.profiling = Profiling(story.metrics, story.cluster, Scraping(EVERY), interval_seconds=INTERVAL)
    story.with_a_pod()
    story.minutes(2, good=1)
    assert any("busy_seconds" in question for question, _ in story.metrics.asked)
    story.metrics.failure = Failed("no answer")
    story.metrics.asked.clear()
    story.minutes(1)
    first_of_each_source = {names.METRIC_REQUESTS, names.METRIC_OPERATOR_GOLDEN}
    assert {question.partition("{")[0] for question, _ in story.metrics.asked} == first_of_each_source
    assert len(story.metrics.asked) == len(first_of_each_source)


def test_much_to_count_is_counted_over_several_looks_that_follow_soon() -> None:
    story = MeasuredStory(limit_seconds=5.0)
    story.with_a_pod()
    story.metrics.delay_seconds = 0.25  # an hour takes three questions, and half of five seconds is enough
    story.now += timedelta(hours=6)
    story.metrics.serve("a", story.now, good=2, bad=1, fast=2)
    looks = 0
    while (pause := story.look()) == AGAIN_SECONDS and looks < 100:
        assert story.condition("SLAMet")[:2] == ("Unknown", "Counting")
        looks += 1
    assert looks >= 1
    assert pause == INTERVAL
    assert story.condition("SLAMet")[0] == "False"


def test_a_step_that_took_too_long_is_followed_by_a_shorter_one() -> None:
    story = MeasuredStory(limit_seconds=0.3)
    story.with_a_pod()
    story.minutes(10, good=1, fast=1)
    story.now += timedelta(hours=2)
    story.metrics.serve("a", story.now, good=1, fast=1)
    story.metrics.delay_seconds = 30.0
    lengths = []
    for _ in range(3):
        story.metrics.asked.clear()
        story.minutes(1)
        lengths.append(story.metrics.asked[0][1].length)
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > lengths[2]
    story.metrics.delay_seconds = 0.0
    story.measuring._limit_seconds = 20.0
    story.minutes(1, good=1, fast=1)
    while story.condition("SLAMet")[1] == "Counting":
        story.look()
    assert story.condition("SLAMet")[0] == "True"


def test_a_service_that_is_gone_is_forgotten_and_a_successor_starts_anew(story: MeasuredStory) -> None:
    story.with_a_pod()
    story.minutes(20, bad=1)
    body, story.cluster.body = story.cluster.body, None
    assert story.look() is None
    assert body is not None
    story.cluster.body = {**body, "metadata": {**body["metadata"], "uid": "uid-other"}, "status": {}}
    story.cluster.objects.clear()
    story.metrics.pods.clear()
    story.look()
    assert story.condition("SLAMet")[0] == "Unknown"


def test_what_happens_in_an_exclusion_is_not_counted(story: MeasuredStory) -> None:
    # it is 12:00 on a Sunday
    closed = {"name": "noon", "schedule": "0 12 * * 0", "durationMinutes": 120}
    story.cluster.edit(sla={"objectives": [UP, FAST], "exclusions": [closed]})
    story.with_a_pod()
    story.minutes(20, bad=100)
    assert story.condition("SLAMet")[0] != "False"
    assert counted(story.record) == 0


def test_a_month_is_told_as_one(story: MeasuredStory) -> None:
    story.cluster.edit(
        sla={"objectives": [UP, FAST], "window": {"type": "Calendar", "timeZone": "Asia/Tokyo"}}
    )
    story.with_a_pod()
    story.minutes(20, good=97, bad=3, fast=97)
    status, reason, message = story.condition("SLAMet")
    assert (status, reason) == ("False", "BudgetSpent")
    assert "over this month (Asia/Tokyo)" in message
