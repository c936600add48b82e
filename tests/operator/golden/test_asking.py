"""Who is asked, how often, and what is counted of it: the real queue, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from paddle_operator import names
from paddle_operator.cluster.ports import Key
from paddle_operator.golden.asking import AT_A_TIME, Golden, Said
from paddle_operator.handlers.queue import KeyedQueue
from paddle_operator.plan.golden import GoldenTarget
from paddle_operator.telemetry.series import Telemetry
from tests.operator.virtual_time import in_virtual_time

CALM = Key("prod", "calm")
GOOD = Said("good")
TARGET = GoldenTarget("http://10.0.0.1:80/golden", 10, 5.0)


@dataclass
class Asked:
    """Services that answer as they are told to, and a registry that counts."""

    said: Said = GOOD
    seconds: float = 0.05
    at: list[tuple[float, str]] = field(default_factory=list)
    inside: int = 0
    most_inside: int = 0

    def __post_init__(self) -> None:
        self.registry = CollectorRegistry()
        self.telemetry = Telemetry(self.registry, "")
        self.queue: KeyedQueue[Key] = KeyedQueue(jitter=lambda: 0.5)
        self.golden = Golden(self.ask, self.telemetry, self.queue.add, jitter=lambda: 0.5)

    async def ask(self, address: str, timeout_seconds: float) -> Said:
        self.at.append((asyncio.get_running_loop().time(), address))
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await asyncio.sleep(self.seconds)
        self.inside -= 1
        return self.said

    def counted(self, key: Key = CALM) -> dict[str, float]:
        return {
            sample.labels["outcome"]: sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == names.METRIC_OPERATOR_GOLDEN
            and (sample.labels["service_namespace"], sample.labels["service_name"]) == key
        }


def told(story: Callable[[Asked], Coroutine[Any, Any, None]], asked: Asked | None = None) -> Asked:
    """Play a story while the queue runs."""
    asked = asked or Asked()

    async def play() -> None:
        running = asyncio.create_task(asked.queue.run(asked.golden, AT_A_TIME))
        await story(asked)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    in_virtual_time(play())
    return asked


def test_a_service_is_asked_each_period_and_every_answer_counts_once() -> None:
    async def story(asked: Asked) -> None:
        asked.golden.follow(CALM, TARGET, served=True)
        assert asked.counted() == dict.fromkeys(("good", "bad", "refused", "invalid"), 0)
        await asyncio.sleep(61)

    asked = told(story)
    begun = [at for at, _ in asked.at]
    assert len(begun) == 6
    assert all(later - one == pytest.approx(10) for one, later in pairwise(begun))
    assert asked.counted() == {"good": 6, "bad": 0, "refused": 0, "invalid": 0}


def test_a_slow_service_is_asked_one_request_after_the_other() -> None:
    async def story(asked: Asked) -> None:
        asked.golden.follow(CALM, TARGET, served=True)
        await asyncio.sleep(60)

    asked = told(story, Asked(seconds=25, said=Said("bad", "late")))
    assert (asked.most_inside, len(asked.at)) == (1, 3)
    assert asked.counted()["bad"] == 2  # the third has yet to end


def test_one_that_has_not_served_yet_is_not_asked_and_one_that_did_is_asked_on_when_its_pods_go() -> None:
    async def story(asked: Asked) -> None:
        asked.golden.follow(CALM, TARGET, served=False)
        await asyncio.sleep(60)
        assert (asked.at, asked.counted()) == ([], {})
        asked.golden.follow(CALM, TARGET, served=True)
        await asyncio.sleep(30)
        asked.said = Said("bad", "connection refused")
        asked.golden.follow(CALM, TARGET, served=False)
        await asyncio.sleep(30)

    assert told(story).counted() == {"good": 3, "bad": 3, "refused": 0, "invalid": 0}


def test_a_new_address_is_asked_from_the_next_time_on() -> None:
    async def story(asked: Asked) -> None:
        asked.golden.follow(CALM, TARGET, served=True)
        await asyncio.sleep(12)
        asked.golden.follow(CALM, GoldenTarget("http://10.0.0.2:80/golden", 5, 5.0), served=True)
        await asyncio.sleep(12)

    addresses = [address for _, address in told(story).at]
    assert addresses[0] == TARGET.address
    assert set(addresses[1:]) == {"http://10.0.0.2:80/golden"}


def test_who_is_gone_is_asked_no_more_and_leaves_no_series_though_an_answer_is_under_way() -> None:
    async def story(asked: Asked) -> None:
        asked.golden.follow(CALM, TARGET, served=True)
        await asyncio.sleep(6)
        assert asked.inside == 1
        asked.golden.forget(CALM)
        await asyncio.sleep(60)
        assert len(asked.at) == 1
        assert asked.counted() == {}
        asked.golden.follow(CALM, None, served=True)
        asked.golden.follow(CALM, TARGET, served=True)
        assert asked.counted()["good"] == 0  # it begins anew
        asked.golden.stop()

    assert told(story, Asked(seconds=3)).counted() == {}


def test_many_slow_services_are_asked_some_at_a_time_and_the_others_after_them() -> None:
    keys = [Key("prod", f"s{number}") for number in range(3 * AT_A_TIME)]

    async def story(asked: Asked) -> None:
        for key in keys:
            asked.golden.follow(key, TARGET, served=True)
        await asyncio.sleep(40)

    asked = told(story, Asked(seconds=5, said=Said("bad", "late")))
    assert asked.most_inside == AT_A_TIME
    assert all(asked.counted(key)["bad"] > 0 for key in keys)


def test_a_change_is_logged_once_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    async def story(asked: Asked) -> None:
        asked.golden.follow(CALM, TARGET, served=True)
        asked.said = Said("bad", "500 output y differs by 3")
        await asyncio.sleep(35)
        asked.said = Said("good")
        await asyncio.sleep(30)

    caplog.set_level("INFO")
    told(story)
    lines = [record.getMessage() for record in caplog.records if "golden" in record.getMessage()]
    assert len(lines) == 2
    assert "output y differs by 3" in lines[0]
    assert "as it should" in lines[1]
