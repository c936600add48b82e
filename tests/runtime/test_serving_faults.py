"""The HTTP server with a fake model when things go wrong: full queues, dead and stuck workers, ends."""

from __future__ import annotations

import os
import signal
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.runtime.serving.testbed import RunningServer, Steady, alive, picture, wait_until


def send_later(server: RunningServer, pool: ThreadPoolExecutor, body: bytes) -> Future[httpx.Response]:
    server.client  # noqa: B018  made here, so that threads share it
    return pool.submit(server.ocr, body)


@pytest.fixture
def callers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(32)


def inside(server: RunningServer) -> float:
    return server.metrics()["paddle_runtime_inflight_requests"]


def test_a_full_queue_refuses_at_once_with_the_seconds_to_wait(
    tmp_path: Path, callers: ThreadPoolExecutor
) -> None:
    with RunningServer(tmp_path, queue_max_requests=3) as server:
        held = [send_later(server, callers, picture(seconds=0.6)) for _ in range(4)]
        wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] == 3, what="a full queue")
        refused = server.ocr(picture())
        assert not all(each.done() for each in held), "it waited for those before it"
        assert (refused.status_code, refused.json()["reason"]) == (503, "queue_full")
        assert int(refused.headers["retry-after"]) >= 1
        assert [each.result().status_code for each in held] == [200] * 4
        assert server.requests("refused", 503) == 1
        assert server.metrics()['paddle_runtime_refused_total{reason="queue_full"}'] == 1
        assert server.ocr(picture()).status_code == 200


def test_bodies_are_bounded_in_bytes_over_all_callers(tmp_path: Path, callers: ThreadPoolExecutor) -> None:
    with RunningServer(tmp_path, max_held_bytes=150_000) as server:
        first = send_later(server, callers, picture(seconds=0.6, padding=100_000))
        wait_until(lambda: server.metrics()["paddle_runtime_held_bytes"] > 90_000, what="a held body")
        refused = server.ocr(picture(padding=100_000))
        assert (refused.status_code, refused.json()["reason"]) == (503, "queue_full")
        assert first.result().status_code == 200
        assert server.ocr(picture(padding=100_000)).status_code == 200


def test_a_killed_worker_costs_the_one_request_it_held(tmp_path: Path, callers: ThreadPoolExecutor) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        server.wait_warm(2)
        victim = send_later(server, callers, picture(seconds=0.1, die=True))
        others = [send_later(server, callers, picture(seconds=0.05)) for _ in range(20)]
        lost = victim.result()
        assert (lost.status_code, lost.json()["reason"], lost.headers["retry-after"]) == (
            502,
            "worker_lost",
            "1",
        )
        assert "SIGKILL" in lost.json()["error"]
        assert [each.result().status_code for each in others] == [200] * 20
        server.wait_warm(2)
        assert server.requests("bad", 502) == 1
        assert server.metrics()['paddle_runtime_worker_restarts_total{reason="crash"}'] == 1


def test_not_ready_while_the_only_worker_is_replaced_and_ready_again(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: server.get("/v2/health/ready").status_code == 503, what="not ready")
        refused = server.ocr(picture())
        assert (refused.status_code, refused.json()["reason"]) == (503, "not_ready")
        assert server.get("/health").status_code == 200
        server.wait_ready()
        assert server.workers() != before
        assert server.ocr(picture()).status_code == 200


