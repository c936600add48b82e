"""Entries of a tar archive: plain files and folders of the ustar and GNU forms, and not a form more.

Not the standard library's reader: it allocates what a header claims, follows chains of extended headers, and
has looped on sizes below zero and on the end of a stream. Here every header is 512 bytes whose fields are
taken or refused, and what changes the meaning of the next header is refused, so no two readers can disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paddle_runtime.bundle.archive.reader import BadArchive, ByteReader, Entry, text

BLOCK_BYTES = 512
# What some writers add to carry times or comments; nothing in it is used.
MAX_PAX_BYTES = 64 * 1024
MAX_PADDING_BYTES = 1024 * 1024
OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
POSIX, GNU = b"ustar\x0000", b"ustar  \x00"
REFUSED_KINDS = {
    b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device", b"6": "a FIFO",
    b"7": "a contiguous file", b"S": "a sparse file", b"L": "a name in GNU's long form",
    b"K": "a link in GNU's long form", b"D": "a folder in GNU's dump form", b"M": "a part of another volume",
}  # fmt: skip
# Keys of a pax header that say nothing of what the next entry is or where it goes.
HARMLESS_PAX = re.compile(
    r"[amc]time|comment|[ug]id|[ug]name|SCHILY\.(dev|ino|nlink|fflags)|LIBARCHIVE\.creationtime"
)


def tar_entries(reader: ByteReader) -> Iterator[Entry]:
    """Every file and folder in order; each one's bytes must be read before the next."""
    while (header := reader.exactly(BLOCK_BYTES, "a header")) != bytes(BLOCK_BYTES):
        kind = header[156:157]
        size = _checked(header)
        name = _name(header)
        if kind in {b"x", b"g"}:
            _skip_pax(reader, size, name)
            continue
        if kind not in {b"0", b"\x00", b"5"}:
            raise BadArchive(f"entry {name!r} is {REFUSED_KINDS.get(kind, f'of kind {kind!r}')}")
        folder = kind == b"5"
        if header[157:257].strip(b"\x00"):
            raise BadArchive(f"entry {name!r} is no link and names a target")
        if folder and size:
            raise BadArchive(f"folder {name!r} has {size} bytes")
        yield Entry(name, size, folder, reader.pieces(size, repr(name)))
        _skip_padding(reader, size, name)
    _require_end(reader)


def _checked(header: bytes) -> int:
    """The size of what follows, when the header is one and is whole."""
    if header[257:265] not in {POSIX, GNU}:
        raise BadArchive("has a header that is of neither the ustar nor the GNU form of tar")
    total = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if _number(header[148:156], "checksum") != total:
        raise BadArchive("has a header whose checksum is wrong")
    return _number(header[124:136], "size")


def _number(field: bytes, what: str) -> int:
    """An octal number. GNU's binary form of larger ones can say less than zero: not read."""
    found = OCTAL.fullmatch(field)
    if found is None:
        raise BadArchive(f"has a header whose {what} is {field!r}, no octal number")
    return int(found[1], 8)


def _name(header: bytes) -> str:
    name = _field(header[:100])
    prefix = _field(header[345:500]) if header[257:265] == POSIX else b""
    return text(prefix + b"/" + name if prefix else name, "an entry's name")


def _field(field: bytes) -> bytes:
    """Text up to its NUL, behind which nothing may hide."""
    value, _, rest = field.partition(b"\x00")
    if rest.strip(b"\x00"):
        raise BadArchive(f"has a name with a NUL in it: {field[:60]!r}")
    return value


def _skip_pax(reader: ByteReader, size: int, name: str) -> None:
    """Records 'LENGTH KEY=VALUE newline'; a key that would override the next header is refused."""
    if size > MAX_PAX_BYTES:
        raise BadArchive(f"pax header {name!r} has {size} bytes, {MAX_PAX_BYTES} are read at most")
    data = reader.exactly(size, "a pax header")
    _skip_padding(reader, size, name)
    while data:
        length, space, _ = data[:8].partition(b" ")
        if not space or not length.isdigit() or not len(length) + 3 <= int(length) <= len(data):
            raise BadArchive(f"pax header {name!r} has a record of no right length")
        record, data = data[len(length) + 1 : int(length)], data[int(length) :]
        key = text(record.partition(b"=")[0], "a pax key")
        if b"=" not in record or not record.endswith(b"\n"):
            raise BadArchive(f"pax header {name!r} has a record without a value")
        if not HARMLESS_PAX.fullmatch(key):
            raise BadArchive(f"pax header {name!r} sets {key[:40]!r}, which could change what follows it")


def _skip_padding(reader: ByteReader, size: int, name: str) -> None:
    if any(reader.exactly(-size % BLOCK_BYTES, f"the padding of {name!r}")):
        raise BadArchive(f"has bytes in the padding behind {name!r}")


def _require_end(reader: ByteReader) -> None:
    """Two blocks of zeros end a tar; writers fill up with more of them."""
    if any(reader.exactly(BLOCK_BYTES, "its end")):
        raise BadArchive("has bytes after its end")
    rest = 0
    while piece := reader.some(BLOCK_BYTES * 64):
        rest += len(piece)
        if any(piece) or rest > MAX_PADDING_BYTES:
            raise BadArchive("has bytes after its end")
