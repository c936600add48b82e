"""Headers without end and answers that nobody takes, on real connections: bounded, and nobody notices."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.runtime.serving.testbed import RunningServer, picture, wait_until

CAP = 65_536
CHUNKED = b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS_HEADERS = {
    "a name": (b"GET /health HTTP/1.1\r\n", b"a" * 1_000_000),
    "a value": (b"GET /health HTTP/1.1\r\nX: ", b"a" * 1_000_000),
    "an address": (b"GET /", b"a" * 1_000_000),
    "many lines": (b"GET /health HTTP/1.1\r\n", b"a:b\r\n" * 200_000),
    "empty lines": (b"", b"\r\n" * 500_000),
}
ENDLESS_FRAMES = {
    "a trailer's name": (CHUNKED + b"3\r\nabc\r\n0\r\n", b"a" * 1_000_000),
    "a trailer's value": (CHUNKED + b"3\r\nabc\r\n0\r\nX: ", b"a" * 1_000_000),
    "many trailers": (CHUNKED + b"3\r\nabc\r\n0\r\n", b"a:b\r\n" * 200_000),
    "a chunk's extension": (CHUNKED + b"3;a=", b"a" * 1_000_000),
    "a chunk's size": (CHUNKED, b"0" * 1_000_000),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server"), header_timeout_seconds=5) as running:
        yield running


def connected(server: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def received(caller: socket.socket, mark: bytes, count: int) -> bytes:
    """What comes until it holds the mark so many times."""
    got, seen = bytearray(), 0
    while seen < count:
        more = caller.recv(65536)
        assert more, bytes(got)
        unread = max(0, len(got) - len(mark) + 1)  # what is long is not read again with all that comes
        got += more
        seen += got.count(mark, unread)
    return bytes(got)


def pour(server: RunningServer, start: bytes, more: bytes) -> bytes:
    """Send without end, until the server answers or closes; what it answered."""
    with connected(server) as caller:
        try:
            caller.sendall(start)
            until = time.monotonic() + 8
            while not select.select([caller], [], [], 0)[0]:
                assert time.monotonic() < until, "nobody stops it"
                caller.sendall(more)
            return caller.recv(65536)
        except ConnectionError:
            return b""


def slowest_health_during(
    server: RunningServer, streams: list[tuple[bytes, bytes]]
) -> tuple[float, list[bytes]]:
    """Seconds of the slowest /health while endless streams come in, and what these were answered."""
    with ThreadPoolExecutor() as pool:
        pouring = [pool.submit(pour, server, *stream) for stream in streams]
        slowest = 0.0
        while not all(each.done() for each in pouring):
            began = time.monotonic()
            assert server.get("/health").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
        return slowest, [each.result() for each in pouring]


@pytest.mark.parametrize("name", ENDLESS_HEADERS)
def test_a_header_without_end_is_a_431_and_stalls_nobody(server: RunningServer, name: str) -> None:
    slowest, answers = slowest_health_during(server, [ENDLESS_HEADERS[name]] * 2)
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 ")
        assert b"connection: close" in head
        assert json.loads(body)["reason"] == "too_large"
        assert f"more than {CAP} bytes" in json.loads(body)["error"]
    assert slowest < 2


@pytest.mark.parametrize("name", ENDLESS_FRAMES)
def test_the_frame_of_a_chunked_body_has_an_end_too(server: RunningServer, name: str) -> None:
    began = time.monotonic()
    slowest, answers = slowest_health_during(server, [ENDLESS_FRAMES[name]] * 2)
    assert time.monotonic() - began < 5  # a body may take 20 s
    assert set(answers) <= {b""} or all(answer.startswith(b"HTTP/1.1 4") for answer in answers)
    assert slowest < 2
    assert server.metrics()["paddle_runtime_held_bytes"] == 0


def test_a_refused_caller_that_goes_on_sending_can_read_why_and_is_cut_off(server: RunningServer) -> None:
    with connected(server) as caller:
        caller.sendall(b"GET /" + b"a" * 2_000_000)
        time.sleep(0.2)
        caller.sendall(b"a" * 1_000_000)
        assert caller.recv(65536).startswith(b"HTTP/1.1 431 ")
        assert caller.recv(65536) == b""


def test_the_cap_counts_what_came_beside_beginning_and_end(tmp_path: Path) -> None:
    with RunningServer(tmp_path, max_header_bytes=4096) as server:
        for pieces, code in ((4, 200), (5, 431)):
            with connected(server) as caller:
                caller.sendall(b"GET /health HTTP/1.1\r\nX: ")
                for _ in range(pieces):
                    time.sleep(0.05)
                    caller.sendall(b"a" * 1024)
                time.sleep(0.05)
                caller.sendall(b"\r\nHost: x\r\n\r\n")
                assert caller.recv(65536).startswith(b"HTTP/1.1 %d " % code)


def test_many_requests_at_once_are_answered_though_together_they_are_over_the_cap(
    server: RunningServer,
) -> None:
    data = picture(padding=100_000)
    filler = b"X-Filler: " + b"a" * 20_000 + b"\r\n"
    one = b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\n" + filler + b"Content-Length: %d\r\n\r\n" % len(data) + data
    with connected(server) as caller:
        sender = threading.Thread(target=caller.sendall, args=(one * 8,))
        sender.start()
        assert received(caller, b"totalMs", 8).count(b"HTTP/1.1 200") == 8
        sender.join()


def test_a_header_that_begins_behind_a_large_body_is_not_charged_for_it(tmp_path: Path) -> None:
    data = picture(padding=50_000)
    with RunningServer(tmp_path, max_header_bytes=4096) as server, connected(server) as caller:
        caller.sendall(
            b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data[:9]
        )
        time.sleep(0.05)
        caller.sendall(data[9:] + b"GET /health HTTP/1.1\r\nHost: x")
        time.sleep(0.05)
        caller.sendall(b"\r\n\r\n")
        received(caller, b"HTTP/1.1 200", 2)


@pytest.mark.parametrize("before", [b"", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_header_that_drips_is_given_up_though_it_never_pauses(tmp_path: Path, before: bytes) -> None:
    with RunningServer(tmp_path, header_timeout_seconds=0.6) as server, connected(server) as caller:
        if before:
            caller.sendall(before)
            received(caller, b'"ready"}', 1)
        began = time.monotonic()
        caller.sendall(b"GET /health HTTP/1.1\r\nX: ")
        with contextlib.suppress(ConnectionError):  # a byte that comes after the end resets
            while time.monotonic() - began < 5 and not select.select([caller], [], [], 0.1)[0]:
                caller.sendall(b"a")
            assert caller.recv(65536) == b""
        assert time.monotonic() - began < 3


def held_open(server_port: int, caller_port: int) -> bool:
    """Whether the server's end of a connection is open (state 1), whatever its kernel has left to send."""
    ends = f":{server_port:04X}", f":{caller_port:04X}"
    rows = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any((here[-5:], there[-5:], state) == (*ends, "01") for here, there, state in rows)


