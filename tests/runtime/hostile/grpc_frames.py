"""Hostile bytes for the gRPC port: other protocols, broken HTTP/2, floods, lying message prefixes."""

# ruff: noqa: E501  each line is one attack

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from tests.runtime.hostile.case import Pieces, forever
from tests.runtime.hostile.http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH,
    RESET,
    SETTINGS,
    WINDOW,
    Raw,
    call,
    data,
    frame,
    integer,
    message,
    opened,
    packed,
    start,
)

MIB = 1024 * 1024
# What gRPC's library steps over, though HTTP/2 asks for the connection's end.
STEPPED_OVER = frozenset(
    {
        "a ping on a stream", "a window beyond 2^31", "data on no stream", "data on a stream that is not open", "headers on no stream",
        "headers on an even stream", "a reset of no stream", "a reset of a stream that is not open", "a stream that depends on itself",
    }
)  # fmt: skip
NOISE = random.Random(1).randbytes(20_000)


def other_protocols() -> Iterator[Raw]:
    texts: dict[str, bytes] = {
        "noise": NOISE, "zeros": bytes(20_000), "ones": b"\xff" * 20_000, "HTTP/1.1": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "an HTTP/1.1 request with a body": b"POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        "an upgrade to h2c": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), "mail": b"EHLO hostile\r\n", "a preface with a letter wrong": PREFACE.replace(b"SM", b"SN") + frame(SETTINGS),
        "noise behind the preface": PREFACE + NOISE, "zeros behind the preface": PREFACE + bytes(20_000), "noise behind the settings": start() + NOISE,
        "another frame first": PREFACE + opened() + frame(SETTINGS), "HTTP/1.1 behind the preface": PREFACE + b"GET / HTTP/1.1\r\n\r\n",
    }  # fmt: skip
    for name, text in texts.items():
        yield Raw(name, lambda text=text: [text])  # type: ignore[misc]


def frames() -> Iterator[Raw]:
    """One frame that HTTP/2 forbids."""
    unsigned = struct.Struct(">HI").pack
    wrong: dict[str, bytes] = {
        "settings of 5 bytes": frame(SETTINGS, bytes(5)), "settings on a stream": frame(SETTINGS, stream=1), "an acknowledgement with content": frame(SETTINGS, bytes(6), flags=1),
        "a window of 2^32-1": frame(SETTINGS, unsigned(4, 2**32 - 1)), "frames of at most 0 bytes": frame(SETTINGS, unsigned(5, 0)), "frames of 4 GiB": frame(SETTINGS, unsigned(5, 2**32 - 1)),
        "a ping of 7 bytes": frame(PING, bytes(7)), "a ping on a stream": frame(PING, bytes(8), stream=1), "a window of nothing": frame(WINDOW, bytes(4)),
        "a window of 3 bytes": frame(WINDOW, bytes(3)), "a window beyond 2^31": frame(WINDOW, b"\x7f\xff\xff\xff") * 2, "a push": opened() + frame(PUSH, bytes(4) + call(), flags=END_HEADERS, stream=1),
        "data on no stream": frame(DATA, b"a"), "data on a stream that is not open": frame(DATA, b"a", stream=5), "headers on no stream": opened(0), "headers on an even stream": opened(2),
        "streams that go back": opened(5) + opened(3), "the same stream twice": opened(1, flags=END_HEADERS | END_STREAM) * 2, "a reset of no stream": frame(RESET, bytes(4)),
        "a reset of a stream that is not open": frame(RESET, bytes(4), stream=7), "a reset of 3 bytes": opened() + frame(RESET, bytes(3), stream=1),
        "a continuation of nothing": frame(CONTINUATION, b"", flags=END_HEADERS, stream=1), "headers interrupted by a ping": opened(flags=0) + frame(PING, bytes(8)),
        "headers interrupted by another stream": opened(flags=0) + opened(3), "more padding than frame": frame(HEADERS, b"\xff" + call(), flags=END_HEADERS | PADDED, stream=1),
        "data of padding alone": opened() + frame(DATA, b"\x05a", flags=PADDED, stream=1), "a frame of 16 MiB": frame(DATA, bytes(100_000), stream=1, length=2**24 - 1),
        "headers of 16 MiB": frame(HEADERS, bytes(100_000), flags=END_HEADERS, stream=1, length=2**24 - 1), "a header block of noise": opened(block=NOISE[:5000]),
        "a header that is not in the table": opened(block=b"\xff" + integer(2**20)[1:]), "a number without an end": opened(block=b"\xff" * 2000),
        "a table of 4 GiB": opened(block=b"\x3f\xe1\xff\xff\xff\x0f" + call()), "a name longer than its block": opened(block=b"\x00\x7f\xff\xff\xff\x07a"),
        "Huffman code that is none": opened(block=b"\x00\x84\xff\xff\xff\xff\x81\xff"), "a stream that depends on itself": frame(PRIORITY, b"\x00\x00\x00\x01\x00", stream=1) + frame(DATA, b"", stream=1),
    }  # fmt: skip
    for name, text in wrong.items():
        yield Raw(f"frames: {name}", lambda text=text: [start() + text], ends=name not in STEPPED_OVER)  # type: ignore[misc]
    yield Raw("frames: an unknown kind", lambda: [start() + frame(0xEE, NOISE[:1000])], ends=False)
    yield Raw(
        "frames: goodbye, and a call", lambda: [start() + frame(GOAWAY, bytes(8)) + opened()], ends=False
    )