def test_a_worker_that_fails_thrice_in_a_row_is_replaced(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        before = server.workers()
        for _ in range(3):
            assert server.ocr(picture(**{"raise": "broken"})).json()["reason"] == "internal"
        wait_until(lambda: server.workers() not in ([], before), what="another worker")
        server.wait_ready()
        assert server.metrics()['paddle_runtime_worker_restarts_total{reason="errors"}'] == 1


def test_failures_of_one_callers_requests_cost_nobody_the_worker(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        before = server.workers()
        for _ in range(5):
            assert server.ocr(picture(fail="the answer holds NaN")).json()["reason"] == "internal"
        assert server.ocr(picture()).status_code == 200
        assert server.workers() == before


def test_a_late_answer_is_a_504_in_the_worker_and_a_refusal_in_the_queue(
    tmp_path: Path, callers: ThreadPoolExecutor
) -> None:
    with RunningServer(tmp_path, request_timeout_seconds=0.4) as server:
        slow = send_later(server, callers, picture(seconds=1.0))
        time.sleep(0.1)
        queued = server.ocr(picture())
        assert (slow.result().status_code, slow.result().json()["reason"]) == (504, "timed_out")
        assert "of it in a worker" in slow.result().json()["error"]
        assert (queued.status_code, queued.json()["reason"]) == (503, "predicted_late")
        assert queued.headers["retry-after"] == "1"
        wait_until(lambda: server.ocr(picture()).status_code == 200, what="the worker's return")
        assert server.metrics()['paddle_runtime_worker_restarts_total{reason="stall"}'] == 0


def test_a_stuck_worker_is_killed_and_replaced(tmp_path: Path) -> None:
    with RunningServer(tmp_path, stall_seconds=0.4) as server:
        stuck = server.workers()[0]
        answer = server.ocr(picture(seconds=60))
        assert (answer.status_code, answer.json()["reason"]) == (504, "timed_out")
        wait_until(lambda: not alive(stuck), what="the stuck worker's end")
        server.wait_ready()
        assert server.metrics()['paddle_runtime_worker_restarts_total{reason="stall"}'] == 1
        assert server.ocr(picture()).status_code == 200


def test_a_caller_that_leaves_the_queue_takes_its_job_along(
    tmp_path: Path, callers: ThreadPoolExecutor
) -> None:
    (tmp_path / "sla.json").write_text('{"latencyThresholdsMilliseconds": [200]}')
    with RunningServer(tmp_path) as server:
        busy = send_later(server, callers, picture(seconds=3.0))
        wait_until(lambda: inside(server) == 1, what="a busy worker")
        leaving(server, after_seconds=0.05)
        wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] == 0, what="an empty queue")
        assert server.requests("invalid", 499) == 1
        leaving(server, after_seconds=0.4)
        wait_until(lambda: server.requests("bad", 499) == 1, what="the broken promise counted")
        assert busy.result().status_code == 200


def leaving(server: RunningServer, after_seconds: float) -> None:
    """Send a request and close the connection before its answer."""
    data = picture()
    with socket.create_connection(("127.0.0.1", server.port)) as caller:
        caller.sendall(b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] == 1, what="a queued job")
        time.sleep(after_seconds)


# How it ends


def test_sigterm_answers_what_is_inside_and_what_comes_on_open_connections(
    tmp_path: Path, callers: ThreadPoolExecutor
) -> None:
    with RunningServer(tmp_path, drain_quiet_seconds=1.0) as server:
        server.get("/health")
        inside_one = send_later(server, callers, picture(seconds=1.0))
        wait_until(lambda: inside(server) == 1, what="a request inside")
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as old:
            old.get("/health")
            workers = server.workers()
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: server.get("/v2/health/ready").status_code == 503, what="not ready")
            fresh = httpx.post(
                f"http://127.0.0.1:{server.port}/v1/ocr",
                content=picture(),
                headers={"Content-Type": "image/png"},
                trust_env=False,
            )
            assert (fresh.status_code, fresh.json()["reason"]) == (503, "draining")
            assert (fresh.headers["connection"], fresh.headers["retry-after"]) == ("close", "1")
            known = old.post("/v1/ocr", content=picture(), headers={"Content-Type": "image/png"})
            assert (known.status_code, known.headers["connection"]) == (200, "close")
        assert inside_one.result().status_code == 200
        assert server.process.wait(10) == 0
        assert not any(alive(pid) for pid in workers)


def test_draining_does_not_wait_for_callers_that_it_turns_away(tmp_path: Path) -> None:
    with RunningServer(tmp_path, drain_quiet_seconds=1.0, drain_seconds=30.0) as server:
        server.get("/health")
        server.process.send_signal(signal.SIGTERM)
        turned_away, until = 0, time.monotonic() + 15
        while server.process.poll() is None and time.monotonic() < until:
            with suppress(httpx.TransportError):
                url = f"http://127.0.0.1:{server.port}/v1/ocr"
                turned_away += httpx.post(url, content=picture(), trust_env=False).status_code == 503
            time.sleep(0.2)
        assert server.process.wait(1) == 0
        assert turned_away > 1


def test_draining_ends_when_its_time_is_up_and_says_so_to_whom_it_leaves(
    tmp_path: Path, callers: ThreadPoolExecutor
) -> None:
    with RunningServer(tmp_path, drain_seconds=0.5) as server:
        stuck = send_later(server, callers, picture(seconds=60))
        wait_until(lambda: inside(server) == 1, what="a busy worker")
        queued = send_later(server, callers, picture())
        wait_until(lambda: server.metrics()["paddle_runtime_queue_depth"] == 1, what="a queued job")
        began = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - began < 5
        assert (stuck.result().status_code, queued.result().status_code) == (502, 503)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_second_signal_ends_at_once(tmp_path: Path, callers: ThreadPoolExecutor, name: str) -> None:
    with RunningServer(tmp_path) as server:
        workers = server.workers()
        stuck = send_later(server, callers, picture(seconds=60))
        wait_until(lambda: inside(server) == 1, what="a request inside")
        server.process.send_signal(signal.Signals[name])
        wait_until(lambda: "draining" in server.log, what="draining")
        server.process.send_signal(signal.Signals[name])
        assert server.process.wait(5) == 128 + signal.Signals[name]
        wait_until(lambda: not any(alive(pid) for pid in workers), what="the workers' end")
        assert isinstance(stuck.exception(10), httpx.TransportError)


