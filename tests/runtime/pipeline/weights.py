"""The weights inside the files of a program, by size, and one of them with its signs turned."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

LEVELS = struct.Struct(
    "<IQ"
)  # a tensor begins with a version and its levels of detail, of which weights have none
DESCRIBED = struct.Struct("<Ii")  # another version and the length of a description: FP32 is its first field
FP32 = b"\x08\x05"


@dataclass(frozen=True)
class Weight:
    """A tensor of numbers in a file of combined parameters, and where it begins."""

    start: int
    shape: tuple[int, ...]

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)


def weights_of(data: bytes) -> list[Weight]:
    """The tensors of a .pdiparams file, the largest one first."""
    return sorted(_walk(data), key=lambda weight: -weight.numbers)


def _walk(data: bytes) -> Iterator[Weight]:
    place = 0
    while place < len(data):
        place += LEVELS.size
        _, length = DESCRIBED.unpack_from(data, place)
        place += DESCRIBED.size
        description, place = data[place : place + length], place + length
        assert description.startswith(FP32)
        found = Weight(place, tuple(_dimensions(description[len(FP32) :])))
        yield found
        place += 4 * found.numbers


def _dimensions(description: bytes) -> Iterator[int]:
    """Field 2 of the description, once for each dimension."""
    place = 0
    while place < len(description):
        assert description[place] == 0x10
        size, shift, place = 0, 0, place + 1
        while True:
            size |= (description[place] & 0x7F) << shift
            shift, place = shift + 7, place + 1
            if description[place - 1] < 0x80:
                break
        yield size


def turned(data: bytes, weight: Weight) -> bytes:
    """The file with the signs of that tensor turned."""
    values = np.frombuffer(data, "<f4", weight.numbers, weight.start)
    return data[: weight.start] + (-values).tobytes() + data[weight.start + 4 * weight.numbers :]


def turned_onnx(program: Path, count: int) -> Iterator[tuple[str, bytes]]:
    """An ONNX program with the signs of one tensor turned, for each of its largest; the tensor's name."""
    model = onnx.load(program)
    constants = (
        attribute.t for node in model.graph.node for attribute in node.attribute if attribute.HasField("t")
    )
    numbers = [
        each for each in (*model.graph.initializer, *constants) if each.data_type == onnx.TensorProto.FLOAT
    ]
    for tensor in sorted(numbers, key=lambda each: -int(np.prod(each.dims)))[:count]:
        kept = onnx.TensorProto.FromString(tensor.SerializeToString())
        tensor.ClearField("float_data")
        tensor.raw_data = (-numpy_helper.to_array(kept)).tobytes()
        yield f"{kept.name} {list(kept.dims)}", model.SerializeToString()
        tensor.CopyFrom(kept)
