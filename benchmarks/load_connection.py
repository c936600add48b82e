"""One HTTP/1.1 connection that costs little: bytes that were made before go out, a reply comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Reply:
    """An answer as it came; headers' names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """Asks one thing at a time; opens itself again when the other side closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._data = bytearray()
        self._head: tuple[int, dict[str, str]] | None = None

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect to a port of this machine."""
        connection = cls(port)
        await connection._connect()
        return connection

    async def _connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, HOST, self._port)

    async def ask(self, request: bytes) -> Reply:
        """Send and wait; OSError when the connection ends first."""
        if self._transport is None or self._transport.is_closing():
            await self._connect()
        assert self._transport is not None
        self._data.clear()
        self._head = None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has another base class

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._head is None:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = head_of(bytes(self._data[:end]))
            del self._data[: end + 4]
        status, headers = self._head
        length = int(headers.get("content-length", "0"))
        if len(self._data) >= length:
            if headers.get("connection", "").lower() == "close" and self._transport is not None:
                self._transport.close()
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_result(Reply(status, headers, bytes(self._data[:length])))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError(f"the connection ended without an answer: {exc}"))


def head_of(data: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers."""
    first, *rest = data.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in rest)
    return int(first.split(" ", 2)[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