def test_no_worker_outlives_a_killed_front_end(tmp_path: Path, callers: ThreadPoolExecutor) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        server.wait_warm(2)
        workers = server.workers()
        busy = send_later(server, callers, picture(seconds=60))
        wait_until(lambda: inside(server) == 1, what="a busy worker")
        server.process.kill()
        wait_until(lambda: not any(alive(pid) for pid in workers), 5, "the workers' end")
        assert isinstance(busy.exception(10), httpx.TransportError)


@pytest.mark.parametrize(
    ("start", "reason", "code"),
    [({"seconds": 60}, "LoadFailed", 20), ({"warmSeconds": 60}, "WarmupFailed", 21)],
)
def test_sigterm_before_ready_tells_that_it_took_too_long(
    tmp_path: Path, start: dict[str, int], reason: str, code: int
) -> None:
    with RunningServer(tmp_path, start=start, wait=False) as server:
        assert server.get("/v2/health/ready").json() == {"ready": False, "state": "starting"}
        assert server.ocr(picture()).json()["reason"] == "not_ready"
        if "warmSeconds" in start:
            wait_until(lambda: "self-test passed" in server.log, what="the warm-up's start")
        assert server.terminate() == code
        assert server.termination()["reason"] == reason
        assert "asked to stop: SIGTERM came" in server.termination()["message"]
        assert "draining" not in server.log, "and no worker becomes ready while nobody is waited for"
        assert "spec.model.preload.timeoutSeconds" in server.termination()["message"]


def test_ctrl_c_before_ready_is_a_clean_end(tmp_path: Path) -> None:
    with RunningServer(tmp_path, start={"seconds": 60}, wait=False) as server:
        server.get("/health")
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 0
        assert not server.termination_file.exists()


# How a start fails


@pytest.mark.parametrize(
    ("reason", "code"),
    [("LoadFailed", 20), ("WarmupFailed", 21), ("SelfTestFailed", 22), ("DeviceUnavailable", 23)],
)
def test_a_model_that_cannot_be_loaded_ends_the_server_with_its_reason(
    tmp_path: Path, reason: str, code: int
) -> None:
    with RunningServer(tmp_path, workers=2, start={"fault": reason}, wait=False) as server:
        assert server.process.wait(20) == code
        assert server.termination() == {"reason": reason, "message": "as the test ordered"}


def test_a_worker_that_dies_while_loading_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    with RunningServer(tmp_path, start={"die": True}, wait=False) as server:
        assert server.process.wait(30) == 22
        assert server.termination()["reason"] == "SelfTestFailed"
        assert "SIGKILL" in server.termination()["message"]
        assert server.log.count("ended by SIGKILL in self-test") >= 3


def test_one_bad_start_is_survived(tmp_path: Path) -> None:
    start = {"die": True, "once": str(tmp_path / "died")}
    with RunningServer(tmp_path, start=start) as server:
        assert server.ocr(picture()).status_code == 200
        assert server.metrics()['paddle_runtime_worker_restarts_total{reason="load_failed"}'] == 1


def test_a_load_that_never_ends_is_ended(tmp_path: Path) -> None:
    with RunningServer(tmp_path, start={"seconds": 60}, load_timeout_seconds=0.3, wait=False) as server:
        assert server.process.wait(30) == 20
        assert "was not warm after 0.3 s" in server.termination()["message"]
        assert server.log.count("was not warm after 0.3 s") == 2  # tried once: the worker's line, the end's


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with RunningServer(tmp_path, port=port, wait=False) as server:
            assert server.process.wait(20) == 1
            assert f"port {port}" in server.log


def test_steady_requests_while_workers_are_killed_again_and_again(tmp_path: Path) -> None:
    """Every request is answered exactly once: 200, or a typed 502 where its worker was the one killed."""
    with RunningServer(tmp_path, workers=2) as server:
        server.wait_warm(2)
        with Steady(server, picture(seconds=0.01), callers=4) as steady:
            for count in (1, 2):
                os.kill(server.workers()[0], signal.SIGKILL)
                crashes = 'paddle_runtime_worker_restarts_total{reason="crash"}'
                wait_until(lambda: server.metrics()[crashes] == count, what="a crash")  # noqa: B023
                server.wait_warm(2)
        assert set(steady.answers) <= {"good", "worker_lost"}
        assert steady.answers.count("worker_lost") <= 2
        assert steady.answers.count("good") > 20
