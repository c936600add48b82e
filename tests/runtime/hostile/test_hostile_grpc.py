"""The gRPC corpus against the real server with its real model, while good callers are answered as usual."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from tests.digits_models import train
from tests.runtime.hostile import grpc_frames, grpc_messages, http2
from tests.runtime.hostile.http2 import INFER, Raw
from tests.runtime.hostile.test_hostile_requests import DIGITS, SERVE, Neighbour
from tests.runtime.serving.testbed import PNG, RunningServer, free_port, picture, wait_until

pytestmark = pytest.mark.timeout(300)
MODEL = "digits"
MIB = 1024 * 1024
UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
# Of the front end, over all that the corpus does to it: what gRPC keeps for reuse, not one body of a caller.
MAY_GROW_BYTES = 150 * MIB


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("digits")
    patience = {"header_timeout_seconds": 3, "body_timeout_seconds": 3}
    settings = {"model": train(folder / "bundle"), "model_name": MODEL, "grpc_port": free_port(), **patience}
    with RunningServer(folder, SERVE, **settings) as running:
        yield running


class GrpcNeighbour:
    """A good caller on a channel of its own beside the hostile ones; what went wrong is in `failures`."""

    def __init__(self, server: RunningServer) -> None:
        self.failures: list[str] = []
        self.answered = 0
        self._address = server.grpc_address
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        body = grpc_messages.request(MODEL).SerializeToString()
        with grpc.insecure_channel(self._address) as channel:
            wanted = None
            while not self._stop.wait(0.05):
                try:
                    answer = channel.unary_unary(INFER)(body, timeout=30)
                except grpc.RpcError as fault:
                    self.failures.append(f"{fault.code()} {fault.details()}")
                    continue
                self.answered += 1
                wanted = wanted or answer
                if answer != wanted:
                    self.failures.append(f"another answer: {answer[:200]!r}")

    def __enter__(self) -> GrpcNeighbour:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextlib.contextmanager
def untouched(server: RunningServer) -> Iterator[None]:
    """Good callers of both transports are answered all the while, and the server is as it was afterwards."""
    workers, before, log = server.workers(), resident(server), server.log
    with (
        Neighbour(server, f"/v2/models/{MODEL}/infer", json=DIGITS) as over_http,
        GrpcNeighbour(server) as beside,
    ):
        yield
    assert (beside.failures, over_http.failures) == ([], [])
    assert min(beside.answered, over_http.answered) > 5
    assert server.workers() == workers
    wait_until(lambda: server.metrics()["paddle_runtime_held_bytes"] == 0, what="all bodies given back")
    wait_until(lambda: server.metrics()["paddle_runtime_inflight_requests"] == 0, what="nobody inside")
    assert resident(server) - before < MAY_GROW_BYTES
    assert len(server.log) - len(log) < 1000, server.log[len(log) :][:2000]


def resident(server: RunningServer, which: str = "VmRSS") -> int:
    """Bytes of the front end; VmHWM: the most that it ever had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition(f"{which}:")[2].split()[0]) * 1024


def ends(server: RunningServer, raws: list[Raw], at_once: int) -> list[str]:
    address = ("127.0.0.1", int(server.grpc_address.rpartition(":")[2]))
    with ThreadPoolExecutor(at_once) as callers:
        found = callers.map(lambda raw: http2.verdict(raw, http2.send(address, raw)), raws)
        return [problem for problem in found if problem]


def test_hostile_bytes_end_their_own_connection_or_call_and_nothing_else(server: RunningServer) -> None:
    raws = grpc_frames.quick()
    assert len({raw.name for raw in raws}) == len(raws) > 110
    with untouched(server):
        found = ends(server, raws, at_once=4)
    assert found == [], "\n".join(found)


def test_every_hostile_message_has_a_status_that_says_why(server: RunningServer) -> None:
    messages = grpc_messages.quick(MODEL)
    assert len({message.name for message in messages}) == len(messages) > 110
    with untouched(server), grpc.insecure_channel(server.grpc_address, options=UNLIMITED) as channel:
        told = [grpc_messages.verdict(each, *grpc_messages.send(channel, each)) for each in messages]
    found = [problem for problem in told if problem]
    assert found == [], "\n".join(found)


def test_slow_senders_are_given_up_and_hold_nobody_up(server: RunningServer) -> None:
    raws = list(grpc_frames.slow()) * 5
    began = time.monotonic()
    with untouched(server):
        found = ends(server, raws, at_once=len(raws))
    assert found == [], "\n".join(found)
    assert time.monotonic() - began < 20


def test_many_silent_connections_leave_room_for_good_ones(server: RunningServer) -> None:
    address = ("127.0.0.1", int(server.grpc_address.rpartition(":")[2]))
    with untouched(server), contextlib.ExitStack() as stack:
        for number in range(400):
            silent = stack.enter_context(socket.create_connection(address, timeout=10))
            if number % 2:
                silent.sendall(http2.start())
        time.sleep(2)


@pytest.mark.parametrize("method", ["ServerLive", "ModelReady", "ModelInfer"])
def test_large_messages_of_many_callers_are_not_taken_in_together(tmp_path: Path, method: str) -> None:
    """A hundred of 19 MiB at once; two may be on their way in, or four small ones, which are none here."""
    with RunningServer(tmp_path, grpc_port=free_port(), max_held_bytes=40 * MIB) as server:
        before = resident(server)
        body = bytes(grpc_messages.field(15, bytes(19 * MIB)))
        with grpc.insecure_channel(server.grpc_address, options=UNLIMITED) as channel:
            ask = channel.unary_unary(grpc_messages.SERVICE + method)
            calls = [ask.future(body, timeout=30) for _ in range(100)]
            codes = {call.code().name for call in calls}
        assert codes <= {"OK", "NOT_FOUND", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"}
        assert resident(server, "VmHWM") - before < 300 * MIB


def test_answers_that_nobody_takes_hold_no_more_than_bodies_may(tmp_path: Path) -> None:
    """The callers' windows stay shut, so that no byte of an answer can go."""
    answer, held = 8 * MIB, 40 * MIB
    with RunningServer(tmp_path, grpc_port=free_port(), max_held_bytes=held) as server:
        before = resident(server)
        address = ("127.0.0.1", int(server.grpc_address.rpartition(":")[2]))
        ask = http2.data(http2.message(grpc_messages.whole_picture(picture(answerBytes=answer))))
        refused = 'paddle_runtime_refused_total{reason="queue_full"}'
        with contextlib.ExitStack() as stack:
            for _ in range(12):
                caller = stack.enter_context(socket.create_connection(address, timeout=10))
                caller.sendall(http2.start(struct.pack(">HI", 4, 0)) + http2.opened() + ask)
            ended = wait_until(lambda: ends_of(server) == 12 and server.metrics(), what="all ended")
            assert ended[refused] >= 8
            assert resident(server) - before < 3 * held
            assert server.client.post("/v1/ocr", content=picture(), headers=PNG).status_code == 200
            with grpc.insecure_channel(server.grpc_address) as channel:
                assert channel.unary_unary(INFER)(grpc_messages.whole_picture(picture()), timeout=10)
        with grpc.insecure_channel(server.grpc_address, options=UNLIMITED) as channel:
            large = grpc_messages.whole_picture(picture(answerBytes=answer))
            assert len(channel.unary_unary(INFER)(large, timeout=30)) > answer


def ends_of(server: RunningServer) -> float:
    """Requests that ended, good or refused."""
    return server.requests("good", 200) + server.requests("refused", 503)
