"""What tensors a model takes and gives, and what is checked of them in whichever form they come. Pure.

Everything that a caller can get wrong is told here, before a program sees it: Paddle accepts some wrong
shapes and answers wrongly without an error.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from paddle_runtime.bundle.manifest import Manifest
from paddle_runtime.bundle.signature import Shape, largest, shape_problem
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.tasks import TASKS, Task
from paddle_runtime.text_limits import is_unicode

ELEMENT_BYTES = {
    "BOOL": 1, "UINT8": 1, "INT8": 1, "INT32": 4, "INT64": 8, "FP16": 2, "FP32": 4, "FP64": 8,
}  # fmt: skip
BYTES = "BYTES"
INTEGER_RANGES = {
    "UINT8": (0, 2**8 - 1),
    "INT8": (-(2**7), 2**7 - 1),
    "INT32": (-(2**31), 2**31 - 1),
    "INT64": (-(2**63), 2**63 - 1),
}
FLOAT_LIMITS = {"FP16": 65504.0, "FP32": 3.4028234663852886e38, "FP64": sys.float_info.max}
LENGTH = struct.Struct("<I")  # before each element of a BYTES tensor
MOST_ELEMENTS = 64  # in a free dimension of a task's own input
# One server answers one request at a time from one caller's words alone, and has no memory to share.
REFUSED_PARAMETERS = {
    "sequence_id": "this server keeps nothing from one request to the next",
    "sequence_start": "this server keeps nothing from one request to the next",
    "sequence_end": "this server keeps nothing from one request to the next",
    "shared_memory_region": "this server shares no memory with callers; send the tensor",
    "shared_memory_offset": "this server shares no memory with callers; send the tensor",
    "shared_memory_byte_size": "this server shares no memory with callers; send the tensor",
    "classification": "outputs are answered whole; choose the highest values yourself",
}


class Declared(Protocol):
    """One input or output as a model declares it; -1 is a dimension that a request chooses."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def datatype(self) -> str:
        """The Open Inference Protocol's name of its elements' type."""
        ...

    @property
    def shape(self) -> Shape:
        """Its dimensions."""
        ...


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives; `limits` bounds every dimension of an input."""

    inputs: Sequence[Declared]
    outputs: Sequence[Declared]
    limits: Mapping[str, Shape]


@dataclass(frozen=True)
class Tensor:
    """A checked input. data: its values row by row, flat, or a memoryview of them, little-endian.

    Elements of BYTES are bytes, or text where JSON gave them.
    """

    spec: Declared
    shape: tuple[int, ...]
    data: Sequence[Any] | memoryview


@dataclass(frozen=True)
class Wanted:
    """An output that the caller wants, as bytes or as values."""

    name: str
    binary: bool


@dataclass(frozen=True)
class InferRequest:
    """A request whose names, types, shapes and sizes were checked."""

    id: str | None
    inputs: tuple[Tensor, ...]
    outputs: tuple[Wanted, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


def signature_of(manifest: Manifest) -> Signature:
    """What a bundle takes and gives: its program's own tensors, or those of its task."""
    if manifest.task is Task.TENSOR:
        module = manifest.modules["model"]
        return Signature(module.inputs, module.outputs, largest(module.inputs, module.buckets))
    serving = TASKS[manifest.task]
    limits = {
        row.name: tuple(MOST_ELEMENTS if size == -1 else size for size in row.shape) for row in serving.inputs
    }
    return Signature(serving.inputs, serving.outputs, limits)


class Inputs:
    """Gathers the checked inputs of one request."""

    def __init__(self, signature: Signature) -> None:
        self._known: list[Tensor] = []
        self._declared = {spec.name: spec for spec in signature.inputs}
        self._limits = signature.limits
        self._seen: set[str] = set()

    def expect(
        self, where: str, name: object, datatype: object, shape: object
    ) -> tuple[Declared, tuple[int, ...]]:
        """The declared input that this is, and its shape; Invalid when it is none or does not fit."""
        if not isinstance(name, str) or name not in self._declared:
            raise wrong(f"{where}.name", name, f"must be one of {sorted(self._declared)}")
        if name in self._seen:
            raise wrong(f"{where}.name", name, "is given twice")
        self._seen.add(name)
        spec = self._declared[name]
        if datatype != spec.datatype:
            raise wrong(f"{where}.datatype", datatype, f"must be {spec.datatype!s}")
        return spec, _sizes(f"{where}.shape", shape, spec.shape, self._limits[name])

    def add(self, spec: Declared, sizes: tuple[int, ...], data: Sequence[Any] | memoryview) -> None:
        """One more, whole."""
        self._known.append(Tensor(spec, sizes, data))

    def all(self) -> tuple[Tensor, ...]:
        """Every declared input, or Invalid."""
        if missing := sorted(set(self._declared) - self._seen):
            raise wrong("inputs", sorted(self._seen), f"lacks {missing}")
        return tuple(self._known)