@pytest.mark.parametrize("connection", [b"keep-alive", b"close"])
def test_an_answer_that_nobody_reads_is_not_held_for_ever(tmp_path: Path, connection: bytes) -> None:
    data = picture(answerBytes=8_000_000)
    head = b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nConnection: %b\r\nContent-Length: %d\r\n\r\n"
    with RunningServer(tmp_path, body_timeout_seconds=1) as server, socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.settimeout(20)
        caller.connect(("127.0.0.1", server.port))
        caller.sendall(head % (connection, len(data)) + data)
        assert caller.recv(15) == b"HTTP/1.1 200 OK"
        own = caller.getsockname()[1]
        assert held_open(server.port, own)
        wait_until(lambda: not held_open(server.port, own), what="the connection cut off")


def test_an_answer_that_is_read_in_time_is_whole_and_its_connection_lives(tmp_path: Path) -> None:
    data = picture(answerBytes=8_000_000)
    with RunningServer(tmp_path, body_timeout_seconds=3) as server, connected(server) as caller:
        caller.sendall(b"POST /v1/ocr HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        time.sleep(0.5)
        assert len(received(caller, b"totalMs", 1)) > 8_000_000
        time.sleep(3)
        caller.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        received(caller, b"HTTP/1.1 200", 1)
