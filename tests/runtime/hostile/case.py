"""One hostile request, and how it is sent: over a socket, since no HTTP library would send it."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

REFUSED = frozenset(range(400, 500))
# Forms that are odd and not wrong: the answer may be good as well.
ODD = REFUSED | {200}
STATUS = re.compile(rb"HTTP/1\.1 (\d{3})[^\r\n]*\r\n")
ANSWER_BYTES = 4 * 1024 * 1024

Pieces = Iterable[bytes | float]  # bytes to send, or seconds to wait


@dataclass(frozen=True)
class Case:
    """pieces: what is sent, made anew each time. may_close: HTTP allows to hang up without an answer."""

    name: str
    pieces: Callable[[], Pieces]
    codes: frozenset[int] = REFUSED
    may_close: bool = False
    path: str = field(default="", compare=False)


@dataclass(frozen=True)
class Outcome:
    """What came back: status codes in order, the last body, seconds until it was all there."""

    codes: tuple[int, ...]
    body: bytes
    seconds: float

    @property
    def reason(self) -> str:
        """The `reason` of a refusal; empty where the HTTP parser answered before there was a request."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return ""
        return str(document.get("reason", "")) if isinstance(document, dict) else ""


def send(address: tuple[str, int], case: Case, seconds: float = 30.0) -> Outcome:
    """Send a case as far as the server lets it, and take what it answers until it closes or falls silent."""
    began = time.monotonic()
    with socket.create_connection(address, timeout=seconds) as caller:
        got = bytearray()
        try:
            for piece in case.pieces():
                if isinstance(piece, float):
                    if select.select([caller], [], [], piece)[0]:
                        break
                    continue
                caller.sendall(piece)
                if select.select([caller], [], [], 0)[0] or time.monotonic() - began > seconds:
                    break
        except OSError:
            pass  # it closed while we sent; what it said before may still be there
        got += _rest(caller, began + seconds)
    codes = tuple(int(code) for code in STATUS.findall(bytes(got)))
    return Outcome(codes, bytes(got).rpartition(b"\r\n\r\n")[2], time.monotonic() - began)


def _rest(caller: socket.socket, until: float) -> bytes:
    got = bytearray()
    while len(got) < ANSWER_BYTES and (left := until - time.monotonic()) > 0:
        try:
            if not select.select([caller], [], [], left)[0]:
                break
            more = caller.recv(65536)
        except OSError:
            break
        if not more:
            break
        got += more
        if _complete(bytes(got)):
            break
    return bytes(got)


def _complete(got: bytes) -> bool:
    """Whether the last answer is whole: its server may keep the connection for another."""
    head, gap, body = got.rpartition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head.rpartition(b"HTTP/1.1 ")[2])
    return bool(gap) and length is not None and len(body) >= int(length[1])


def verdict(case: Case, outcome: Outcome) -> str | None:
    """What is wrong with an outcome, or None."""
    if not outcome.codes:
        return None if case.may_close else f"{case.name}: no answer after {outcome.seconds:.1f} s"
    bad = [code for code in outcome.codes if code not in case.codes]
    if bad:
        return f"{case.name}: answered {outcome.codes} {outcome.body[:200]!r}"
    if 400 <= outcome.codes[-1] < 500 and not outcome.body:
        return f"{case.name}: {outcome.codes[-1]} without a word"
    return None


def request(
    body: bytes = b"",
    *,
    path: str = "/v1/ocr",
    method: str = "POST",
    headers: Iterable[tuple[str, str]] = (("Content-Type", "application/octet-stream"),),
    length: int | str | None = None,
    version: str = "HTTP/1.1",
) -> bytes:
    """A request that asks for the connection to be closed after its answer."""
    lines = [f"{method} {path} {version}", "Host: hostile", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def posted(
    body: bytes, kind: str = "application/octet-stream", path: str = "/v1/ocr"
) -> Callable[[], Pieces]:
    return lambda: [request(body, path=path, headers=[("Content-Type", kind)])]


def forever(piece: bytes, start: bytes, total: int) -> Iterator[bytes]:
    """A start, and then the same piece until so many bytes were sent."""
    yield start
    for _ in range(0, total, len(piece)):
        yield piece
