"""Hostile PNG and JPEG."""

# ruff: noqa: E501  each line is one picture

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from PIL import Image, ImageDraw

MIB = 1024 * 1024
SIDE = 64
Make = Callable[[], bytes]


@cache
def plain(form: str, mode: str = "RGB", **options: object) -> bytes:
    image = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(image).text((4, 20), "hostile", fill="black")
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def cuts(form: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut at places spread over the whole file and close to its beginning, where its structure is."""
    structure = range(1, min(len(data), 64), 7)
    places = sorted({*structure, *(len(data) * n // 12 for n in range(1, 12))})
    for place in places:
        yield f"{form} cut at {place} of {len(data)}", data[:place]


# --- PNG


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    right = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", right)


def png(
    width: int = SIDE, height: int = SIDE, *, depth: int = 8, colour: int = 2, interlaced: int = 0,
    before: bytes = b"", pixels: bytes | None = None, after: bytes = b"", end: bytes = chunk(b"IEND", b""),
) -> bytes:  # fmt: skip
    size = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    if pixels is None:
        pixels = zlib.compress((b"\0" + bytes(width * 3)) * height, 9)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size)
    return start + before + (chunk(b"IDAT", pixels) if pixels else b"") + after + end


@cache
def zeros(count: int) -> bytes:
    """That many zeros, deflated: a thousandth of them."""
    pack = zlib.compressobj(9)
    return b"".join([*(pack.compress(bytes(MIB)) for _ in range(count // MIB)), pack.flush()])


PNGS: dict[str, Make] = {
    "PNG without pixels": lambda: png(pixels=b""),
    "PNG with a wrong checksum of its header": lambda: png()[:29] + b"\0\0\0\0" + png()[33:],
    "PNG with pixels that are no zlib": lambda: png(pixels=b"\xff" * 100),
    "PNG with too few pixels": lambda: png(pixels=zlib.compress(bytes(100))),
    "PNG 0 wide": lambda: png(0, SIDE),
    "PNG 0 high": lambda: png(SIDE, 0, pixels=zlib.compress(b"")),
    "PNG of 2^31 pixels": lambda: png(2**16, 2**15, pixels=zlib.compress(b"")),
    "PNG 2^31 wide": lambda: png(2**31 - 1, 1, pixels=zlib.compress(b"")),
    "PNG 2^32 - 1 wide": lambda: png(2**32 - 1, 2**32 - 1, pixels=zlib.compress(b"")),
    "PNG of a depth that is none": lambda: png(depth=3),
    "PNG of a colour that is none": lambda: png(colour=5),
    "PNG of an interlacing that is none": lambda: png(interlaced=9),
    "PNG with two headers": lambda: png(before=png(128, 128)[8:33]),
    "PNG whose first chunk is another": lambda: b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"a\0b") + png()[8:],
    "PNG with chunks without end": lambda: png(before=chunk(b"", b"")[:8] + chunk(b"tEXt", b"") * 5000),
    "PNG with a chunk of 2 GB": lambda: png(before=struct.pack(">I", 2**31 - 1) + b"tEXt"),
    "PNG with a profile that is a bomb": lambda: png(
        before=chunk(b"iCCP", b"p\0\0" + zeros(100 * MIB)), pixels=b""
    ),
    "PNG interlaced with too few pixels": lambda: png(6000, 6000, interlaced=1, pixels=zeros(2 * MIB)),
}
ODD_PNGS: dict[str, Make] = {
    "PNG with a palette that is missing": lambda: png(colour=3, pixels=zlib.compress(bytes(65 * 64))),
    "PNG without an end": lambda: png(end=b"")[:-4],
    "PNG with a wrong checksum of its pixels": lambda: png()[:-16] + b"\0\0\0\0" + png()[-12:],
    "PNG with text that is a bomb": lambda: png(before=chunk(b"zTXt", b"k\0\0" + zeros(100 * MIB))),
    "PNG with a profile that is a bomb, and pixels": lambda: png(before=chunk(b"iCCP", b"p\0\0" + zeros(100 * MIB))),
    "PNG with 8 MiB of text": lambda: png(before=chunk(b"tEXt", b"k\0" + b"a" * (8 * MIB))),
    "PNG whose pixels unpack to 200 times its size": lambda: png(pixels=zeros(200 * MIB)),
    "PNG with an index outside its palette": lambda: png(
        colour=3, before=chunk(b"PLTE", b"\xff\0\0"), pixels=zlib.compress((b"\0" + b"\xff" * SIDE) * SIDE)
    ),
    "PNG with a palette of three bytes and a half": lambda: png(
        colour=3, before=chunk(b"PLTE", b"\xff\0\0\1"), pixels=zlib.compress(bytes(65 * 64))
    ),
    "PNG of 16 bits": lambda: png(depth=16, colour=0, pixels=zlib.compress((b"\0" + bytes(2 * SIDE)) * SIDE)),
    "PNG of a thousand moving pictures": lambda: png(
        before=chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)),
        after=b"".join(
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", n, SIDE, SIDE, 0, 0, 1, 1, 0, 0))
            + chunk(b"fdAT", struct.pack(">I", n) + zlib.compress(bytes(10)))
            for n in range(1000)
        ),
    ),
    "PNG at the cap of pixels, interlaced": lambda: png(6300, 6300, depth=1, colour=0, interlaced=1, pixels=zeros(8 * MIB)),
    "PNG with EXIF that turns in circles": lambda: png(
        before=chunk(b"eXIf", b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0")
    ),
}  # fmt: skip

# --- JPEG


def segment(code: int, data: bytes) -> bytes:
    return b"\xff" + bytes([code]) + struct.pack(">H", len(data) + 2) + data


def jpeg_with(before: bytes = b"") -> bytes:
    """A plain one with segments behind its beginning."""
    return plain("JPEG")[:2] + before + plain("JPEG")[2:]


def jpeg_sized(width: int, height: int) -> bytes:
    data = plain("JPEG")
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def without(code: int) -> bytes:
    data = plain("JPEG")
    place = data.index(b"\xff" + bytes([code]))
    (length,) = struct.unpack_from(">H", data, place + 2)
    return data[:place] + data[place + 2 + length :]


def swapped(old: int, new: int) -> bytes:
    return plain("JPEG").replace(b"\xff" + bytes([old]), b"\xff" + bytes([new]), 1)


def exif(*entries: bytes) -> bytes:
    return segment(
        0xE1, b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    )


JPEGS: dict[str, Make] = {
    "JPEG 0 wide": lambda: jpeg_sized(0, SIDE),
    "JPEG 0 high": lambda: jpeg_sized(SIDE, 0),
    "JPEG 65535 x 65535": lambda: jpeg_sized(65535, 65535),
    "JPEG far larger than its data": lambda: jpeg_sized(6000, 6000),
    "JPEG with two sizes": lambda: jpeg_with(segment(0xC0, b"\x08\0\x01\0\x01\x01\x01\x11\0")),
    "JPEG without a size": lambda: without(0xC0),
    "JPEG whose size is cut off": lambda: plain("JPEG")[: plain("JPEG").index(b"\xff\xc0") + 6],
    "JPEG without loss, says it": lambda: swapped(0xC0, 0xC3),
    "JPEG of levels, says it": lambda: swapped(0xC0, 0xC5),
    "JPEG with fill bytes for ever": lambda: jpeg_with(b"\xff" * (4 * MIB)),
    "JPEG with empty segments for ever": lambda: jpeg_with(segment(0xFE, b"") * 100_000),
    "JPEG with a segment of no length": lambda: jpeg_with(b"\xff\xfe\0\0"),
    "JPEG of two thousand scans": lambda: plain("JPEG", progressive=True)[:-2] + segment(0xDA, b"\x01\x01\0\x01\x3f\0") * 2000,
    "JPEG that is its marks alone": lambda: b"\xff\xd8\xff\xe0" + b"\xff\xd8" * 1000,
}  # fmt: skip
ODD_JPEGS: dict[str, Make] = {
    "JPEG coded arithmetically, says it": lambda: swapped(0xC0, 0xC9),
    "JPEG without Huffman's tables": lambda: without(0xC4),
    "JPEG of 12 bits, says it": lambda: plain("JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
    "JPEG without tables of quanta": lambda: without(0xDB),
    "JPEG in CMYK": lambda: plain("JPEG", "CMYK"),
    "JPEG with a profile of many parts": lambda: jpeg_with(
        b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([n, 255]) + b"p" * 65_000) for n in range(1, 120))
    ),
    "JPEG with EXIF in circles": lambda: jpeg_with(exif(b"\x69\x87\x04\0\x01\0\0\0\x08\0\0\0")),
    "JPEG with EXIF of 4 GB": lambda: jpeg_with(exif(b"\x0f\x01\x02\0\xff\xff\xff\xff\x08\0\0\0")),
    "JPEG turned by a number that is none": lambda: jpeg_with(exif(b"\x12\x01\x03\0\x01\0\0\0\xff\xff\0\0")),
    "JPEG with a megabyte behind its end": lambda: plain("JPEG") + b"\xff\xda" * (MIB // 4),
    "JPEG with restarts everywhere": lambda: jpeg_with(segment(0xDD, b"\0\x01")),
}  # fmt: skip
