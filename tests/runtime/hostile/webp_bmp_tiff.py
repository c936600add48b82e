"""Hostile WEBP, BMP and TIFF."""

# ruff: noqa: E501  each line is one picture

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

from PIL import Image

from tests.runtime.hostile.png_and_jpeg import MIB, SIDE, Make, plain, png, zeros

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
