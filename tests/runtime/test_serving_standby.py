"""The HTTP server with a fake model: a warm standby takes over, a worker that grows is replaced behind it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from tests.runtime.serving.testbed import RunningServer, Steady, alive, picture, wait_until

COLD_START = {"seconds": 2}


def standby_ready(server: RunningServer, times: int = 1) -> None:
    wait_until(lambda: server.log.count("standby: ready") >= times, what="a warm standby")


def restarts(server: RunningServer, reason: str) -> float:
    return server.metrics()[f'paddle_runtime_worker_restarts_total{{reason="{reason}"}}']


def test_a_killed_worker_costs_no_cold_start(tmp_path: Path) -> None:
    with RunningServer(tmp_path, standby=1, start=COLD_START) as server:
        standby_ready(server)
        for times in (1, 2):
            serving = server.ocr(picture()).json()["worker"]
            with Steady(server, picture(seconds=0.01), callers=2) as steady:
                os.kill(serving, signal.SIGKILL)
                wait_until(lambda: restarts(server, "crash") == times, what="a crash")  # noqa: B023
                wait_until(lambda: steady.answers.count("good") > 10, what="answers")
            assert set(steady.answers) <= {"good", "worker_lost"}
            assert steady.answers.count("worker_lost") <= 1
            standby_ready(server, times + 1)
        assert "starting: 0 warm workers" not in server.log


def test_who_was_lost_with_a_worker_may_come_back_at_once_where_another_is_warm(tmp_path: Path) -> None:
    with RunningServer(tmp_path, standby=1, start=COLD_START) as server:
        standby_ready(server)
        for seconds in ("1", "5"):  # the second one takes the place of the first, and there is no third yet
            lost = server.ocr(picture(die=True))
            assert (lost.status_code, lost.headers["retry-after"]) == (502, seconds)


def test_a_worker_that_grows_is_replaced_and_no_caller_notices(tmp_path: Path) -> None:
    with RunningServer(tmp_path, worker_memory_mib=150, start=COLD_START) as server:
        before = server.ocr(picture()).json()["worker"]
        with Steady(server, picture(seconds=0.01), callers=2) as steady:
            assert server.ocr(picture(growMib=200)).json()["worker"] == before
            wait_until(lambda: restarts(server, "memory") == 1, what="the replacement")
        assert set(steady.answers) == {"good"}
        assert server.ocr(picture()).json()["worker"] != before
        wait_until(lambda: not alive(before), what="the end of the one that grew")
        assert f"process {before} holds" in server.log
        assert restarts(server, "crash") == 0


def test_one_that_grows_makes_room_for_the_standby(tmp_path: Path) -> None:
    with RunningServer(tmp_path, standby=1, worker_memory_mib=150, start=COLD_START) as server:
        standby_ready(server)
        before = server.ocr(picture(growMib=200)).json()["worker"]
        wait_until(lambda: server.ocr(picture()).json()["worker"] != before, what="the replacement")
        standby_ready(server, 2)
        assert restarts(server, "memory") == 1


def test_a_stopped_standby_is_found_and_replaced(tmp_path: Path) -> None:
    with RunningServer(tmp_path, standby=1, ping_seconds=0.3) as server:
        standby_ready(server)
        serving = server.ocr(picture()).json()["worker"]
        standby = next(pid for pid in server.workers() if pid != serving)
        os.kill(standby, signal.SIGSTOP)
        wait_until(lambda: not alive(standby), what="the end of the stopped standby")
        standby_ready(server, 2)
        assert server.ocr(picture()).json()["worker"] == serving


def test_workers_that_all_died_start_without_a_standby_beside_them(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2, standby=1, start=COLD_START) as server:
        standby_ready(server)
        seats = {int(pid) for pid in re.findall(r"worker \d: ready, process (\d+)", server.log)}
        standby = next(pid for pid in server.workers() if pid not in seats)
        os.kill(standby, signal.SIGKILL)
        wait_until(lambda: "the standby, process" in server.log, what="the standby's end")
        for pid in seats:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: "starting: 0 warm workers" in server.log, what="the workers' end")
        server.wait_warm(2)
        assert server.log.count("standby: ready") == 1
        standby_ready(server, 2)


def test_a_standby_whose_start_has_begun_becomes_the_worker_that_was_lost_meanwhile(tmp_path: Path) -> None:
    with RunningServer(tmp_path, standby=1, start=COLD_START) as server:
        standby_ready(server)
        first = server.ocr(picture()).json()["worker"]
        os.kill(first, signal.SIGKILL)
        wait_until(
            lambda: server.ocr(picture()).json().get("worker", first) != first, what="the standby's turn"
        )
        second = server.ocr(picture()).json()["worker"]
        old = {first, second}
        wait_until(lambda: set(server.workers()) - old, what="the next standby's start")
        [starting] = set(server.workers()) - old
        os.kill(second, signal.SIGKILL)
        wait_until(lambda: "being started takes its place" in server.log, what="its turn")
        server.wait_warm(1)
        assert server.ocr(picture()).json()["worker"] == starting
        standby_ready(server, 2)


def test_workers_and_standby_end_with_the_server(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2, standby=1) as server:
        standby_ready(server)
        processes = server.workers()
        assert len(processes) == 3
        assert server.terminate() == 0
        assert not any(alive(pid) for pid in processes)


def test_the_first_worker_is_measured_before_others_start(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        server.wait_warm(2)
        told = server.log.index("2 worker processes, no standby: a warm worker has")
        assert server.log.index("worker 0: ready") < told < server.log.index("worker 1: loaded")
