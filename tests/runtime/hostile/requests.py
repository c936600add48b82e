"""Hostile requests: bodies, forms, JSON, tensors, addresses, headers, framing."""

# ruff: noqa: E501  each line is one request

from __future__ import annotations

from collections.abc import Iterator

from tests.runtime.hostile.case import ODD, REFUSED, Case, Pieces, forever, posted, request
from tests.runtime.hostile.json_requests import CODED, JSON, METADATA, PICTURE, ocr_json, paddlex_json
from tests.runtime.hostile.pictures import MIB, ODD_PICTURES, REFUSED_PICTURES, cut_pictures, plain
from tests.runtime.hostile.png_and_jpeg import SIDE
from tests.runtime.hostile.webp_bmp_tiff import moving, tiff

FORM = "multipart/form-data; boundary=b"
GIB = 1024 * MIB
OCR = b"POST /v1/ocr HTTP/1.1\r\nHost: hostile\r\n"


def pictures() -> Iterator[Case]:
    for name, data in cut_pictures():
        yield Case(name, posted(data))
    for name, make in REFUSED_PICTURES.items():
        yield Case(name, lambda make=make: posted(make())())  # type: ignore[misc]
    for name, make in ODD_PICTURES.items():
        yield Case(name, lambda make=make: posted(make())(), ODD)  # type: ignore[misc]


def documents() -> Iterator[Case]:
    """What only shows once some pages of a document are asked for."""
    broken = tiff(again=2**31)
    yield Case("TIFF whose second page is beyond its end", posted(broken, path="/v1/ocr?pages=1"))
    yield Case(
        "TIFF whose pages turn in circles, one of them",
        posted(tiff(again=8 + SIDE * SIDE * 3), path="/v1/ocr?pages=1"),
        ODD,
    )


def bodies() -> Iterator[Case]:
    declared = OCR + b"Content-Length: %d\r\n\r\n" % GIB
    chunked = OCR + b"Transfer-Encoding: chunked\r\n\r\n"
    block = b"10000\r\n" + bytes(65536) + b"\r\n"
    yield Case("1 GiB, said before", lambda: forever(bytes(MIB), declared, GIB))
    yield Case("1 GiB, not sent", lambda: [declared])
    yield Case("1 GiB in chunks", lambda: forever(block, chunked, GIB), may_close=True)
    yield Case("2^63 bytes", lambda: [OCR + b"Content-Length: 9223372036854775808\r\n\r\n"])
    yield Case("10^40 bytes", lambda: [OCR + b"Content-Length: " + b"1" * 40 + b"\r\n\r\n"])
    yield Case("fewer bytes than were said", lambda: [request(b"abc", length=100)[:-3]], may_close=True)
    yield Case("chunks of a byte", lambda: [chunked, b"1\r\na\r\n" * 20_000, b"0\r\n\r\n"])
    yield Case("the wrong type", posted(plain("PNG"), "text/html"))
    yield Case("a type that is none", posted(plain("PNG"), ";;;=,"), ODD)
    yield Case("a type of 8 KiB", posted(plain("PNG"), "a/" + "b" * 8192))
    yield Case("a video", posted(bytes(1000), "video/mp4"))
    yield Case(
        "a form of addresses", posted(b"url=" + METADATA.encode(), "application/x-www-form-urlencoded")
    )
    for path in ("/v1/ocr/detect", "/v1/ocr/orient", "/v1/ocr/recognise"):
        yield Case(f"many pages for {path}", posted(moving("TIFF"), path=path))
    yield Case("packed", lambda: [request(b"\x1f\x8b" + bytes(100), headers=[("Content-Encoding", "gzip")])])
    yield Case("packed twice", lambda: [request(b"x", headers=[("Content-Encoding", "gzip, gzip")])])


