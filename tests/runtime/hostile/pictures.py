"""Hostile pictures of every form that is taken, and of some that are not."""

# ruff: noqa: E501  each line is one picture

from __future__ import annotations

from collections.abc import Iterator

from tests.runtime.hostile.png_and_jpeg import JPEGS, MIB, ODD_JPEGS, ODD_PNGS, PNGS, Make, cuts, plain
from tests.runtime.hostile.webp_bmp_tiff import BMPS, ODD_BMPS, ODD_TIFFS, ODD_WEBPS, TIFFS, WEBPS

# What is no picture that is taken.
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
