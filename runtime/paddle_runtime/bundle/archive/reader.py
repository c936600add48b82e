"""Bytes of an archive as they come: exact reads, bounded memory, gzip undone on the way."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PIECE_BYTES = 256 * 1024


class BadArchive(Exception):
    """The archive is damaged, cut off, or built to deceive; says which entry and what, not what to do."""


@dataclass(frozen=True)
class Entry:
    """One file or folder as the archive calls it. size: None when only its end tells. chunks: its bytes,
    to be read to their end before the next entry is asked for."""

    name: str
    size: int | None
    folder: bool
    chunks: Iterator[bytes]


class ByteReader:
    """Reads exact counts from chunks; never holds more than a chunk and what was asked for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = memoryview(b"")
        self.position = 0

    def some(self, most: int) -> bytes:
        """Up to `most` bytes, at least one; b"" at the end."""
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._held = memoryview(chunk)
        taken, self._held = self._held[:most], self._held[most:]
        self.position += len(taken)
        return bytes(taken)

    def exactly(self, count: int, what: str) -> bytes:
        """`count` bytes, which the caller has bounded."""
        return b"".join(self.pieces(count, what))

    def pieces(self, count: int, what: str) -> Iterator[bytes]:
        """`count` bytes, piece by piece."""
        while count:
            piece = self.some(min(count, PIECE_BYTES))
            if not piece:
                raise BadArchive(f"ends in the middle of {what}")
            count -= len(piece)
            yield piece

    def put_back(self, data: bytes) -> None:
        """Have bytes that were just read come again."""
        self.position -= len(data)
        self._held = memoryview(data + bytes(self._held))


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What one gzip member holds, in pieces; anything after its end is refused, not skipped."""
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for chunk in chunks:
        if unpack.eof:
            raise BadArchive("has bytes after the end of its gzip data")
        yield from inflate(unpack, chunk, "its gzip data")
    if not unpack.eof:
        raise BadArchive("ends in the middle of its gzip data")
    if unpack.unused_data:
        raise BadArchive("has bytes after the end of its gzip data")


def inflate(unpack: zlib._Decompress, chunk: bytes, what: str) -> Iterator[bytes]:
    """What a chunk unpacks to, in pieces of bounded size however well it was packed."""
    try:
        while True:
            piece = unpack.decompress(chunk, PIECE_BYTES)
            if piece:
                yield piece
            chunk = unpack.unconsumed_tail
            if unpack.eof or not (chunk or len(piece) == PIECE_BYTES):
                return
    except zlib.error as error:
        raise BadArchive(f"cannot be unpacked in {what} ({error})") from error


def at_most(chunks: Iterable[bytes], cap: int) -> Iterator[bytes]:
    """The same chunks; more than `cap` bytes are refused."""
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > cap:
            raise BadArchive(f"has more than {cap} bytes, which no bundle within the size limit needs")
        yield chunk


def text(data: bytes, what: str) -> str:
    """A name's bytes as UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadArchive(f"{what} is not UTF-8: {data[:60]!r}") from error
