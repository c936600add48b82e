"""Hostile pictures of every form that is taken, and of some that are not."""

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

# --- WEBP


def riff(*parts: bytes, size: int | None = None) -> bytes:
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def part(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    return kind + struct.pack("<I", len(data) if size is None else size) + data + bytes(len(data) % 2)


def vp8x(width: int, height: int, flags: int = 0) -> bytes:
    return part(
        b"VP8X",
        bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
    )


def solid_webp(width: int, height: int) -> bytes:
    """Some hundred bytes that decode to as many pixels as they say."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(buffer, "WEBP", lossless=True, method=0)
    return buffer.getvalue()


def webp_body(**options: object) -> bytes:
    return plain("WEBP", **options)[12:]


WEBPS: dict[str, Make] = {
    "WEBP without anything in it": riff,
    "WEBP of a kind that is none": lambda: riff(part(b"VP9 ", bytes(30))),
    "WEBP of 16384 x 16384 around little": lambda: riff(vp8x(16384, 16384), webp_body()),
    "WEBP of 2^24 x 2^24": lambda: riff(vp8x(2**24, 2**24), webp_body()),
    "WEBP whose canvas and picture differ": lambda: riff(vp8x(1000, 1000), webp_body()),
    "WEBP with a part of 4 GB": lambda: riff(part(b"VP8 ", webp_body()[8:], size=2**32 - 1)),
    "WEBP without its signature": lambda: riff(part(b"VP8L", b"\x30" + bytes(50))),
    "WEBP of bits at random": lambda: riff(part(b"VP8L", b"\x2f\x3f\xc0\x0f\0" + b"\xa5" * 500)),
    "WEBP that is another RIFF": lambda: b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
    "WEBP that moves and has no frame": lambda: riff(vp8x(SIDE, SIDE, 2), part(b"ANIM", bytes(6))),
    "WEBP at the cap of pixels": lambda: solid_webp(7900, 5000),
    "WEBP beyond the cap of a side": lambda: riff(vp8x(16385, 10), webp_body()),
}  # fmt: skip
ODD_WEBPS: dict[str, Make] = {
    "WEBP whose size is another": lambda: riff(webp_body(), size=5),
    "WEBP with a profile of 8 MiB": lambda: riff(vp8x(SIDE, SIDE, 0x20), part(b"ICCP", bytes(8 * MIB)), webp_body()),
    "WEBP at its own cap of pixels": lambda: solid_webp(4200, 4200),
    "WEBP that moves": lambda: moving("WEBP"),
    "WEBP with bytes behind its end": lambda: plain("WEBP") + bytes(MIB),
}  # fmt: skip


def moving(form: str) -> bytes:
    frames = [Image.new("RGB", (SIDE, SIDE), (n, 0, 0)) for n in range(50)]
    buffer = io.BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


# --- BMP


def bmp(
    width: int = SIDE, height: int = SIDE, *, bits: int = 24, packing: int = 0, colours: int = 0, header: int = 40,
    start: int = 54, pixels: bytes = bytes(SIDE * SIDE * 3), planes: int = 1,
) -> bytes:  # fmt: skip
    info = struct.pack(
        "<IiiHHIIiiII", header, width, height, planes, bits, packing, len(pixels), 0, 0, colours, 0
    )
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, start) + info + pixels


BMPS: dict[str, Make] = {
    "BMP 0 wide": lambda: bmp(0),
    "BMP less than 0 wide": lambda: bmp(-SIDE),
    "BMP -2^31 high": lambda: bmp(1, -(2**31)),
    "BMP 2^31 - 1 in both": lambda: bmp(2**31 - 1, 2**31 - 1),
    "BMP of 0 bits": lambda: bmp(bits=0),
    "BMP of 3 bits": lambda: bmp(bits=3),
    "BMP of 64 bits": lambda: bmp(bits=64),
    "BMP with a header of 2 GB": lambda: bmp(header=2**31 - 1),
    "BMP whose pixels begin beyond its end": lambda: bmp(start=2**31 - 1),
    "BMP with too few pixels": lambda: bmp(pixels=bytes(100)),
    "BMP packed as PNG": lambda: bmp(packing=5, pixels=png()),
    "BMP packed in a way that is none": lambda: bmp(packing=99),
    "BMP in runs that end early": lambda: bmp(6000, 6000, bits=8, packing=1, colours=1, start=58, pixels=bytes(4) + b"\xff\0" * 50),
    "BMP of bits in fields that are none": lambda: bmp(bits=32, packing=3, start=66, pixels=b"\xff" * 12 + bytes(SIDE * SIDE * 4)),
}  # fmt: skip
ODD_BMPS: dict[str, Make] = {
    "BMP from its top": lambda: bmp(SIDE, -SIDE),
    "BMP with an index outside its palette": lambda: bmp(
        bits=8, colours=1, start=58, pixels=bytes(4) + b"\xff" * SIDE * SIDE
    ),
    "BMP of 2^32 - 1 colours": lambda: bmp(bits=8, colours=2**32 - 1),
    "BMP in runs to its whole size": lambda: bmp(
        6000, 6000, bits=8, packing=1, colours=1, start=58, pixels=bytes(4) + (b"\xff\0" * 24 + b"\0\0") * 6000 + b"\0\1"
    ),
    "BMP in runs that jump out": lambda: bmp(
        bits=8, packing=1, colours=1, start=58, pixels=bytes(4) + b"\0\2\xff\xff" * 200 + b"\0\1"
    ),
    "BMP of two planes": lambda: bmp(planes=2),
}  # fmt: skip

# --- TIFF

BYTE, SHORT, LONG = 1, 3, 4


def tiff(*tags: tuple[int, int, int, int], pixels: bytes = bytes(SIDE * SIDE * 3), again: int = 0) -> bytes:
    """Tags over those of a plain picture of RGB; a count or an offset may be any number."""
    base = [
        (256, LONG, 1, SIDE), (257, LONG, 1, SIDE), (258, SHORT, 1, 8), (259, SHORT, 1, 1), (262, SHORT, 1, 1),
        (273, LONG, 1, 8), (277, SHORT, 1, 1), (278, LONG, 1, SIDE), (279, LONG, 1, len(pixels)),
    ]  # fmt: skip
    merged = sorted({**{tag[0]: tag for tag in base}, **{tag[0]: tag for tag in tags}}.values())
    place = 8 + len(pixels)
    entries = b"".join(struct.pack("<HHII", *tag) for tag in merged)
    return (
        b"II*\0"
        + struct.pack("<I", place)
        + pixels
        + struct.pack("<H", len(merged))
        + entries
        + struct.pack("<I", again)
    )


@cache
def tiff_of(mode: str, **options: object) -> bytes:
    return plain("TIFF", mode, **options)


TIFFS: dict[str, Make] = {
    "TIFF without tags": lambda: b"II*\0\x08\0\0\0\0\0",
    "TIFF whose tags are beyond its end": lambda: b"II*\0\xff\xff\xff\x7f" + bytes(100),
    "TIFF of 60000 tags": lambda: b"II*\0\x08\0\0\0\x60\xea" + bytes(12 * 60_000),
    "TIFF 0 wide": lambda: tiff((256, LONG, 1, 0)),
    "TIFF of 2^31 pixels": lambda: tiff((256, LONG, 1, 2**16), (257, LONG, 1, 2**15)),
    "TIFF 2^32 - 1 wide": lambda: tiff((256, LONG, 1, 2**32 - 1)),
    "TIFF with a size of text": lambda: tiff((256, 2, 1, 64)),
    "TIFF of 2^32 - 1 strips": lambda: tiff((273, LONG, 2**32 - 1, 8), (279, LONG, 2**32 - 1, 8)),
    "TIFF whose strips are beyond its end": lambda: tiff((273, LONG, 1, 2**31)),
    "TIFF of 65535 samples": lambda: tiff((277, SHORT, 1, 65535)),
    "TIFF of 64 bits": lambda: tiff((258, SHORT, 1, 64)),
    "TIFF packed in a way that is none": lambda: tiff((259, SHORT, 1, 9999)),
    "TIFF whose LZW is none": lambda: tiff((259, SHORT, 1, 5), pixels=b"\xff" * 500),
    "TIFF whose JPEG is none": lambda: tiff((259, SHORT, 1, 7), pixels=b"\xff" * 500),
    "TIFF whose deflate is cut off": lambda: tiff((259, SHORT, 1, 8), pixels=zlib.compress(bytes(SIDE * SIDE))[:10]),
    "TIFF of the larger form, cut": lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 16),
    "TIFF of the larger form, endless": lambda: b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(200),
}  # fmt: skip
ODD_TIFFS: dict[str, Make] = {
    "TIFF with a tile of 2^31": lambda: tiff((322, LONG, 1, 2**31), (323, LONG, 1, 2**31), (324, LONG, 1, 8), (325, LONG, 1, 64)),
    "TIFF whose pages turn in circles": lambda: tiff(again=8 + SIDE * SIDE * 3),
    "TIFF of floats that are none": lambda: tiff(
        (258, SHORT, 1, 32), (339, SHORT, 1, 3), pixels=struct.pack("<f", float("nan")) * SIDE * SIDE
    ),
    "TIFF in CMYK": lambda: tiff_of("CMYK"),
    "TIFF of 16 bits": lambda: tiff_of("I;16"),
    "TIFF in LAB": lambda: tiff_of("LAB"),
    "TIFF in floats": lambda: tiff_of("F"),
    "TIFF of one bit": lambda: tiff_of("1", compression="group4"),
    "TIFF of 36 million pixels in 36 KiB": lambda: tiff(
        (256, LONG, 1, 6000), (257, LONG, 1, 6000), (278, LONG, 1, 6000), (259, SHORT, 1, 8), pixels=zeros(36 * MIB)
    ),
    "TIFF whose rows have no number": lambda: tiff((278, LONG, 1, 0)),
    "TIFF with negative white": lambda: tiff((262, SHORT, 1, 65535)),
    "TIFF of a thousand pages": lambda: pages(1000),
}  # fmt: skip


def pages(count: int) -> bytes:
    frames = [Image.new("1", (SIDE, SIDE)) for _ in range(count)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


# --- what is no picture that is taken

OTHERS: dict[str, Make] = {
    "nothing": lambda: b"",
    "one zero": lambda: b"\0",
    "zeros": lambda: bytes(MIB),
    "a GIF": lambda: plain("GIF"),
    "an SVG whose entities are a bomb": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9))
        + b"]><svg>&j;</svg>"
    ),
    "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
    "a Photoshop file": lambda: b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\x10\0\0\0\x10\0\0\x08\0\3" + bytes(100),
    "an icon": lambda: plain("ICO"),
    "JPEG 2000": lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100),
    "HEIC": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
    "a zip": lambda: b"PK\x03\x04" + bytes(100),
    "a program": lambda: b"\x7fELF\x02\x01\x01" + bytes(100),
    "a shell's script": lambda: b"#!/bin/sh\ncat /etc/passwd\n",
    "a pickle": lambda: b"\x80\x04cposix\nsystem\n(S'id'\ntR.",
    "a script of ImageMagick": lambda: b"push graphic-context\nfill 'url(https://169.254.169.254/)'\npop graphic-context",
    "a PNG behind a byte": lambda: b"\0" + plain("PNG"),
}  # fmt: skip

REFUSED_PICTURES: dict[str, Make] = {**PNGS, **JPEGS, **WEBPS, **BMPS, **TIFFS, **OTHERS}
ODD_PICTURES: dict[str, Make] = {**ODD_PNGS, **ODD_JPEGS, **ODD_WEBPS, **ODD_BMPS, **ODD_TIFFS}


def cut_pictures() -> Iterator[tuple[str, bytes]]:
    for form in ("PNG", "JPEG", "BMP", "TIFF"):
        yield from cuts(form, plain(form))
    yield from cuts("progressive JPEG", plain("JPEG", progressive=True))
    yield from cuts("WEBP", plain("WEBP"))
    yield from cuts("lossless WEBP", plain("WEBP", lossless=True))
    yield from cuts("LZW TIFF", plain("TIFF", compression="tiff_lzw"))
