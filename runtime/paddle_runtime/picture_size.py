"""Width and height of a picture, or of each page of a TIFF, from headers alone, in bounded steps. Pure.

It runs on the event loop on foreign bytes, and Pillow's own reading has no bound there: 20 MiB of fill bytes
before a JPEG's size, or of empty PNG chunks, take it seconds, and it unpacks a WebP to learn its size.
What is read here is what the decoder reads; a header that says two sizes is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import islice

# A camera's JPEG has some 20 segments before its size, a PNG some 10 chunks, a TIFF some 30 tags.
MAX_STEPS = 2048
JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
JPEG_SCAN, JPEG_END = 0xDA, 0xD9
JPEG_SEQUENTIAL = frozenset({0xC0, 0xC1})
# Huffman's codes have a bit at least and each 8 x 8 pixels one of them; missing ones are decoded as grey.
JPEG_PIXELS_A_BYTE = 64 * 8
TIFF_WIDTH, TIFF_HEIGHT = 256, 257
TIFF_KINDS = {1: "B", 3: "H", 4: "I", 16: "Q"}
# Bytes of one value by the type's number; what is not listed is read by nobody.
TIFF_VALUE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
MAX_TIFF_STEPS = 16_384  # tags of all pages that are looked at
# To reach a page, the decoder reads all that the tags of those before it point to. Pages may share a little
# of it; tags that all point to the same megabytes would be read for minutes.
MAX_TIFF_READS = 4
BMP_LONG_HEADERS = frozenset({40, 52, 56, 64, 108, 124})

Size = tuple[int, int]


class BadHeader(Exception):
    """The header is damaged, cut off, or built to be read for long."""


def picture_size(data: bytes) -> Size | None:
    """(width, height) in pixels; None when no known form begins like this, BadHeader when it is broken."""
    form = picture_form(data)
    if form is None:
        return None
    try:
        return READERS[form][1](data)
    except struct.error:
        raise BadHeader("it ends early") from None


def _jpeg(data: bytes) -> Size:
    return _jpeg_frame(data)[0]


def _jpeg_frame(data: bytes) -> tuple[Size, int, int]:
    """Its size, and where its frame and its first scan begin."""
    size: Size | None = None
    at, frame = 2, 0
    for _ in range(MAX_STEPS):
        mark, code = struct.unpack_from(">BB", data, at)
        if mark != 0xFF:
            raise BadHeader(f"no marker at byte {at}")
        if code == 0xFF:  # a fill byte
            at += 1
            continue
        if code in JPEG_ALONE:
            at += 2
            continue
        if code in {JPEG_SCAN, JPEG_END}:
            if size is None:
                raise BadHeader("its pixels begin before its size")
            if size[0] * size[1] > JPEG_PIXELS_A_BYTE * len(data):
                raise BadHeader(f"{len(data)} bytes cannot hold {size[0]} x {size[1]} pixels")
            return size, frame, at
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            raise BadHeader(f"an empty segment at byte {at}")
        if code in JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size, frame = _only(size, (width, height)), at
        at += 2 + length
    raise BadHeader(f"its pixels do not begin within {MAX_STEPS} segments")


def jpeg_coefficient_bytes(data: bytes) -> int:
    """What the decoder keeps of each pixel between scans, as it must where there are several of them: two
    bytes a coefficient, for each component as finely as it was sampled."""
    try:
        _, frame, scan = _jpeg_frame(data)
        components, code = data[frame + 9], data[frame + 1]
        if code in JPEG_SEQUENTIAL and data[scan + 4] == components:
            return 0
        samplings = [(byte >> 4, byte & 15) for byte in data[frame + 11 : frame + 10 + 3 * components : 3]]
    except (BadHeader, struct.error, IndexError):
        return 0  # whoever asks for its size is told
    finest = max((h for h, _ in samplings), default=0) * max((v for _, v in samplings), default=0)
    return -(-2 * sum(h * v for h, v in samplings) // finest) if finest else 0


def _png(data: bytes) -> Size:
    size: Size | None = None
    at = 8
    for _ in range(MAX_STEPS):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR":
            size = _only(size, struct.unpack_from(">II", data, at + 8))
        elif size is None:
            raise BadHeader("its first chunk is not IHDR")
        elif kind in {b"IDAT", b"fdAT"}:
            return size
        at += 12 + length
    raise BadHeader(f"its pixels do not begin within {MAX_STEPS} chunks")


def _webp(data: bytes) -> Size:
    kind, body = data[12:16], 20
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (body + 4, body + 7))
    elif kind == b"VP8L":
        signature, bits = struct.unpack_from("<BI", data, body)
        if signature != 0x2F:
            raise BadHeader("its VP8L chunk has no signature")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        start, width, height = struct.unpack_from("<3sHH", data, body + 3)
        if start != b"\x9d\x01\x2a":
            raise BadHeader("its VP8 chunk is no whole picture")
        width, height = width & 0x3FFF, height & 0x3FFF
    else:
        raise BadHeader(f"its first chunk is {kind!r}")
    if len(data) < body + 10:
        raise BadHeader("it ends early")
    return width, height


def _bmp(data: bytes) -> Size:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        return width, height
    if header not in BMP_LONG_HEADERS:
        raise BadHeader(f"its header has {header} bytes")
    width, height = struct.unpack_from("<Ii", data, 18)
    return width, abs(height)  # below zero: the rows come from the top


def tiff_page_sizes(data: bytes, most: int) -> list[Size]:
    """Sizes of a TIFF's first pages, `most` of them at most; BadHeader when it is broken."""
    try:
        return list(islice(_tiff_pages(data), most))
    except struct.error:
        raise BadHeader("it ends early") from None


