"""The HTTP server with a fake model: stopped workers are found, abandoned work stops, bodies are shared."""

from __future__ import annotations

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.runtime.serving.testbed import RunningServer, alive, picture, wait_until

STALLS = 'paddle_runtime_worker_restarts_total{reason="stall"}'


def test_a_stopped_idle_worker_is_found_before_a_request_pays_for_it(tmp_path: Path) -> None:
    with RunningServer(tmp_path, ping_seconds=0.3) as server:
        stopped = server.workers()[0]
        os.kill(stopped, signal.SIGSTOP)
        wait_until(lambda: not alive(stopped), what="the stopped worker's end")
        server.wait_ready()
        assert server.metrics()[STALLS] == 1
        assert server.ocr(picture()).status_code == 200
        assert server.requests("good", 200) == 1


def test_a_job_given_to_a_stopped_worker_goes_to_another_and_nobody_notices(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2, ping_seconds=1.0) as server:
        server.wait_warm(2)
        for pid in server.workers():
            os.kill(pid, signal.SIGSTOP)
        answers = [server.ocr(picture()) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        wait_until(lambda: server.metrics()[STALLS] == 2, what="the end of both")


def test_a_worker_stopped_in_a_job_costs_its_caller_a_retryable_answer(tmp_path: Path) -> None:
    with RunningServer(tmp_path, stall_seconds=0.5) as server, ThreadPoolExecutor() as callers:
        server.client  # noqa: B018
        held = callers.submit(server.ocr, picture(seconds=0.2))
        wait_until(lambda: server.metrics()["paddle_runtime_inflight_requests"] == 1, what="a busy worker")
        time.sleep(0.05)
        os.kill(server.workers()[0], signal.SIGSTOP)
        answer = held.result()
        assert (answer.status_code, answer.json()["reason"]) == (504, "timed_out")
        assert answer.headers["retry-after"] == "5"  # as for those refused until there is another worker
        server.wait_ready()
        assert server.ocr(picture()).status_code == 200


def test_progress_at_borders_is_no_stall_however_long_it_takes(tmp_path: Path) -> None:
    with RunningServer(tmp_path, stall_seconds=0.5) as server:
        assert server.ocr(picture(borders=10, seconds=0.1)).status_code == 200
        assert server.metrics()[STALLS] == 0


def test_the_worker_of_a_caller_that_left_is_free_at_its_next_border(tmp_path: Path) -> None:
    with RunningServer(tmp_path, request_timeout_seconds=60) as server:
        pid = server.workers()[0]
        data = picture(borders=300, seconds=0.1)
        with socket.create_connection(("127.0.0.1", server.port)) as caller:
            caller.sendall(
                b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data
            )
            wait_until(
                lambda: server.metrics()["paddle_runtime_inflight_requests"] == 1, what="a busy worker"
            )
            time.sleep(0.2)
        assert server.ocr(picture()).status_code == 200  # 30 s later, did the worker not stop
        assert server.metrics()["paddle_runtime_busy_seconds_total"] < 10
        assert server.requests("invalid", 499) == 1
        assert server.workers() == [pid]


def test_a_worker_stops_when_the_deadline_is_over(tmp_path: Path) -> None:
    with RunningServer(tmp_path, request_timeout_seconds=0.5) as server:
        pid = server.workers()[0]
        late = server.ocr(picture(borders=300, seconds=0.1))
        assert (late.status_code, "of it in a worker" in late.json()["error"]) == (504, True)
        wait_until(lambda: server.ocr(picture()).status_code == 200, what="the worker's return")
        assert server.metrics()["paddle_runtime_busy_seconds_total"] < 10
        assert server.workers() == [pid]


def test_bodies_and_answers_arrive_whole_in_the_shared_memory_and_beside_it(tmp_path: Path) -> None:
    with RunningServer(tmp_path, shared_memory_mib=4) as server:
        for padding, filling in ((0, 0), (1_000_000, 500_000), (5_000_000, 2_000_000), (2_900_000, 9)):
            sent = picture(padding=padding, answerBytes=filling)
            body = server.ocr(sent).json()
            assert body["bytes"] == sent.index(b"\0fake-orders:")
            assert len(body.get("filling", "")) == filling
