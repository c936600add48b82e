"""Just enough of HTTP/2 to speak it wrongly: frames as bytes, and what a server's frames say of the end."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.runtime.hostile.case import Pieces

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8
INFER = "/inference.GRPCInferenceService/ModelInfer"
Pair = tuple[str | bytes, str | bytes]


def frame(
    kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0, length: int | None = None
) -> bytes:
    """One frame, whose length may be a lie."""
    said = len(payload) if length is None else length
    return said.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def integer(value: int, prefix: int = 7) -> bytes:
    """HPACK's form of a number whose first byte has so many bits for it."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([value])
    told, value = [most], value - most
    while value >= 128:
        told.append(value % 128 + 128)
        value //= 128
    return bytes([*told, value])


def packed(pairs: Iterable[Pair], *, kept: bool = False) -> bytes:
    """Headers in HPACK's longest form: each with its name and value as they are. kept: into the table."""
    out = bytearray()
    for pair in pairs:
        out.append(0x40 if kept else 0x00)
        for text in pair:
            data = text if isinstance(text, bytes) else text.encode()
            out += integer(len(data)) + data
    return bytes(out)


def call(path: str | bytes = INFER, *more: Pair, **changes: str | None) -> bytes:
    """The header block of a gRPC call; `changes` replace or (None) drop a header, named as in Python."""
    pairs = {
        ":method": "POST", ":scheme": "http", ":path": path, ":authority": "hostile",
        "te": "trailers", "content-type": "application/grpc",
    }  # fmt: skip
    named = {name.strip("_").replace("_", "-"): value for name, value in changes.items()}
    named = {(f":{name}" if f":{name}" in pairs else name): value for name, value in named.items()}
    told = {**pairs, **named}
    return packed([*((name, value) for name, value in told.items() if value is not None), *more])


def opened(stream: int = 1, block: bytes | None = None, *, flags: int = END_HEADERS) -> bytes:
    """A stream's HEADERS."""
    return frame(HEADERS, call() if block is None else block, flags=flags, stream=stream)


def message(body: bytes, *, compressed: int = 0, length: int | None = None) -> bytes:
    """A gRPC message behind its prefix, which may lie."""
    said = len(body) if length is None else length
    return bytes([compressed]) + said.to_bytes(4, "big") + body


def data(body: bytes, stream: int = 1, *, last: bool = True) -> bytes:
    """DATA frames of at most 16 KiB, as HTTP/2 has them at first."""
    pieces = [body[at : at + 16_384] for at in range(0, len(body), 16_384)] or [b""]
    ends = [END_STREAM if last and at == len(pieces) - 1 else 0 for at in range(len(pieces))]
    return b"".join(
        frame(DATA, each, flags=end, stream=stream) for each, end in zip(pieces, ends, strict=True)
    )


def start(settings: bytes = b"") -> bytes:
    """The preface and the settings that belong to it."""
    return PREFACE + frame(SETTINGS, settings)


@dataclass(frozen=True)
class Raw:
    """Bytes for the gRPC port. ends: whether the server has to end the call or the connection by itself."""

    name: str
    pieces: Callable[[], Pieces]
    ends: bool = True


@dataclass(frozen=True)
class End:
    """What came back: how it ended, whether a call was answered with a message, and the seconds it took."""

    how: str
    answered: bool
    seconds: float


def send(address: tuple[str, int], raw: Raw, seconds: float = 15.0) -> End:
    """Send as far as the server lets it; then wait until it ends the call or the connection."""
    began, got, how = time.monotonic(), bytearray(), "open"
    with socket.create_connection(address, timeout=seconds) as caller:
        try:
            for piece in raw.pieces():
                if not isinstance(piece, float):
                    caller.sendall(piece)
                _take(caller, got, piece if isinstance(piece, float) else 0.0)
                if _how(bytes(got)) != "open" or time.monotonic() - began > seconds:
                    break
            until = time.monotonic() + 1.0 if not raw.ends else began + seconds
            while (how := _how(bytes(got))) == "open" and (left := until - time.monotonic()) > 0:
                _take(caller, got, left)
        except OSError:
            how = "closed"
    return End(how, any(kind == DATA for kind, _ in _frames(bytes(got))), time.monotonic() - began)


def _take(caller: socket.socket, got: bytearray, seconds: float) -> None:
    """What has come, or comes within so long; ConnectionError where the server closed."""
    while select.select([caller], [], [], seconds)[0]:
        more = caller.recv(65_536)
        if not more:
            raise ConnectionError
        got += more
        seconds = 0.0


def _how(got: bytes) -> str:
    ends = {RESET: "reset", GOAWAY: "goaway", HEADERS: "status"}
    for kind, flags in _frames(got):
        if kind in ends and (kind != HEADERS or flags & END_STREAM):
            return ends[kind]
    return "open"


def _frames(got: bytes) -> Iterable[tuple[int, int]]:
    place = 0
    while place + 9 <= len(got):
        yield got[place + 3], got[place + 4]
        place += 9 + int.from_bytes(got[place : place + 3], "big")


def verdict(raw: Raw, end: End) -> str | None:
    """What is wrong with an end, or None."""
    if end.answered:
        return f"{raw.name}: answered"
    if raw.ends and end.how == "open":
        return f"{raw.name}: nothing after {end.seconds:.1f} s"
    return None