def picture_form(data: bytes) -> str | None:
    """The form that begins like this, one of FORMATS, or None."""
    return next((form for form, (begins, _) in READERS.items() if data.startswith(begins)), None)


def is_tiff(data: bytes) -> bool:
    """Whether a TIFF begins like this."""
    return data.startswith(READERS["TIFF"][0])


def _tiff(data: bytes) -> Size:
    return next(_tiff_pages(data))


def _tiff_pages(data: bytes) -> Iterator[Size]:
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\x00", b"\x00+"}
    whole, count_kind, start, length = ("Q", "Q", 8, 20) if big else ("I", "H", 2, 12)
    (at,) = struct.unpack_from(order + whole, data, 8 if big else 4)
    seen: set[int] = set()
    steps = reads = 0
    while at or not seen:
        if at in seen:
            raise BadHeader("its pages go in a circle")
        seen.add(at)
        at = min(at, len(data))  # beyond the end is "it ends early", also where no C integer could hold it
        (count,) = struct.unpack_from(order + count_kind, data, at)
        steps += count
        if count > MAX_STEPS or steps > MAX_TIFF_STEPS:
            raise BadHeader(
                f"it has {steps} tags or more; {MAX_STEPS} are read of a page, {MAX_TIFF_STEPS} in all"
            )
        size, pointed = _tiff_page(data, at + start, order, count, big=big)
        reads += pointed
        if reads > MAX_TIFF_READS * len(data):
            raise BadHeader("its tags point to the same bytes over and over")
        yield size
        (at,) = struct.unpack_from(order + whole, data, at + start + count * length)


def _tiff_page(data: bytes, at: int, order: str, count: int, *, big: bool) -> tuple[Size, int]:
    """The size that one page's tags say, and how many bytes they point to."""
    length, value_at, inside = (20, 12, 8) if big else (12, 8, 4)
    found: dict[int, int] = {}
    pointed = 0
    for entry in range(at, at + count * length, length):
        tag, kind, many = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, entry)
        value_bytes = many * TIFF_VALUE_BYTES.get(kind, 0)
        pointed += value_bytes if inside < value_bytes <= len(data) else 0
        if tag not in {TIFF_WIDTH, TIFF_HEIGHT}:
            continue
        if kind not in TIFF_KINDS or (kind == 16 and not big):
            raise BadHeader(f"its size is of type {kind}")
        (value,) = struct.unpack_from(order + TIFF_KINDS[kind], data, entry + value_at)
        if found.setdefault(tag, value) != value:
            raise BadHeader("it says two sizes")
    if TIFF_WIDTH not in found or TIFF_HEIGHT not in found:
        raise BadHeader("a page of it has no size")
    return (found[TIFF_WIDTH], found[TIFF_HEIGHT]), pointed


def _only(known: Size | None, size: Size) -> Size:
    if known is not None and known != size:
        raise BadHeader("it says two sizes")
    return size


READERS: dict[str, tuple[tuple[bytes, ...], Callable[[bytes], Size]]] = {
    "JPEG": ((b"\xff\xd8\xff",), _jpeg),
    "PNG": ((b"\x89PNG\r\n\x1a\n",), _png),
    "WEBP": ((b"RIFF",), _webp),
    "BMP": ((b"BM",), _bmp),
    "TIFF": ((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"), _tiff),
}
FORMATS = tuple(READERS)
PICTURE_STARTS = tuple(start for begins, _ in READERS.values() for start in begins)
