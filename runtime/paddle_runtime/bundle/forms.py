"""Whether a file's first bytes are of the form that its name says. Pure.

A suffix is only a word: weights pickled by another framework, an archive or machine code may be called
.pdiparams. No pickle, of any protocol, and no archive begins like a program or weights, so what does not is
refused before Paddle, which checks nothing and crashes, is given it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import PurePosixPath

START_BYTES = 512
# What combined parameters begin with: version 0, levels of detail (none in weights), version 0 again, the
# length of a description, and its first field, the type of the elements.
WEIGHTS = struct.Struct("<IQIi2B")
MAX_DESCRIPTION_BYTES = 1024
DATA_TYPE_FIELD, LARGEST_DATA_TYPE = 0x08, 64
TEXT_CONTROLS = frozenset(b"\t\n\r\f")


def form_problem(name: str, start: bytes) -> str | None:
    """Why a file that begins so is not what its name says, or None. start: its first START_BYTES."""
    check = CHECKS.get(PurePosixPath(name).suffix)
    return None if check is None or check(start) else f"begins with {start[:8].hex(' ') or 'nothing'}"


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda start: start.startswith(starts)


def _weights(start: bytes) -> bool:
    if not start:
        return True  # a program without parameters
    if len(start) < WEIGHTS.size:
        return False
    version, levels, again, length, field, kind = WEIGHTS.unpack_from(start)
    described = (
        2 <= length <= MAX_DESCRIPTION_BYTES and field == DATA_TYPE_FIELD and kind <= LARGEST_DATA_TYPE
    )
    return (version, levels, again) == (0, 0, 0) and described


def _json(start: bytes) -> bool:
    return start.lstrip(b" \t\r\n")[:1] in {b"{", b"["}


def _text(start: bytes) -> bool:
    """No control characters and no bytes that UTF-8 never holds: what is packed or compiled has some soon."""
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < len(start) or error.reason != "unexpected end of data":
            return False
    return all(byte >= 32 or byte in TEXT_CONTROLS for byte in start) and not start.startswith(b"PK\x03\x04")


CHECKS: dict[str, Callable[[bytes], bool]] = {
    ".pdmodel": _begins(b"\x0a"),  # a protobuf message whose first field is a block
    ".onnx": _begins(b"\x08"),  # a protobuf message whose first field is the version of its form
    ".pdiparams": _weights,
    ".json": _json,
    ".txt": _text, ".yml": _text, ".yaml": _text, ".md": _text,
    ".png": _begins(b"\x89PNG\r\n\x1a\n"),
    ".jpg": _begins(b"\xff\xd8\xff"),
}  # fmt: skip