def headers() -> Iterator[Raw]:
    """A call whose headers are wrong or too much."""
    last = END_HEADERS | END_STREAM
    blocks: dict[str, bytes] = {
        "another method": call(method="GET"), "no method": call(method=None), "no path": packed([(":method", "POST"), (":scheme", "http"), ("te", "trailers"), ("content-type", "application/grpc")]),
        "an empty path": call(""), "a path of 7 KiB": call("/" + "a" * 7000), "a path of 60 KiB": call("/" + "a" * 60_000), "another service": call("/x.Y/Z"), "another procedure": call("/inference.GRPCInferenceService/Nothing"),
        "a path with a NUL": call("/inference.GRPCInferenceService/ModelInfer\0"), "a path upwards": call("/../../etc/passwd"), "a page for people": call(content_type="text/html"),
        "no type": call(content_type=None), "no trailers wanted": call(te=None), "capital letters": call("/a", ("X-Capital", "a")), "two paths": call("/a", (":path", "/b")),
        "a header for the connection": call("/a", ("connection", "close"), ("transfer-encoding", "chunked")), "a line feed in a value": call("/a", ("x", "a\r\nb: c")), "bytes in a value": call("/a", ("x", b"\xff\xfe\x00")),
        "bytes in a name": call("/a", (b"\xff\xfe", "a")), "what should be base64": call("/a", ("x-bin", "!!!")), "a pseudo-header of its own": call("/a", (":hostile", "a")),
        **{f"a deadline of {text!r}": call("/a", ("grpc-timeout", text)) for text in ("", "soon", "-1S", "99999999H", "1" * 5000 + "S", "0n")},
        "a length that lies": call("/a", ("content-length", "99999999999999999999")), "1000 headers": call("/a", *((f"x{n}", "a") for n in range(1000))), "a header of 15 KiB": call("/a", ("x", "a" * 15_000)),
        "an id of markup": call("/a", ("x-request-id", "<script>")), "another encoding": call("/a", ("grpc-encoding", "hostile")), "an encoding of 5 KiB": call("/a", ("grpc-encoding", "h" * 5000)),
    }  # fmt: skip
    for name, block in blocks.items():
        pieces = [block[at : at + 16_000] for at in range(0, len(block), 16_000)]
        text = frame(
            HEADERS, pieces[0], flags=END_STREAM | (END_HEADERS if len(pieces) == 1 else 0), stream=1
        )
        for at, piece in enumerate(pieces[1:], start=2):
            text += frame(CONTINUATION, piece, flags=END_HEADERS if at == len(pieces) else 0, stream=1)
        yield Raw(f"headers: {name}", lambda text=text: [start() + text])  # type: ignore[misc]
    big = frame(CONTINUATION, packed([("x", "a" * 16_000)]), stream=1)
    empty = frame(CONTINUATION, b"", stream=1)
    yield Raw("headers: 64 MiB in continuations", lambda: forever(big, start() + opened(flags=0), 64 * MIB))
    yield Raw(
        "headers: a million empty continuations",
        lambda: forever(empty * 1000, start() + opened(flags=0), 9 * MIB),
        ends=False,
    )
    stored = packed([("x", "a" * 4000)], kept=True)
    bomb = stored + bytes([0x80 | 62]) * 12_000
    yield Raw(
        "headers: 4 KiB, 12000 times from the table",
        lambda: [start() + opened(block=call("/a") + bomb, flags=last)],
    )
    yield Raw(
        "headers: the table filled and emptied",
        lambda: [
            start()
            + b"".join(
                opened(2 * n + 1, call("/a") + packed([(f"x{n}", "a" * 3000)], kept=True), flags=last)
                for n in range(200)
            )
        ],
    )


