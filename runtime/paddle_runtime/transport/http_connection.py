"""One HTTP connection: uvicorn's httptools protocol with the bounds in time and size that it lacks.

A header must arrive whole in time and within its cap, a silent connection is closed, and the rest of what was
answered early (413, 431, 503) is thrown away for a moment, so that the caller can read the answer, and then
cut off. An answer that nobody takes is thrown away too.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from asyncio import TimerHandle

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from paddle_runtime.errors import RequestReason

LINGER_SECONDS = 5.0


class Connection(HttpToolsProtocol):
    """Adds `received_at` and `connected_at` (time.monotonic, seconds) to each request's state."""

    header_seconds = 10.0
    max_header_bytes = 65_536
    answer_seconds = 20.0
    _timer: TimerHandle | None = None
    _taking: TimerHandle | None = None
    _connected_at = 0.0
    # Bytes of reads in which no request began, no header ended and no body came. The parser joins the pieces
    # of a name or value one by one, so the work for an endless one would grow with its square. A read that
    # holds a beginning or an end may hold a body too; it is one read, of 256 KiB at most.
    _between_bytes = 0
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller connected; the first byte may take as long as between two requests."""
        super().connection_made(transport)
        self._connected_at = time.monotonic()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def data_received(self, data: bytes) -> None:
        """Bytes came; if they leave a header unfinished, the clock runs, and they may be too many."""
        if self._refused:
            return
        self._between_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._between_bytes > self.max_header_bytes:
            self._refuse()
        elif self._answered and self._timer is None:
            self._arm(self.header_seconds)

    def on_message_begin(self) -> None:
        """The first byte of a request: its latency counts from here."""
        super().on_message_begin()
        self._between_bytes = 0
        self.scope["state"].update(received_at=time.monotonic(), connected_at=self._connected_at)

    def on_headers_complete(self) -> None:
        """The header is whole; from here the body has its own bounds."""
        self._disarm()
        self._between_bytes = 0
        version = self.parser.get_http_version()
        if version not in {"1.0", "1.1"}:  # the parser takes HTTP/0.9, which has neither headers nor lengths
            raise ValueError(f"HTTP/{version} is not spoken here")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, whose bytes are counted by its reader."""
        self._between_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._disarm()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out; where the body is not in yet, throw the rest away for a while."""
        self._await_taking()
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body and not self.transport.is_closing():
            self._arm(LINGER_SECONDS)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP; uvicorn would answer in words of its own."""
        self.transport.write(_answer(400, f"this is no HTTP/1.1 request ({msg}); nothing of it was read"))
        self._await_taking()
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._disarm()
        if self._taking is not None:
            self._taking.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    @property
    def _answered(self) -> bool:
        """Whether no request is under way whose header is whole."""
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self) -> None:
        """Too much that is no body: a header, or what frames a body in chunks, of which nobody is told."""
        if not self._answered:
            self.transport.close()
            return
        self._refused = True
        self.transport.write(_too_large(self.max_header_bytes))
        self._await_taking()
        self._arm(LINGER_SECONDS)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._too_late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        self.transport.close()

    def _await_taking(self) -> None:
        """The last answer is written; closing waits for a caller to read it, but not for ever."""
        if self._taking is not None:
            self._taking.cancel()
        self._taking = self.loop.call_later(self.answer_seconds, self._cut_off) if self._untaken else None

    @property
    def _untaken(self) -> int:
        """Bytes that were answered and that not even the caller's kernel has taken."""
        return self.transport.get_write_buffer_size()

    def _cut_off(self) -> None:
        self._taking = None
        if self._untaken:
            self.transport.abort()


def _too_large(cap: int) -> bytes:
    return _answer(431, f"the request's header has more than {cap} bytes; send a shorter one")


def _answer(code: int, problem: str) -> bytes:
    """A whole answer to what never became a request, in the form of every other error."""
    reason = RequestReason.TOO_LARGE if code == 431 else RequestReason.MALFORMED
    own = uuid.uuid4().hex
    body = json.dumps({"error": problem, "reason": reason.value, "requestId": own}).encode()
    head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nx-request-id: {own}\r\n"
    return STATUS_LINE[code] + head.encode() + b"connection: close\r\n\r\n" + body


def connection_class(header_seconds: float, max_header_bytes: int, answer_seconds: float) -> type[Connection]:
    """The protocol class with its bounds, in the form that uvicorn's Config takes."""
    bounds = {
        "header_seconds": header_seconds,
        "max_header_bytes": max_header_bytes,
        "answer_seconds": answer_seconds,
    }
    return type("BoundedConnection", (Connection,), bounds)
