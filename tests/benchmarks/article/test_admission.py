"""What a simulated pod takes is what the runtime's admission takes."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.article.clock import Clock
from benchmarks.article.pod import Pod, Requester
from benchmarks.article.request import Failure, Request
from paddle_runtime.admission import Room, admit
from tests.benchmarks.article.given import RULES, a_world, always, counted, exponential

PROMISED = {"promised_seconds": 0.3, "queue": 64, "request_timeout_seconds": 30.0}


class Nobody:
    """A gateway that only listens."""

    def __init__(self) -> None:
        self.refused = 0

    def answered(self, request: Request) -> None: ...
    def wait_for(self, request: Request) -> None: ...
    def connect_in_vain(self, request: Request) -> None: ...

    def failed(self, request: Request, failure: Failure) -> None:
        assert failure is Failure.REFUSED
        self.refused += 1


def test_an_idle_worker_takes_what_the_runtime_takes_though_it_is_not_asked() -> None:
    gateway: Requester = Nobody()
    for base in (0.01, 0.25, 0.5, 3.0):
        pod = Pod(replace(RULES, **PROMISED), Clock(0.0), lambda: gateway, 0)  # type: ignore[arg-type]
        request = Request(0.0, base)
        room = Room(64, 1 << 40, 30.0)
        assert admit(pod.load(), room, pod.wish(), [pod.prediction(request)], refused_in_row=0, now=0.0)
        assert pod.terms_of(request) is not None


def test_what_is_taken_under_overload_stays_inside_the_promise() -> None:
    world = a_world(exponential(0.05), rules=PROMISED, retry=False, threshold_seconds=0.3)
    counts = counted(world, 60.0, 100.0)  # three times what it can do
    assert counts.refused > 0.3 * counts.total
    short = counts.in_time / counts.good
    assert short > 0.9  # the rest could not have been in time on an idle server either
    # it is never idle; what it takes is cheaper than the average, as on the real server
    assert counts.good / 100.0 > 1.5 * 20.0


def test_without_admission_everybody_is_late() -> None:
    rules = {"queue": 64, "request_timeout_seconds": 30.0}
    counts = counted(a_world(always(0.05), rules=rules, retry=False, threshold_seconds=0.3), 60.0, 100.0)
    assert counts.in_time == 0
    assert counts.latency(0.5) > 3.0


def test_a_refused_request_is_taken_by_another_pod() -> None:
    world = a_world(exponential(0.05), rules=PROMISED)
    alone = counted(world, 15.0, 600.0)
    together = counted(world, 15.0 * 4, 600.0, pods=4)
    assert together.refused / together.total < alone.refused / alone.total / 4