def slow_senders() -> Iterator[Case]:
    """Each takes as long as the server lets it: to be sent at one time."""
    whole = OCR + b"Content-Length: 100000\r\n\r\n"

    def drip(start: bytes, piece: bytes) -> Pieces:
        yield start
        for _ in range(1000):
            yield piece
            yield 0.1

    yield Case("a body that drips", lambda: drip(whole, b"a"))
    yield Case("a body that never comes", lambda: [whole, 60.0])
    yield Case("chunks that drip", lambda: drip(OCR + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"))
    yield Case("a header that drips", lambda: drip(b"POST /v1/ocr HTTP/1.1\r\nX: ", b"a"), may_close=True)
    yield Case("a header that never ends", lambda: [b"POST /v1/ocr HTTP/1.1\r\nX: ", 60.0], may_close=True)
    yield Case(
        "a body that waits to be asked for",
        lambda: [OCR + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", 60.0],
        codes=REFUSED | {100},
        may_close=True,
    )


def part(name: str, data: bytes, more: str = "") -> bytes:
    return (
        f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode("latin-1")
        + data
        + b"\r\n"
    )


def forms() -> Iterator[Case]:
    picture, end = part("file", plain("PNG")), b"--b--\r\n"
    yield Case("a form without a boundary", posted(picture + end, "multipart/form-data"))
    yield Case("a form with an empty boundary", posted(picture + end, "multipart/form-data; boundary="))
    yield Case(
        "a form with a boundary of 10 KiB",
        posted(picture + end, "multipart/form-data; boundary=" + "b" * 10_000),
    )
    yield Case("a form with another boundary", posted(picture + end, "multipart/form-data; boundary=c"))
    yield Case("a form with two boundaries", posted(picture + end, FORM + "; boundary=c"), ODD)
    yield Case("a form of another kind", posted(picture + end, "multipart/mixed; boundary=b"))
    yield Case("a form without an end", posted(picture, FORM))
    yield Case("a form with nothing in it", posted(end, FORM))
    yield Case("a form of 100000 parts", posted(part("a", b"") * 100_000 + end, FORM))
    yield Case("a form of boundaries alone", posted(b"--b\r\n" * 1_000_000, FORM))
    yield Case("a form of what is nearly a boundary", posted(part("file", b"\r\n--" * (2 * MIB)) + end, FORM))
    yield Case("a form whose part has a header of 5 MiB", posted(part("a" * (5 * MIB), b"") + end, FORM))
    yield Case(
        "a form whose part has 100000 headers",
        posted(b"--b\r\n" + b"a: b\r\n" * 100_000 + b"\r\n\r\n" + end, FORM),
    )
    yield Case("a form whose part has no header", posted(b"--b\r\n\r\nabc\r\n" + end, FORM))
    yield Case(
        "a form whose part has no name",
        posted(b"--b\r\nContent-Disposition: form-data\r\n\r\nabc\r\n" + end, FORM),
    )
    yield Case("a form with two pictures", posted(picture * 2 + end, FORM))
    yield Case("a form without a picture", posted(part("cls", b"true") + end, FORM))
    yield Case("a form with an empty picture", posted(part("file", b"") + end, FORM))
    yield Case("a form with an option of a megabyte", posted(picture + part("cls", b"a" * MIB) + end, FORM))
    yield Case("a form with an option that is none", posted(picture + part("__proto__", b"1") + end, FORM))
    yield Case("a form with a NUL in a name", posted(picture + part("cls\0", b"true") + end, FORM))
    yield Case("a form with an address for a picture", posted(part("url", METADATA.encode()) + end, FORM))
    yield Case("a form whose file is an address", posted(part("file", METADATA.encode()) + end, FORM))
    yield Case("a form with a form inside", posted(part("file", b"--c\r\n\r\n--c--\r\n") + end, FORM))
    yield Case(
        "a form whose file is called /etc/passwd",
        posted(part("file", plain("PNG"), '; filename="../../etc/passwd"') + end, FORM),
        ODD,
    )
    yield Case(
        "a form that codes its part",
        posted(
            b'--b\r\nContent-Disposition: form-data; name="file"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            + CODED.encode()
            + b"\r\n"
            + end,
            FORM,
        ),
    )


def addresses() -> Iterator[Case]:
    for model in (
        "nothing",
        "..",
        "../../etc/passwd",
        "%2e%2e%2fetc%2fpasswd",
        "%00",
        "a%0d%0aX: 1",
        "é".encode().hex(),
        "a" * 5000,
        "%ff%fe",
        "{name}",
        "$(id)",
        "'%20or%201=1",
    ):
        yield Case(f"model {model[:30]}", posted(b"{}", JSON, f"/v2/models/{model}/infer"))
    for path in (
        "/",
        "//",
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/v1/ocr/",
        "/v1//ocr",
        "/V1/OCR",
        "/v1/ocr%00",
        "/v1/ocr;a=b",
        "/.env",
        "/v2/models",
        "/v1/ocr/../../health",
        "*",
        "/" + "a" * 60_000,
        "/\u00ff",
    ):
        yield Case(f"POST {path[:40]}", posted(plain("PNG"), path=path))
    for query in (
        "cls=maybe",
        "minScore=NaN",
        "minScore=1e999",
        "minScore=" + "9" * 5000,
        "url=" + METADATA,
        "cls=true&cls=maybe",
        "a" * 10_000,
        "%ff=%fe",
        "pages=0",
        "pages=1-99999999999",
        "pages=" + "1," * 5000,
        "dpi=1e9",
    ):
        yield Case(f"?{query[:60]}", posted(plain("PNG"), path=f"/v1/ocr?{query}"))
    for method in (
        "GET",
        "PUT",
        "DELETE",
        "PATCH",
        "TRACE",
        "OPTIONS",
        "PROPFIND",
        "BREW",
        "post",
        "POSTPOST",
        "CONNECT",
    ):
        yield Case(
            f"method {method}", lambda method=method: [request(plain("PNG"), method=method)], may_close=True
        )  # type: ignore[misc]
    yield Case("an address of another server", lambda: [request(path=METADATA, method="GET")])
    yield Case(
        "an address of another server, with a body",
        lambda: [request(plain("PNG"), path="http://169.254.169.254/v1/ocr")],
        ODD,
    )
    yield Case(
        "CONNECT to another server",
        lambda: [b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n"],
        may_close=True,
    )


def headers() -> Iterator[Case]:
    def with_header(name: str, value: str) -> bytes:
        return request(plain("PNG"), headers=[("Content-Type", PICTURE), (name, value)])

    odd = {
        "an id of 10 KiB": ("X-Request-Id", "a" * 10_000), "an id with markup": ("X-Request-Id", "<script>"), "a trace of letters": ("traceparent", "zz-00-00-xx"),
        "a trace of 10 KiB": ("traceparent", "0" * 10_000), "ranges": ("Range", "bytes=" + "0-1," * 5000), "an upgrade": ("Upgrade", "h2c"),
        "a socket of the web": ("Upgrade", "websocket"), "a forwarded address": ("X-Forwarded-For", "127.0.0.1"), "another host": ("X-Forwarded-Host", METADATA),
        "cookies": ("Cookie", "a=b; " * 5000), "latin letters": ("X", "\xe9\xff"), "a language bomb": ("Accept-Language", "a;q=0.1," * 5000),
        "a referrer": ("Referer", METADATA), "another method": ("X-HTTP-Method-Override", "DELETE"), "another address": ("X-Original-URL", "/metrics"),
    }  # fmt: skip
    for name, (header, value) in odd.items():
        yield Case(f"header: {name}", lambda header=header, value=value: [with_header(header, value)], ODD)  # type: ignore[misc]
    for value in ("-1", "0", "NaN", "1e309", "9" * 5000, "1.5", "soon", ""):
        yield Case(f"deadline {value[:10]!r}", lambda value=value: [with_header("X-Deadline-Ms", value)])  # type: ignore[misc]
    yield Case("10000 headers", lambda: [OCR + b"a: b\r\n" * 20_000 + b"\r\n"])
    yield Case("a header of a megabyte", lambda: [OCR + b"X: " + b"a" * MIB + b"\r\n\r\n"])
    yield Case("a header without a name", lambda: [OCR + b": b\r\n\r\n"], may_close=True)
    yield Case("a header without a colon", lambda: [OCR + b"abc\r\n\r\n"], may_close=True)
    yield Case("a header with a NUL", lambda: [OCR + b"X: a\0b\r\nContent-Length: 0\r\n\r\n"], may_close=True)
    yield Case(
        "a name with a space before its colon", lambda: [OCR + b"Content-Length : 0\r\n\r\n"], may_close=True
    )
    yield Case(
        "a header that goes on in the next line",
        lambda: [OCR + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n"],
        may_close=True,
    )


def framing() -> Iterator[Case]:
    """What two servers in a row could take for two different numbers of requests: at most one is answered."""
    inner = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    ended = b"0\r\n\r\n"
    smuggled = {
        "a length and chunks": b"Content-Length: %d\r\n" % len(ended + inner) + chunked + b"\r\n" + ended + inner,
        "chunks and a length": chunked + b"Content-Length: 4\r\n\r\n" + ended + inner,
        "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner,
        "the same length twice": b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "two lengths in one": b"Content-Length: 0, %d\r\n\r\n" % len(inner) + inner,
        "a length with a plus": b"Content-Length: +3\r\n\r\nabc",
        "a length below zero": b"Content-Length: -1\r\n\r\n" + inner,
        "a length in sixteens": b"Content-Length: 0x3\r\n\r\nabc",
        "a length with a space in it": b"Content-Length: 3 3\r\n\r\n" + inner,
        "an empty length": b"Content-Length:\r\n\r\n" + inner,
        "a coding that is nearly chunks": b"Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc",
        "chunks twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n" + ended + inner,
        "chunks, then not": b"Transfer-Encoding: chunked, identity\r\n\r\n" + ended + inner,
        "chunks behind a tab": b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 3\r\n\r\nabc",
        "chunks in two headers": chunked + b"Transfer-Encoding: identity\r\n\r\n" + ended + inner,
        "a chunk below zero": chunked + b"\r\n-1\r\nabc\r\n" + ended + inner,
        "a chunk of 2^64 + 3": chunked + b"\r\n10000000000000003\r\nabc\r\n" + ended + inner,
        "a chunk in words": chunked + b"\r\nthree\r\nabc\r\n" + ended,
        "a chunk without its end": chunked + b"\r\n3\r\nabcd\r\n" + ended,
        "a chunk with a bare line feed": chunked + b"\r\n3\nabc\n0\n\n" + inner,
        "bare line feeds": b"Content-Length: 3\n\nabc",
    }  # fmt: skip
    for name, rest in smuggled.items():
        yield Case(
            f"framing: {name}", lambda rest=rest: [OCR + b"Connection: close\r\n" + rest], may_close=True
        )  # type: ignore[misc]
    yield Case("HTTP/0.9", lambda: [b"GET /health\r\n\r\n"], may_close=True)
    yield Case("HTTP/9.9", lambda: [b"GET /health HTTP/9.9\r\n\r\n"], may_close=True)
    yield Case("HTTP/2", lambda: [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100)], may_close=True)
    yield Case("TLS", lambda: [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)], may_close=True)
    yield Case("zeros for a header", lambda: [bytes(10_000)], may_close=True)
    yield Case("another protocol", lambda: [b"EHLO hostile\r\n"], may_close=True)
    yield Case("half a request", lambda: [b"POST /v1"], may_close=True)
    yield Case(
        "a body and no length in HTTP/1.0",
        lambda: [b"POST /v1/ocr HTTP/1.0\r\n\r\n" + plain("PNG")],
        may_close=True,
    )
    yield Case(
        "a hundred requests at once",
        lambda: [b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 99 + request(method="GET", path="/nothing")],
    )


def quick() -> list[Case]:
    """All that an OCR model is asked, but the slow ones."""
    return [
        *pictures(),
        *documents(),
        *bodies(),
        *forms(),
        *ocr_json(),
        *paddlex_json(),
        *addresses(),
        *headers(),
        *framing(),
    ]
