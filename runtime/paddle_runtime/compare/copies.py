"""The shadow: copies of real requests, each sent to both revisions, compared, and forgotten.

A gateway sends the copies and waits for nothing, so that one which finds no place here is dropped and costs
nobody anything. No body outlives its comparison; what is told of it is its request's id and figures.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from paddle_runtime.compare.faults import CompareFault
from paddle_runtime.compare.flow import Asked, compare_copy
from paddle_runtime.compare.golden_set import PATH, Request
from paddle_runtime.compare.tally import Tally

MOST_HELD = 4
"""Copies that are read, or wait for their turn, or are compared: one at a time is, so that the revisions are
asked no faster than they answer."""
MOST_BYTES = 32 << 20
READ_SECONDS = 10.0
PASSED_ON = ("Inference-Header-Content-Length",)
REQUEST_ID = re.compile(r"[-._a-zA-Z0-9]{1,128}")


class Copies:
    """Takes copies until enough are compared, or until one has shown that the revisions differ."""

    def __init__(self, new: Asked, stable: Asked, tally: Tally, enough: int) -> None:
        """Make it. enough: comparisons."""
        self.skipped = 0
        """Copies that nothing can be held to: no answer of stable, or one that is not compared."""
        self._new = new
        self._stable = stable
        self._tally = tally
        self._enough = enough
        self._turn = threading.Lock()
        self._done = threading.Event()

    def wait(self, seconds: float) -> None:
        """Return when all is known, or when the time is over. Nothing is counted afterwards."""
        self._done.wait(seconds)
        with self._turn:
            self._done.set()

    def take(self, request: Request) -> None:
        """Compare one, in its turn."""
        with self._turn:
            if self._done.is_set():
                return
            try:
                held = compare_copy(request, self._new, self._stable, self._tally)
            except CompareFault:
                held = False  # a revision that does not answer is the gate's affair
            self.skipped += not held
            if self._tally.compared >= self._enough or self._tally.beyond_repair:
                self._done.set()


@contextmanager
def listening(host: str, port: int, copies: Copies) -> Iterator[int]:
    """Take copies at this port; gives the port, where 0 was asked for."""
    server = _Server((host, port), copies)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], copies: Copies) -> None:
        self.copies = copies
        self._places = threading.BoundedSemaphore(MOST_HELD)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin with a copy, or drop it before a byte is read."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place free at the end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a copy whose connection breaks is dropped."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS

    def do_POST(self) -> None:
        """Answer at once, and compare then."""
        request = self._request()
        self.close_connection = True
        self.send_response(204 if request else 400)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        if request is not None:
            self.server.copies.take(request)

    def _request(self) -> Request | None:
        """The copy, None for what runs no model or does not say its length."""
        length = self.headers.get("Content-Length", "")
        if not re.match(PATH, self.path) or not length.isdecimal() or not 0 < int(length) <= MOST_BYTES:
            return None
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            return None
        named = self.headers.get("X-Request-Id", "")
        return Request(
            name=named if REQUEST_ID.fullmatch(named) else "unnamed",
            path=self.path,
            content_type=self.headers.get("Content-Type", "application/octet-stream"),
            body=body,
            headers={name: self.headers[name] for name in PASSED_ON if name in self.headers},
        )

    def log_message(self, *args: Any) -> None:
        """Say nothing: addresses and paths are callers'."""