def messages() -> Iterator[Raw]:
    """A call whose message is not what its prefix says."""
    body = b"\x0a\x06digits"
    gzip = call("/inference.GRPCInferenceService/ModelInfer", ("grpc-encoding", "gzip"))
    wrong: dict[str, tuple[bytes, bytes]] = {
        "no message": (call(), b""), "half a prefix": (call(), b"\x00\x00"), "a length beyond the end": (call(), message(body, length=100)), "a length of 4 GiB": (call(), message(body, length=2**32 - 1)),
        "a length of 2 GiB": (call(), message(body, length=2**31)), "a length over the cap": (call(), message(body, length=21 * MIB)), "a length that is too short": (call(), message(body, length=3)),
        "two messages": (call(), message(body) * 2), "1000 empty messages": (call(), message(b"") * 1000), "packed, and no word how": (call(), message(NOISE[:100], compressed=1)),
        "packed noise": (gzip, message(NOISE[:100], compressed=1)), "packed as identity": (call("/inference.GRPCInferenceService/ModelInfer", ("grpc-encoding", "identity")), message(body, compressed=1)),
        "a mark that is none": (call(), message(body, compressed=2)), "a mark of 255": (call(), message(body, compressed=255)), "noise": (call(), NOISE), "text": (call(), b"{}" * 1000),
    }  # fmt: skip
    for name, (block, text) in wrong.items():
        yield Raw(
            f"message: {name}", lambda block=block, text=text: [start() + opened(block=block) + data(text)]
        )  # type: ignore[misc]
    cap = message(b"", length=25 * MIB)
    yield Raw("message: over the cap, and sent", lambda: _as_the_window_lets(cap))
    for procedure in ("ModelReady", "ModelMetadata"):
        block = call(f"/inference.GRPCInferenceService/{procedure}")
        yield Raw(
            f"message: noise for {procedure}",
            lambda block=block: [start() + opened(block=block) + data(message(NOISE[:1000]))],
        )  # type: ignore[misc]


def _as_the_window_lets(start_of_message: bytes) -> Pieces:
    yield start() + opened()
    yield data(start_of_message + bytes(60_000), last=False)


def floods() -> Iterator[Raw]:
    """Much of what is allowed once."""
    yield Raw("flood: pings", lambda: forever(frame(PING, bytes(8)) * 1000, start(), 4 * MIB))
    yield Raw(
        "flood: settings",
        lambda: forever(frame(SETTINGS, struct.pack(">HI", 4, 65_535)) * 1000, start(), 4 * MIB),
        ends=False,
    )
    yield Raw(
        "flood: windows", lambda: forever(frame(WINDOW, b"\0\0\0\1") * 1000, start(), 4 * MIB), ends=False
    )
    yield Raw(
        "flood: priorities",
        lambda: forever(frame(PRIORITY, bytes(5), stream=1) * 1000, start(), 4 * MIB),
        ends=False,
    )
    yield Raw(
        "flood: empty data",
        lambda: forever(frame(DATA, b"", stream=1) * 1000, start() + opened(), 4 * MIB),
        ends=False,
    )
    yield Raw(
        "flood: unknown frames", lambda: forever(frame(0xEE, bytes(100)) * 1000, start(), 8 * MIB), ends=False
    )
    yield Raw("flood: calls that are taken back", lambda: _taken_back(20_000), ends=False)
    yield Raw(
        "flood: more calls than are allowed",
        lambda: [start() + b"".join(opened(2 * n + 1) for n in range(2000))],
        ends=False,
    )
    yield Raw(
        "flood: refused calls",
        lambda: [
            start()
            + b"".join(opened(2 * n + 1, call("/a"), flags=END_HEADERS | END_STREAM) for n in range(5000))
        ],
    )


def _taken_back(count: int) -> Pieces:
    yield start()
    for first in range(0, count, 500):
        streams = range(2 * first + 1, 2 * (first + 500) + 1, 2)
        yield b"".join(opened(n) + frame(RESET, b"\0\0\0\x08", stream=n) for n in streams)


def slow() -> Iterator[Raw]:
    """Each takes as long as the server lets it: to be sent at one time."""

    def drip(first: bytes, rest: bytes) -> Pieces:
        yield first
        for place in range(len(rest)):
            yield rest[place : place + 1]
            yield 0.1

    yield Raw("slow: nothing at all", lambda: [b"", 30.0])
    yield Raw("slow: half a preface", lambda: [PREFACE[:10], 30.0])
    yield Raw("slow: a preface that drips", lambda: drip(b"", PREFACE + frame(SETTINGS) * 20))
    yield Raw("slow: a call without a message", lambda: [start() + opened(), 30.0])
    yield Raw(
        "slow: a message that drips",
        lambda: drip(
            start() + opened(), b"".join(data(message(bytes(200))[n : n + 1], last=False) for n in range(200))
        ),
    )
    yield Raw(
        "slow: half a message",
        lambda: [start() + opened() + data(message(b"abc", length=1000), last=False), 30.0],
    )


def quick() -> list[Raw]:
    """All but the slow ones."""
    return [*other_protocols(), *frames(), *headers(), *messages(), *floods()]
