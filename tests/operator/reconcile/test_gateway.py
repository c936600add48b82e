"""Availability at the gateway: chosen by what is promised and there, counted on while every pod is silent."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from paddle_operator.plan.record import key_of, stored_record
from paddle_operator.sla.record import record_from
from paddle_operator.spec.report import CountedAt
from tests.operator.fake_metrics import ScrapedGateway
from tests.operator.reconcile.measured_story import FAST, UP, MeasuredStory

ROUTED = {"type": "GatewayAPI", "parentRefs": [{"name": "gw"}]}


@pytest.fixture
def story() -> MeasuredStory:
    """A service with a pod behind a gateway."""
    made = MeasuredStory()
    made.with_a_pod()
    made.cluster.edit(routing=ROUTED)
    made.metrics.gateway = ScrapedGateway(made.now)
    return made


def minutes(story: MeasuredStory, count: int, *, pods: bool = True, **classes: int) -> None:
    """Let time pass with these answers of the gateway between two scrapes; good ones reach the pods."""
    for _ in range(count):
        story.now += timedelta(seconds=59)
        good = classes.get("_2", 0)
        if pods:
            story.metrics.serve("a", story.now, good=good, fast=good)
        if story.metrics.gateway is not None:
            story.metrics.answer(story.now, **classes)
        story.look()


def gateway_requests(story: MeasuredStory) -> int:
    stored = stored_record(story.cluster.objects.values())
    text = stored.texts.get(key_of(CountedAt.GATEWAY), "") if stored else ""
    return sum(cell.requests for cell in record_from(text).accounts["requests"]) if text else 0


def attained(story: MeasuredStory, baseline: int = 10) -> str:
    """What the last scrape tells, without what was there at the first one."""
    assert story.metrics.gateway is not None
    _, answers = story.metrics.gateway.scrapes[-1]
    good = answers["2"] - baseline
    return f"{math.floor(10_000 * good / (good + answers['5'])) / 100:.2f}"


def rules(story: MeasuredStory) -> str:
    return next(
        str(item["data"])
        for item in story.cluster.of("ConfigMap")
        if item["metadata"]["name"] == "calm-rules"
    )


def test_availability_is_counted_at_the_gateway_and_the_rest_in_the_pods(story: MeasuredStory) -> None:
    minutes(story, 20, _2=98, _4=7, _5=2)
    assert story.objectives["up"]["source"] == "Gateway"
    assert story.objectives["up"]["attainedPercent"] == "98.00"
    assert story.objectives["fast"]["source"] == "Runtime"
    assert story.objectives["fast"]["attainedPercent"] == "100.00"
    assert gateway_requests(story) > 0


def test_the_first_outage_of_all_counts_from_its_first_failure(story: MeasuredStory) -> None:
    minutes(story, 10, _2=10)
    minutes(story, 1, _2=10, _5=10)
    minutes(story, 30)
    assert story.objectives["up"]["attainedPercent"] == attained(story)


def test_an_outage_of_every_pod_is_counted_while_it_lasts(story: MeasuredStory) -> None:
    minutes(story, 30, _2=10)
    minutes(story, 10, pods=False, _5=10)
    assert story.condition("SLAMet")[:2] == ("False", "BudgetSpent")
    assert story.condition("SLAMet")[2].startswith("up is broken: up ")
    minutes(story, 6, pods=False)
    assert story.objectives["up"]["attainedPercent"] == attained(story)
    assert story.objectives["up"]["unknownMinutes"] == 0
    assert story.condition("MetricsAvailable")[0] == "False", "the pods are silent, and that is told"
    minutes(story, 40, pods=False, _5=10)
    assert story.objectives["up"]["unknownMinutes"] == 0
    assert story.objectives["fast"]["unknownMinutes"] > 20
    assert story.objectives["up"]["source"] == "Gateway"


def test_a_gateway_that_falls_silent_is_unknown_time_and_no_other_source(story: MeasuredStory) -> None:
    minutes(story, 20, _2=10)
    gateway, story.metrics.gateway = story.metrics.gateway, None
    minutes(story, 40, _2=10)
    assert story.objectives["up"]["source"] == "Gateway"
    assert story.objectives["up"]["unknownMinutes"] > 15
    assert story.objectives["fast"]["unknownMinutes"] == 0
    story.restart()
    minutes(story, 1, _2=10)
    assert story.objectives["up"]["source"] == "Gateway"
    story.metrics.gateway = gateway


def test_without_the_gateways_series_the_pods_are_counted_and_the_status_says_so() -> None:
    story = MeasuredStory()
    story.with_a_pod()
    story.cluster.edit(routing=ROUTED)
    story.minutes(20, good=98, bad=2, fast=98)
    assert story.objectives["up"]["source"] == "Runtime"
    assert story.objectives["up"]["attainedPercent"] == "98.00"


def test_a_service_without_a_gateway_asks_nothing_of_one() -> None:
    story = MeasuredStory()
    story.with_a_pod()
    story.metrics.gateway = ScrapedGateway(story.now)
    story.minutes(10, good=1, fast=1)
    assert story.objectives["up"]["source"] == "Runtime"
    assert not any("envoy" in selector for selector, _ in story.metrics.asked)


def test_a_service_that_promises_no_availability_asks_nothing_of_its_gateway() -> None:
    story = MeasuredStory()
    story.with_a_pod()
    story.cluster.edit(routing=ROUTED, sla={"objectives": [FAST]})
    story.minutes(10, good=1, fast=1)
    assert not any("envoy" in selector for selector, _ in story.metrics.asked)


def test_rules_and_dashboard_follow_the_source(story: MeasuredStory) -> None:
    story.look()
    assert "envoy_cluster" not in rules(story)
    minutes(story, 20, _2=10)
    assert "envoy_cluster" in rules(story)
    told = rules(story)
    minutes(story, 30, pods=False)
    assert rules(story) == told
    story.cluster.edit(sla={"objectives": [{**UP, "availability": {"targetPercent": "98"}}, FAST]})
    story.look()
    assert "envoy_cluster" in rules(story), "an edited promise changes no source"
    story.cluster.edit(routing={"type": "ReplicaRatio", "parentRefs": []})
    story.look(2)
    assert "envoy_cluster" not in rules(story)


def test_a_restart_in_an_outage_loses_nothing(story: MeasuredStory) -> None:
    minutes(story, 30, _2=10)
    minutes(story, 5, pods=False, _5=10)
    told = story.objectives["up"]
    story.restart()
    minutes(story, 1, pods=False)
    assert story.objectives["up"]["attainedPercent"] <= told["attainedPercent"]
    assert story.objectives["up"]["source"] == "Gateway"


def test_proxies_that_are_scraped_less_often_than_the_setting_says_are_told(story: MeasuredStory) -> None:
    story.metrics.gateway_interval = timedelta(seconds=60)
    minutes(story, 30, _2=20)
    status, reason, message = story.condition("MetricsAvailable")
    assert (status, reason) == ("True", "ScrapeIntervalDiffers")
    assert message.startswith("the gateway's proxies are scraped every 60 s, and prometheus.scrapeInterval")
    assert "and so is all of it. Set it to 60, or scrape them every 15 s" in message
    told = [one for one in story.cluster.posted if one.reason == reason]
    assert len(told) == 1, "once, however many scrapes a look has read"
    story.metrics.gateway_interval = timedelta(seconds=15)
    minutes(story, 40, _2=20)
    assert story.condition("MetricsAvailable")[:2] == ("True", "MetricsRead")
