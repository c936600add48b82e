"""Entries of a zip archive in one pass from its first byte to its last, all of them accounted for.

The format says everything twice, before each file and in a directory at the end, and most of its holes are
two readers that believe different halves. Here both must say the same, in the same order, without a gap, an
overlap, a byte in front or a byte behind: nothing is left that another reader could see differently.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from paddle_runtime.bundle.archive.reader import PIECE_BYTES, BadArchive, ByteReader, Entry, inflate, text

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
DESCRIPTOR = b"PK\x07\x08"
STORED, DEFLATED = 0, 8
ENCRYPTED, SIZES_BEHIND, UTF8 = 1, 8, 0x800
LEVELS = 0x6  # how hard the packer tried
# Extra fields that give the entry another name or another size, or say that it is encrypted.
OVERRIDING_EXTRAS = {
    0x0001: "zip64 sizes",
    0x7075: "a second name",
    0x6375: "a comment",
    0x9901: "encryption",
}
ZIP64 = 0xFFFFFFFF
DOS, UNIX = 0, 3


@dataclass
class _Record:
    """What the header before a file said; the directory must say the same."""

    name: bytes
    offset: int
    flags: int
    method: int
    stamp: bytes
    crc: int
    packed: int
    size: int


def zip_entries(reader: ByteReader) -> Iterator[Entry]:
    """Every file and folder in order; each one's bytes must be read before the next."""
    records: list[_Record] = []
    while True:
        offset = reader.position
        mark = reader.exactly(4, "a header")
        if mark != LOCAL:
            break
        record = _local(reader, offset)
        records.append(record)
        name = text(record.name, "an entry's name")
        known = not record.flags & SIZES_BEHIND
        content = _content(reader, record, name)
        yield Entry(name, record.size if known else None, name.endswith("/"), content)
        for _ in content:
            raise BadArchive(f"entry {name!r} was not read to its end")
    _require_directory(reader, records, offset, mark)


def _local(reader: ByteReader, offset: int) -> _Record:
    fields = struct.unpack("<HHH4sIIIHH", reader.exactly(26, "a header"))
    _, flags, method, stamp, crc, packed, size, name_bytes, extra_bytes = fields
    name = reader.exactly(name_bytes, "a name")
    _check_extras(reader.exactly(extra_bytes, "an extra field"), name)
    if flags & ENCRYPTED:
        raise BadArchive(f"entry {name!r} is encrypted")
    if flags & ~(SIZES_BEHIND | UTF8 | LEVELS) or method not in {STORED, DEFLATED}:
        raise BadArchive(f"entry {name!r} has flags {flags:#x} and method {method}; only deflate is read")
    if ZIP64 in {packed, size}:
        raise BadArchive(f"entry {name!r} is in the zip64 form")
    if b"\x00" in name or not (flags & UTF8 or name.isascii()):
        raise BadArchive(f"entry {name!r} has a name that is neither ASCII nor marked as UTF-8")
    if method == STORED and (flags & SIZES_BEHIND or packed != size):
        raise BadArchive(f"entry {name!r} is stored and does not say its size once")
    if name.endswith(b"/") and (size or packed > 2 or flags & SIZES_BEHIND):
        raise BadArchive(f"folder {name!r} has {size} bytes")
    return _Record(name, offset, flags, method, stamp, crc, packed, size)


def _check_extras(extra: bytes, name: bytes) -> None:
    while extra:
        if len(extra) < 4:
            raise BadArchive(f"entry {name!r} has a broken extra field")
        kind, length = struct.unpack_from("<HH", extra)
        if kind in OVERRIDING_EXTRAS:
            raise BadArchive(f"entry {name!r} has an extra field with {OVERRIDING_EXTRAS[kind]}")
        if length > len(extra) - 4:
            raise BadArchive(f"entry {name!r} has a broken extra field")
        extra = extra[4 + length :]


def _content(reader: ByteReader, record: _Record, name: str) -> Iterator[bytes]:
    """The bytes of one entry, then whether they were what was said of them."""
    crc = size = 0
    began = reader.position
    pieces = (
        reader.pieces(record.packed, repr(name))
        if record.method == STORED
        else _deflated(reader, record, name)
    )
    for piece in pieces:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        yield piece
    packed = reader.position - began
    if record.flags & SIZES_BEHIND:
        told = struct.unpack("<4sIII", reader.exactly(16, f"the sizes behind {name!r}"))
        if told[0] != DESCRIPTOR or any((record.crc, record.packed, record.size)):
            raise BadArchive(f"entry {name!r} says its sizes both before and behind its bytes, or nowhere")
        _, record.crc, record.packed, record.size = told
    if (crc, packed, size) != (record.crc, record.packed, record.size):
        raise BadArchive(f"entry {name!r} is not of the sizes and the checksum that its header says")


def _deflated(reader: ByteReader, record: _Record, name: str) -> Iterator[bytes]:
    """Unpacked pieces; where the packed size is behind the bytes, their own end is the end."""
    unpack = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    left = None if record.flags & SIZES_BEHIND else record.packed
    while not unpack.eof:
        chunk = reader.some(PIECE_BYTES if left is None else min(left, PIECE_BYTES))
        if not chunk:
            raise BadArchive(f"ends in the middle of {name!r}")
        if left is not None:
            left -= len(chunk)
        yield from inflate(unpack, chunk, repr(name))
    reader.put_back(unpack.unused_data)


def _require_directory(reader: ByteReader, records: list[_Record], start: int, mark: bytes) -> None:
    """The directory at the end: the same entries, in the same order, at the places where they were."""
    for record in records:
        if mark != CENTRAL:
            raise BadArchive(f"does not list {record.name!r} at its end")
        _require_listed(reader, record)
        mark = reader.exactly(4, "its directory")
    size = reader.position - 4 - start
    if mark != END:
        raise BadArchive(f"goes on with {mark!r} where its directory should end")
    ending = struct.unpack("<HHHHIIH", reader.exactly(18, "its end"))
    if ending != (0, 0, len(records), len(records), size, start, 0):
        raise BadArchive("has an end that does not fit what came before, or a comment")
    if reader.some(1):
        raise BadArchive("has bytes after its end")


def _require_listed(reader: ByteReader, record: _Record) -> None:
    fields = struct.unpack("<BBHHH4sIIIHHHHHII", reader.exactly(42, "its directory"))
    _, system, _, *same, name_bytes, extra_bytes, comment_bytes, disk, _, attributes, offset = fields
    name = reader.exactly(name_bytes, "its directory")
    _check_extras(reader.exactly(extra_bytes, "its directory"), name)
    said = [record.flags, record.method, record.stamp, record.crc, record.packed, record.size]
    if [name, *same, offset, disk, comment_bytes] != [record.name, *said, record.offset, 0, 0]:
        raise BadArchive(f"says one thing of {record.name!r} before it and another at its end")
    kind = stat.S_IFMT(attributes >> 16)
    wanted = stat.S_IFDIR if name.endswith(b"/") else stat.S_IFREG
    if system not in {DOS, UNIX} or kind not in {0, wanted}:
        raise BadArchive(f"entry {name!r} is no plain file: mode {attributes >> 16:o}, system {system}")
