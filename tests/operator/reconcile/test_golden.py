"""Golden requests in the flow: who is asked, and when the figures come from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from paddle_operator.cluster.ports import Key
from paddle_operator.golden.asking import Golden, Said
from paddle_operator.plan.record import key_of, stored_record
from paddle_operator.reasons import Reason
from paddle_operator.sla.record import record_from
from paddle_operator.spec.report import CountedAt
from paddle_operator.telemetry.series import Telemetry
from tests.operator.fake_cluster import CLUSTER_IP, KEY
from tests.operator.fake_metrics import ScrapedGateway
from tests.operator.reconcile.measured_story import FAST, UP, MeasuredStory


class GoldenStory(MeasuredStory):
    """A measured story whose flow says who is asked; the test plays the operator's counters."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked: list[Key] = []

        async def nobody(address: str, timeout_seconds: float) -> Said:
            raise AssertionError("the queue does not run here")

        telemetry = Telemetry(CollectorRegistry(), "")
        self.golden = Golden(nobody, telemetry, lambda key, delay: self.asked.append(key))

    @property
    def target(self) -> Any:
        return self.golden._targets.get(KEY)

    def minutes_asked(self, count: int, *operators: str, golden: str = "good", **real: int) -> None:
        """Let minutes pass; each operator asks once between two scrapes, of which all come to `golden`."""
        for _ in range(count):
            for operator in operators:
                self.metrics.serve(operator, self.now + timedelta(seconds=59), **{golden: 1})
            self.minutes(1, **real)

    def quiet(self) -> None:
        """A service that nobody but the operator asks."""
        self.with_a_pod()
        self.metrics.begin_asking("op", self.now)


@pytest.fixture
def story() -> GoldenStory:
    return GoldenStory()


def test_a_service_is_asked_at_its_address_once_it_has_served(story: GoldenStory) -> None:
    story.look()
    story.cluster.resolve()
    story.look(2)
    story.look()
    assert story.asked == []
    story.cluster.ready(1)
    story.look(2)
    assert story.asked == [KEY]
    assert story.target.address == f"http://{CLUSTER_IP}:80/golden"
    assert (story.target.period_seconds, story.target.timeout_seconds) == (10, 5.0)


@pytest.mark.parametrize(
    "sla",
    [
        {"objectives": [UP, FAST], "synthetic": {"requests": "None"}},
        {"objectives": [FAST]},
    ],
)
def test_nobody_is_asked_where_it_is_switched_off_or_no_availability_is_promised(
    sla: dict[str, Any], story: GoldenStory
) -> None:
    story.serving()
    story.look()
    assert story.target is not None
    story.cluster.edit(sla=sla)
    story.look()
    assert story.target is None


def test_a_service_that_is_gone_is_asked_no_more(story: GoldenStory) -> None:
    story.serving()
    story.look()
    assert story.target is not None
    story.cluster.body = None
    story.look()
    assert story.target is None


def test_another_operator_goes_on_asking_a_service_whose_pods_are_gone(story: GoldenStory) -> None:
    story.quiet()
    story.minutes_asked(30, "op")
    assert story.objectives["up"]["source"] == "Synthetic"
    story.golden.stop()
    story.cluster.ready(0)
    story.look()
    assert story.target is not None, "it has served: the status says so"


def test_availability_of_a_quiet_service_is_that_of_its_golden_requests(story: GoldenStory) -> None:
    story.quiet()
    story.minutes_asked(30, "op")
    up = story.objectives["up"]
    assert (up["source"], up["attainedPercent"]) == ("Synthetic", "100.00")
    assert "attainedPercent" not in story.objectives["fast"], "nobody knows how fast real answers are"
    story.minutes_asked(6, "op", golden="bad")
    story.minutes_asked(20, "op")
    up = story.objectives["up"]
    assert up["source"] == "Synthetic"
    assert 100 * 24 / 232 < 100 - float(up["attainedPercent"]) < 100 * 24 / 150
    stored = stored_record(story.cluster.objects.values())
    assert stored is not None
    record = record_from(stored.texts[key_of(CountedAt.SYNTHETIC)])
    assert sum(cell.by_revision["golden"].bad for cell in record.accounts["requests"] if cell.requests) == 24
    assert story.condition("SLAMet")[:2] == ("False", Reason.BUDGET_SPENT)


def test_a_service_with_traffic_is_judged_by_it(story: GoldenStory) -> None:
    story.quiet()
    story.minutes_asked(30, "op", golden="bad", good=10)
    up = story.objectives["up"]
    assert (up["source"], up["attainedPercent"]) == ("Runtime", "100.00")


@pytest.mark.parametrize(("answers", "source"), [(0, "Synthetic"), (10, "Gateway")])
def test_behind_a_gateway_golden_requests_judge_while_callers_send_too_few(
    story: GoldenStory, answers: int, source: str
) -> None:
    story.quiet()
    story.cluster.edit(routing={"type": "GatewayAPI", "parentRefs": [{"name": "gw"}]})
    story.metrics.gateway = ScrapedGateway(story.now)
    for _ in range(30):
        story.metrics.answer(story.now + timedelta(seconds=59), _2=answers)
        story.minutes_asked(1, "op", golden="bad")
    up = story.objectives["up"]
    assert up["source"] == source
    assert (up["attainedPercent"] == "100.00") is (source == "Gateway")


def test_time_in_which_no_operator_asks_is_unknown_and_not_good(story: GoldenStory) -> None:
    story.quiet()
    story.minutes_asked(30, "op")
    before = story.objectives["up"]["unknownMinutes"]
    for _ in range(20):
        story.minutes(1)
    story.metrics.begin_asking("next", story.now)
    story.minutes_asked(30, "next")
    up = story.objectives["up"]
    assert up["source"] == "Synthetic"
    assert up["unknownMinutes"] - before in range(20, 24)
    assert up["attainedPercent"] == "100.00"


def test_good_golden_requests_cause_no_write_and_a_bad_one_does(story: GoldenStory) -> None:
    story.quiet()
    story.minutes_asked(60, "op")
    stored = stored_record(story.cluster.objects.values())
    assert stored is not None
    story.cluster.writes.clear()
    story.minutes_asked(60, "op")
    assert story.cluster.writes == []
    story.minutes_asked(2, "op", golden="bad")
    story.minutes_asked(20, "op")
    assert story.cluster.writes
    written = stored_record(story.cluster.objects.values())
    assert written is not None
    key = key_of(CountedAt.SYNTHETIC)
    assert written.texts[key] != stored.texts[key]
