"""Whole zips and words of the refusal; where there are several, one of them is enough."""

# ruff: noqa: E501  each line is one archive

from __future__ import annotations

import struct
import zlib

from tests.runtime.bundle.archives.by_hand import (
    EVIL,
    GOOD_ZIPPED,
    LIMIT,
    MANIFEST,
    Zipped,
    as_first,
    tar,
    zip_of,
    zipped,
)  # fmt: skip

FIRST = GOOD_ZIPPED[0]
LINK = Zipped(b"x.txt", b"../../etc/passwd", attributes=0o120777 << 16)
ZIP64_EXTRA = struct.pack("<HHQQ", 1, 16, 4, 4)
SECOND_NAME = struct.pack("<HHBI", 0x7075, 5 + 11, 1, zlib.crc32(b"x.txt")) + b"../evil.txt"
ZIPS = {
    "zip slip": (zip_of(Zipped(b"../evil.txt", EVIL)), "without '..'"),
    "absolute": (zip_of(Zipped(b"/tmp/evil.txt", EVIL)), "relative"),
    "zip slip with backslashes": (zip_of(Zipped(b"..\\evil.txt", EVIL)), "without backslashes"),
    "a drive letter": (zip_of(Zipped(b"C:/evil.txt", EVIL)), "without backslashes and colons"),
    "a symbolic link by its mode": (as_first(FIRST, attributes=0o120777 << 16), "is no plain file"),
    "a link that nobody names": (zip_of(LINK), "is not named"),
    "a device by its mode": (as_first(FIRST, attributes=0o020666 << 16), "is no plain file"),
    "a folder's mode on a file": (as_first(FIRST, attributes=0o040755 << 16), "is no plain file"),
    "a system with other modes": (as_first(FIRST, system=19), "is no plain file"),
    "another name in the directory": (as_first(FIRST, listed_name=b"../evil.tx"), "says one thing of"),
    "another size in the directory": (as_first(FIRST, listed_size=1), "says one thing of"),
    "another place in the directory": (as_first(FIRST, shift=1), "says one thing of"),
    "a comment on an entry": (as_first(FIRST, comment=b"x"), "says one thing of"),
    "CVE-2025-8291: zip64 directory elsewhere": (
        zipped(*GOOD_ZIPPED, gap=b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 3, 3, 0, 0)),
        "where its directory should end",
    ),
    "CVE-2025-8291: locator with a lying offset": (
        zipped(*GOOD_ZIPPED, gap=b"PK\x06\x07" + struct.pack("<IQI", 0, 7, 1)), "where its directory should end",
    ),
    "an entry that the directory hides": (zipped(*GOOD_ZIPPED, listed=(0, 1)), "does not list b'model.pdiparams'"),
    "an entry listed twice": (zipped(*GOOD_ZIPPED, listed=(0, 1, 2, 2)), "where its directory should end"),
    "entries listed in another order": (zipped(*GOOD_ZIPPED, listed=(0, 2, 1)), "says one thing of"),
    "no directory": (zipped(*GOOD_ZIPPED, listed=()), "does not list"),
    "wrong count": (zipped(*GOOD_ZIPPED, count=9), "does not fit what came before"),
    "wrong size of the directory": (zipped(*GOOD_ZIPPED, size=9), "does not fit what came before"),
    "wrong place of the directory": (zipped(*GOOD_ZIPPED, offset=9), "does not fit what came before"),
    "a comment, where another archive can hide": (zipped(*GOOD_ZIPPED, comment=b"PK\x05\x06"), "or a comment"),
    "bytes behind": (zipped(*GOOD_ZIPPED) + b"x", "bytes after its end"),
    "another archive behind": (zipped(*GOOD_ZIPPED) * 2, "bytes after its end"),
    "bytes in front": (zipped(*GOOD_ZIPPED, front=b"#!/bin/sh\n"), "does not list|goes on|holds no"),
    "empty": (b"", "ends in the middle"),
    "nothing inside": (zipped(), "holds no model.yaml"),
    "cut": (zipped(*GOOD_ZIPPED)[:-1], "ends in the middle of its end"),
    "cut in an entry": (zipped(*GOOD_ZIPPED)[:500], "ends in the middle of"),
    "encrypted": (as_first(FIRST, flags=1), "is encrypted"),
    "encrypted by AES": (as_first(FIRST, extra=struct.pack("<HH7s", 0x9901, 7, bytes(7))), "with encryption"),
    "strong encryption": (as_first(FIRST, flags=0x40), "has flags 0x40"),
    "a masked directory": (as_first(FIRST, flags=0x2000), "has flags 0x2000"),
    "another method": (as_first(FIRST, method=12), "method 12"),
    "zip64 sizes": (as_first(FIRST, extra=ZIP64_EXTRA, size=0xFFFFFFFF), "zip64"),
    "zip64 sizes in the directory": (as_first(FIRST, listed_extra=ZIP64_EXTRA), "zip64"),
    "a second name": (zip_of(Zipped(b"x.txt", EVIL, extra=SECOND_NAME)), "a second name"),
    "a broken extra field": (as_first(FIRST, extra=b"\x01"), "broken extra field"),
    "an extra field beyond its end": (as_first(FIRST, extra=b"\x09\x00\xff\x00"), "broken extra field"),
    "an extra field of no length with zip64 behind": (
        as_first(FIRST, extra=struct.pack("<HH", 0x9999, 0) + ZIP64_EXTRA), "zip64",
    ),
    "a NUL in a name": (zip_of(Zipped(b"x.txt\x00.pkl", EVIL)), "a name that is neither"),
    "a name in an unknown character set": (zip_of(Zipped(b"\x80.txt", EVIL)), "a name that is neither"),
    "a name that is not UTF-8": (zip_of(Zipped(b"\xff.txt", EVIL, flags=0x800)), "not UTF-8"),
    "more bytes than are said": (as_first(FIRST, size=10), "is not of the sizes"),
    "fewer bytes than are said": (as_first(FIRST, size=len(MANIFEST) + 1), "is not of the sizes"),
    "another checksum": (as_first(FIRST, crc=1), "is not of the sizes and the checksum"),
    "garbage for deflate": (as_first(FIRST, packed=b"\xff" * 50), "cannot be unpacked"),
    "deflate without an end": (as_first(FIRST, packed=b"\x00\x00\x00\xff\xff"), "ends in the middle"),
    "bytes behind deflate's end": (as_first(FIRST, packed=b"\x03\x00xxxx"), "holds|YAML|sizes"),
    "stored with two sizes": (as_first(FIRST, method=0, size=1), "does not say its size once"),
    "stored without a size": (as_first(FIRST, method=0, descriptor=True), "does not say its size once"),
    "a folder with bytes": (zip_of(Zipped(b"x/", EVIL, method=0)), "has 4 bytes"),
    "the same name twice": (zipped(*GOOD_ZIPPED, GOOD_ZIPPED[1]), "it is there twice"),
    "letter case": (zip_of(Zipped(b"MODEL.pdmodel", EVIL)), "one name to some file systems"),
    "a bomb": (zipped(Zipped(b"a.txt", bytes(50_000_000))), f"{LIMIT} are the most"),
    "a bomb that says nothing": (zipped(Zipped(b"a.txt", bytes(50_000_000), descriptor=True)), f"more than {LIMIT}"),
    "a bomb that lies": (zipped(Zipped(b"a.txt", bytes(50_000_000), size=4)), "is not of the sizes|more than"),
    "a bomb called model.yaml": (zipped(Zipped(b"model.yaml", bytes(50_000_000), descriptor=True)), "more than 1048576"),
    "too many entries": (zipped(*(Zipped(b"%d/" % n, method=0, attributes=0) for n in range(1500))), "entries"),
    "a tar": (tar(), "holds no model.yaml|goes on"),
}  # fmt: skip
