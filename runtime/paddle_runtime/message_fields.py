"""The fields of a protobuf message from its bytes alone, whatever its type. Pure.

For bytes that anybody may have made: a field is stepped over unread, so that weights cost nothing, and there
is an end to how many are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from mmap import mmap

Bytes = bytes | memoryview | mmap
MAX_VARINT_BYTES = 10
FIXED_BYTES = {1: 8, 5: 4}
MAX_NUMBER = (1 << 29) - 1  # of a field; what lies above it fits no 32 bits


class BadMessage(ValueError):
    """The bytes are no message; the text says what they have."""


class Fields:
    """Reads the messages of one body or file; `most` is how many fields there may be in all of them."""

    def __init__(self, data: Bytes, most: int) -> None:
        self._data = data
        self._most = most
        self._left = most

    def of(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Each field of the message between two places: its number, where its content begins and ends.

        The content of a number includes the bits that tell its end. BadMessage where it cannot be read.
        """
        place = start
        while place < end:
            self._left -= 1
            if self._left < 0:
                raise BadMessage(f"more than {self._most} fields")
            key, place = self._varint(place, end)
            number, form = key >> 3, key & 7
            if not 0 < number <= MAX_NUMBER:
                raise BadMessage(f"a field of number {number}")
            if form == 2:
                size, place = self._varint(place, end)
                stop = place + size
            elif form == 0:
                _, stop = self._varint(place, end)
            elif form in FIXED_BYTES:
                stop = place + FIXED_BYTES[form]
            else:
                raise BadMessage("a field of an unknown form")
            if stop > end:
                raise BadMessage("a field that is longer than the message")
            yield number, place, stop
            place = stop

    def text(self, start: int, end: int) -> str:
        """The content of a field of text; ValueError where it is none."""
        return bytes(self._data[start:end]).decode("utf-8")

    def whole(self, start: int, end: int) -> int:
        """The content of a field of a number that has no sign."""
        return self._varint(start, end)[0]

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = shift = 0
        for at in range(place, min(end, place + MAX_VARINT_BYTES)):
            byte = self._data[at]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at + 1
            shift += 7
        raise BadMessage("a number without an end")
