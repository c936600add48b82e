"""The page is sent again while the gateway does not know the route yet; what cannot be read is one line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hack.demo import reading
from hack.demo.reading import Reachable, Unread, post

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
NOT_YET = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 8\r\nconnection: close\r\n\r\nno route"
WRONG = b"HTTP/1.1 415 Unsupported Media Type\r\ncontent-length: 4\r\nconnection: close\r\n\r\nwhat"
CUT = b""


@contextmanager
def gateway(*answers: bytes) -> Iterator[Reachable]:
    """Gives each connection its answer and closes it; an empty answer is a connection cut short."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for answer in answers:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Reachable(f"http://127.0.0.1:{listening.getsockname()[1]}", "ocr.example.com")
        thread.join()


def test_a_cut_connection_and_a_route_on_its_way_are_tried_again() -> None:
    with gateway(CUT, NOT_YET, OK) as service:
        assert post(service, b"page").status_code == 200


def test_an_answer_that_will_not_change_is_told_at_once() -> None:
    with gateway(WRONG) as service, pytest.raises(Unread, match="answered 415: what"):
        post(service, b"page")


def test_a_gateway_that_stays_away_is_told_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROUTE_SECONDS", 0.0)
    with gateway(CUT) as service, pytest.raises(Unread, match=rf"{service.url}/v1/ocr .* could not be"):
        post(service, b"page")
