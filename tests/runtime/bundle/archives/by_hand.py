"""Archives written byte by byte: no library writes the hostile ones."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from tests.runtime.bundle.builders import FILES, description, entry

BLOCK = 512
END = bytes(2 * BLOCK)
EVIL = b"evil"
LIMIT = 1_000_000  # of all files of a bundle in these tests
MANIFEST = yaml.safe_dump(description(files={name: entry(data) for name, data in FILES.items()})).encode()
GOOD = {"model.yaml": MANIFEST, **FILES}


def header(
    name: bytes | str,
    size: int | bytes = 0,
    kind: bytes = b"0",
    *,
    target: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    checksum: bytes | None = None,
) -> bytes:
    """One block of a tar; a size in bytes is written as it is."""
    name = name.encode() if isinstance(name, str) else name
    number = size if isinstance(size, bytes) else b"%011o\x00" % size
    fields = (
        name.ljust(100, b"\x00") + b"0000644\x00" + b"0000000\x00" * 2 + number.ljust(12, b"\x00")
        + b"00000000000\x00" + b" " * 8 + kind + target.ljust(100, b"\x00") + magic
        + bytes(64) + b"0000000\x00" * 2 + prefix.ljust(155, b"\x00") + bytes(12)
    )  # fmt: skip
    assert len(fields) == BLOCK
    total = b"%06o\x00 " % sum(fields) if checksum is None else checksum
    return fields[:148] + total + fields[156:]


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def tar_file(name: str, data: bytes) -> bytes:
    return header(name, len(data)) + padded(data)


def pax(records: dict[str, str] | bytes, kind: bytes = b"x") -> bytes:
    data = records if isinstance(records, bytes) else b"".join(_record(*item) for item in records.items())
    return header("pax", len(data), kind) + padded(data)


def _record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def tar(*entries: bytes, files: dict[str, bytes] = GOOD, end: bytes = END) -> bytes:
    """A whole bundle with hostile entries behind its files."""
    return b"".join(tar_file(name, data) for name, data in files.items()) + b"".join(entries) + end


def gz(data: bytes) -> bytes:
    pack = zlib.compressobj(wbits=31)
    return pack.compress(data) + pack.flush()


@dataclass(frozen=True)
class Zipped:
    """One entry of a zip; fields named listed_* are what the directory says, where it differs."""

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0
    extra: bytes = b""
    listed_name: bytes | None = None
    listed_size: int | None = None
    listed_extra: bytes = b""
    attributes: int = 0o100644 << 16
    system: int = 3
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    descriptor: bool = False
    shift: int = 0
    comment: bytes = b""

    def parts(self, offset: int) -> tuple[bytes, bytes]:
        """(before and with its bytes, in the directory)."""
        pack = zlib.compressobj(wbits=-15)
        packed = self.packed
        if packed is None:
            packed = pack.compress(self.data) + pack.flush() if self.method == 8 else self.data
        size = len(self.data) if self.size is None else self.size
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        flags = self.flags | (8 if self.descriptor else 0)
        said = (0, 0, 0) if self.descriptor else (crc, len(packed), size)
        local = b"PK\x03\x04" + struct.pack(
            "<HHHIIIIHH", 20, flags, self.method, 0x21, *said, len(self.name), len(self.extra)
        )
        local += self.name + self.extra + packed
        if self.descriptor:
            local += b"PK\x07\x08" + struct.pack("<III", crc, len(packed), size)
        name = self.name if self.listed_name is None else self.listed_name
        listed_size = size if self.listed_size is None else self.listed_size
        central = b"PK\x01\x02" + struct.pack(
            "<BBHHHIIIIHHHHHII", 20, self.system, 20, flags, self.method, 0x21, crc, len(packed), listed_size,
            len(name), len(self.listed_extra), len(self.comment), 0, 0, self.attributes, offset + self.shift,
        )  # fmt: skip
        return local, central + name + self.listed_extra + self.comment


GOOD_ZIPPED = tuple(Zipped(name.encode(), data) for name, data in GOOD.items())


def zipped(
    *entries: Zipped, listed: tuple[int, ...] | None = None, front: bytes = b"", **end: int | bytes
) -> bytes:
    """A zip of the entries; `listed` picks which of them the directory has, `end` changes its last record."""
    data, centrals = front, []
    for item in entries:
        local, central = item.parts(len(data))
        data += local
        centrals.append(central)
    chosen = centrals if listed is None else [centrals[index] for index in listed]
    directory = b"".join(chosen)
    comment = bytes(end.get("comment", b""))
    count = int(end.get("count", len(chosen)))
    size, offset = int(end.get("size", len(directory))), int(end.get("offset", len(data)))
    last = struct.pack("<HHHHIIH", 0, 0, count, count, size, offset, len(comment))
    return data + directory + bytes(end.get("gap", b"")) + b"PK\x05\x06" + last + comment


def zip_of(*entries: Zipped) -> bytes:
    """A whole bundle with hostile entries behind its files."""
    return zipped(*GOOD_ZIPPED, *entries)


def as_first(item: Zipped, **changes: object) -> bytes:
    """A whole bundle whose first file is changed."""
    return zipped(replace(item, **changes), *GOOD_ZIPPED[1:])  # type: ignore[arg-type]


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
