"""One HTTP connection: uvicorn's httptools protocol with the time bounds that it lacks.

A header must arrive whole in time, a silent connection is closed, and the rest of a body that was answered
early (413, 503) is thrown away for a moment, so that the caller can read the answer, and then cut off.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER_SECONDS = 5.0


class Connection(HttpToolsProtocol):
    """Adds `received_at` and `connected_at` (time.monotonic, seconds) to each request's state."""

    header_seconds = 10.0
    _timer: TimerHandle | None = None
    _connected_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller connected; the first byte may take as long as between two requests."""
        super().connection_made(transport)
        self._connected_at = time.monotonic()
        self._arm(self.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        """Bytes came; if they leave a header unfinished, the clock runs."""
        if self.cycle is None and self._timer is not None:
            self._disarm()
        super().data_received(data)
        between_requests = self.cycle is None or self.cycle.response_complete
        if between_requests and self._timer is None and not self.transport.is_closing():
            self._arm(self.header_seconds)

    def on_message_begin(self) -> None:
        """The first byte of a request: its latency counts from here."""
        super().on_message_begin()
        self.scope["state"].update(received_at=time.monotonic(), connected_at=self._connected_at)

    def on_headers_complete(self) -> None:
        """The header is whole; from here the body has its own time bound."""
        self._disarm()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._disarm()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out; where the body is not in yet, throw the rest away for a while."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body and not self.transport.is_closing():
            self._arm(LINGER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._disarm()
        super().connection_lost(exc)

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


def connection_class(header_seconds: float) -> type[Connection]:
    """The protocol class with its time bound, in the form that uvicorn's Config takes."""
    return type("BoundedConnection", (Connection,), {"header_seconds": header_seconds})
