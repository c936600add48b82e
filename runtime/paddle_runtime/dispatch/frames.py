"""The wire between front end and worker: one JSON object and raw bytes, each with its length before it.

    4 bytes  length of the JSON part, big endian
    4 bytes  length of the payload
    JSON     what this is and all that is small
    payload  bodies that have no room in the shared memory, one behind the other

Front end to worker:  {"type": "open", ...} once, then {"type": "batch", ...} and {"type": "ping"}
Worker to front end:  {"type": "progress" | "warm" | "fault", ...}, then {"type": "answers", ...} and "pong"

Pictures and answers travel in the shared memory (slab.py); exchange.py says how batches are laid out.
Nothing is pickled and no array is parsed on the way.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Buffer = bytes | bytearray | memoryview
LENGTHS = struct.Struct("!II")
MAX_HEADER_BYTES = 64 * 1024 * 1024
MAX_PAYLOAD_BYTES = 2**31 - 1


class BrokenFrame(Exception):
    """The other side sent something that is no frame, or went away in the middle of one."""


@dataclass(frozen=True)
class Frame:
    """One message."""

    header: dict[str, Any]
    payload: bytes | bytearray = b""

    @property
    def kind(self) -> str:
        """What this message is."""
        return str(self.header.get("type", ""))


def encode(header: Mapping[str, Any], payload: Sequence[Buffer] = ()) -> list[Buffer]:
    """The buffers to write, in order; the parts of the payload are not copied."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    size = sum(map(len, payload))
    if len(text) > MAX_HEADER_BYTES or size > MAX_PAYLOAD_BYTES:
        raise BrokenFrame(f"a frame of {len(text)} + {size} bytes is over the wire's bounds")
    return [LENGTHS.pack(len(text), size) + text, *payload]


def decode_header(text: bytes | bytearray) -> dict[str, Any]:
    """The JSON part, which is always an object."""
    try:
        header = json.loads(text)
    except ValueError as error:
        raise BrokenFrame(f"a frame's header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise BrokenFrame(f"a frame's header is {type(header).__name__}, not an object")
    return header


def decode_lengths(prefix: bytes | bytearray) -> tuple[int, int]:
    """Lengths of JSON and payload, within bounds."""
    header_bytes, payload_bytes = LENGTHS.unpack(prefix)
    if header_bytes > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise BrokenFrame(f"a frame announces {header_bytes} + {payload_bytes} bytes, over the wire's bounds")
    return header_bytes, payload_bytes


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """The front end's side; asyncio.IncompleteReadError when the worker is gone."""
    header_bytes, payload_bytes = decode_lengths(await reader.readexactly(LENGTHS.size))
    header = decode_header(await reader.readexactly(header_bytes))
    return Frame(header, await reader.readexactly(payload_bytes) if payload_bytes else b"")


def send_frame(connection: socket.socket, header: Mapping[str, Any], payload: Sequence[Buffer] = ()) -> None:
    """The worker's side, blocking."""
    for part in encode(header, payload):
        connection.sendall(part)


def receive_frame(connection: socket.socket) -> Frame | None:
    """The worker's side, blocking; None when the front end is gone."""
    prefix = _receive(connection, LENGTHS.size)
    if prefix is None:
        return None
    header_bytes, payload_bytes = decode_lengths(prefix)
    text = _receive(connection, header_bytes)
    payload = _receive(connection, payload_bytes)
    if text is None or payload is None:
        return None
    return Frame(decode_header(text), payload)


def _receive(connection: socket.socket, size: int) -> bytearray | None:
    """Exactly `size` bytes, or None at the end of the stream."""
    buffer = bytearray(size)
    view, filled = memoryview(buffer), 0
    while filled < size:
        count = connection.recv_into(view[filled:])
        if count == 0:
            return None
        filled += count
    return buffer
