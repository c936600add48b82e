"""When a batch leaves: the arithmetic, and the HTTP server with a fake model that computes together."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.batching.policy import ALONE, Member, Window, leaves_at
from tests.runtime.serving.testbed import PNG, RunningServer, picture, wait_until

TOGETHER = {"together": True}
LONG = 60_000  # milliseconds: a test that had to wait for it would fail

seconds = st.floats(0, 1e4)
members = st.lists(
    st.builds(lambda came, has: Member(came, came + has), seconds, seconds), min_size=1, max_size=8
)


@given(members, st.integers(1, 8), seconds)
def test_a_batch_leaves_when_full_or_its_time_is_up_or_a_member_has_waited_half_of_its_own(
    waiting: list[Member], size: int, delay: float
) -> None:
    due = leaves_at(waiting, Window(size, delay))
    if len(waiting) >= size:
        assert due == -math.inf
        return
    first = min(member.came_at for member in waiting)
    assert due <= first + delay
    for member in waiting:
        assert due <= member.came_at + (member.begin_by - member.came_at) / 2
        assert due <= member.begin_by


@given(members, seconds)
def test_more_company_never_makes_a_batch_wait_longer(waiting: list[Member], delay: float) -> None:
    window = Window(len(waiting) + 1, delay)
    assert leaves_at(waiting, window) <= leaves_at(waiting[:1], window)


@given(members)
def test_where_requests_go_alone_none_waits(waiting: list[Member]) -> None:
    assert leaves_at(waiting, ALONE) == -math.inf


def send(server: RunningServer, bodies: list[bytes]) -> list[httpx.Response]:
    server.client  # noqa: B018  made here, so that threads share it
    with ThreadPoolExecutor(len(bodies)) as callers:
        return list(callers.map(server.ocr, bodies))


@pytest.fixture
def accelerator() -> dict[str, object]:
    """A FAKE accelerator: only the fake model hears of it."""
    return {"device": "GPU", "batch_max_size": 4, "batch_max_delay_milliseconds": LONG}


def test_a_full_batch_leaves_at_once_and_each_gets_its_own_answer(
    tmp_path: Path, accelerator: dict[str, object]
) -> None:
    with RunningServer(tmp_path, start=TOGETHER, request_timeout_seconds=120, **accelerator) as server:
        answers = send(server, [picture(padding=number) for number in range(4)])
        assert [answer.json()["together"] for answer in answers] == [4] * 4
        plain = len(picture())
        assert [answer.json()["bytes"] - plain for answer in answers] == [0, 1, 2, 3]


def test_one_bad_picture_fails_alone(tmp_path: Path, accelerator: dict[str, object]) -> None:
    with RunningServer(tmp_path, start=TOGETHER, request_timeout_seconds=120, **accelerator) as server:
        bad = [picture(undecodable=True), picture(fail="NaN"), picture(**{"raise": "broken"})]
        answers = send(server, [*bad, picture()])
        assert [answer.status_code for answer in answers] == [422, 500, 500, 200]
        assert answers[3].json()["together"] == 4


def test_a_lone_request_leaves_when_the_window_closes(tmp_path: Path) -> None:
    with RunningServer(
        tmp_path, start=TOGETHER, device="GPU", batch_max_size=4, batch_max_delay_milliseconds=50
    ) as server:
        answer = server.ocr(picture())
        assert answer.json()["together"] == 1
        assert answer.json()["timings"]["queueMs"] >= 45


def test_a_deadline_closes_the_window_early(tmp_path: Path, accelerator: dict[str, object]) -> None:
    with RunningServer(tmp_path, start=TOGETHER, **accelerator) as server:
        answer = server.client.post("/v1/ocr", content=picture(), headers={**PNG, "X-Deadline-Ms": "2000"})
        assert (answer.status_code, answer.json()["together"]) == (200, 1)


def test_what_waits_while_workers_are_busy_leaves_together(
    tmp_path: Path, accelerator: dict[str, object]
) -> None:
    accelerator["batch_max_delay_milliseconds"] = 0
    with RunningServer(tmp_path, start=TOGETHER, **accelerator) as server, ThreadPoolExecutor(8) as callers:
        server.client  # noqa: B018
        busy = callers.submit(server.ocr, picture(seconds=1.0))
        wait_until(lambda: server.metrics()["paddle_runtime_inflight_requests"] == 1, what="a busy worker")
        others = [callers.submit(server.ocr, picture()) for _ in range(5)]
        wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] == 5, what="a queue")
        assert busy.result().json()["together"] == 1
        assert sorted(each.result().json()["together"] for each in others) == [1, 4, 4, 4, 4]


def test_a_request_costs_its_share_of_a_batch(tmp_path: Path, accelerator: dict[str, object]) -> None:
    with RunningServer(tmp_path, start=TOGETHER, request_timeout_seconds=120, **accelerator) as server:
        body = picture(seconds=0.5)
        assert [answer.json()["together"] for answer in send(server, [body] * 4)] == [4] * 4
        # the batch took 2 s; were that the cost of one, it would be refused as too late
        answer = server.client.post("/v1/ocr", content=body, headers={**PNG, "X-Deadline-Ms": "1900"})
        assert (answer.status_code, answer.json()["together"]) == (200, 1)


def test_a_worker_that_dies_costs_the_batch_that_it_held(
    tmp_path: Path, accelerator: dict[str, object]
) -> None:
    with RunningServer(tmp_path, start=TOGETHER, request_timeout_seconds=120, **accelerator) as server:
        answers = send(server, [picture(die=True), picture(), picture(), picture()])
        assert [answer.json()["reason"] for answer in answers] == ["worker_lost"] * 4


def test_a_model_that_computes_one_by_one_is_given_one_by_one(
    tmp_path: Path, accelerator: dict[str, object]
) -> None:
    with RunningServer(tmp_path, **accelerator) as server:
        assert server.ocr(picture()).status_code == 200
        assert "batch_max_size=4, and this model computes one request at a time" in server.log