def _sizes(where: str, shape: object, declared: Shape, limit: Shape) -> tuple[int, ...]:
    if not isinstance(shape, list):
        raise wrong(where, shape, "must be a list of whole numbers")
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in shape):
        raise wrong(where, shape, "must be a list of whole numbers from 1: an empty tensor asks nothing")
    if problem := shape_problem(declared, shape):
        raise wrong(where, shape, problem)
    if any(size > most for size, most in zip(shape, limit, strict=True)):
        raise wrong(
            where, shape, f"is larger than this model's largest bucket, {list(limit)}: send less at once"
        )
    return tuple(shape)


def outputs_of(
    signature: Signature, given: Iterable[tuple[str, object, bool]], *, otherwise: bool
) -> tuple[Wanted, ...]:
    """The outputs to answer, in the model's order. given: (where, name, binary) of those asked for by name;
    none means all of them, binary or not as `otherwise` says."""
    names = [spec.name for spec in signature.outputs]
    asked: dict[object, bool] = {}
    for where, name, binary in given:
        if name not in names:
            raise wrong(f"{where}.name", name, f"must be one of {sorted(names)}")
        asked[name] = binary
    if not asked:
        return tuple(Wanted(name, otherwise) for name in names)
    return tuple(Wanted(name, asked[name]) for name in names if name in asked)


def check_parameters(where: str, parameters: Mapping[str, object]) -> None:
    """Refuse those whose neglect would make the answer another one than was asked for; others are hints."""
    for name, why in REFUSED_PARAMETERS.items():
        if parameters.get(name):
            raise wrong(f"{where}.{name}", parameters[name], f"is not for here: {why}")


def check_values(where: str, values: Sequence[object], datatype: str) -> None:
    """Whether values fit their type, which numpy would not say."""
    kinds = set(map(type, values))
    if datatype == BYTES:
        if kinds - {str}:
            raise wrong(where, _first(values, {str}), "must be text")
        for text in values:
            if isinstance(text, str) and not is_unicode(text):
                raise wrong(where, text, "holds half a surrogate pair; send Unicode text")
        return
    if datatype == "BOOL":
        if kinds - {bool}:
            raise wrong(where, _first(values, {bool}), "must be true or false")
        return
    allowed: set[type] = {int} if datatype in INTEGER_RANGES else {int, float}
    if kinds - allowed:
        words = "a whole number" if datatype in INTEGER_RANGES else "a number"
        raise wrong(where, _first(values, allowed), f"must be {words}")
    low, high = INTEGER_RANGES.get(datatype) or (-FLOAT_LIMITS[datatype], FLOAT_LIMITS[datatype])
    numbers = [value for value in values if isinstance(value, int | float)]
    if numbers and (min(numbers) < low or max(numbers) > high):
        bad = min(numbers) if min(numbers) < low else max(numbers)
        raise wrong(where, bad, f"does not fit {datatype}: {low} to {high}")


def _first(values: Sequence[object], allowed: set[type]) -> object:
    return next(value for value in values if type(value) not in allowed)


def from_raw(where: str, raw: memoryview, datatype: str, sizes: Sequence[int]) -> memoryview | list[bytes]:
    """The bytes of one tensor, held against its type and shape; BYTES are taken apart."""
    if datatype == BYTES:
        return _elements(where, raw, math.prod(sizes))
    wanted = math.prod(sizes) * ELEMENT_BYTES[datatype]
    if len(raw) != wanted:
        raise wrong(
            where, f"{len(raw)} bytes", f"do not fill shape {list(sizes)} of {datatype}, {wanted} bytes do"
        )
    return raw


def _elements(where: str, raw: memoryview, count: int) -> list[bytes]:
    found: list[bytes] = []
    place = 0
    while len(found) < count and place + LENGTH.size <= len(raw):
        (size,) = LENGTH.unpack_from(raw, place)
        place += LENGTH.size
        if place + size > len(raw):
            raise wrong(
                where, f"element {len(found)} of {size} bytes", f"is longer than the {len(raw)} bytes of all"
            )
        found.append(bytes(raw[place : place + size]))
        place += size
    if len(found) != count or place != len(raw):
        raise wrong(
            where,
            f"{len(raw)} bytes",
            f"are not {count} elements, each behind its length in 4 bytes, little-endian",
        )
    return found


def to_raw(elements: Iterable[object]) -> bytes:
    """Elements of a BYTES tensor behind their lengths; text is UTF-8."""
    parts: list[bytes] = []
    for element in elements:
        data = element if isinstance(element, bytes) else str(element).encode()
        parts += (LENGTH.pack(len(data)), data)
    return b"".join(parts)


def wrong(field: str, value: object, rule: str) -> Invalid:
    """Which field, what is in it, what would be right."""
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return Invalid(RequestReason.MALFORMED, f"{field} = {shown} {rule}.")
