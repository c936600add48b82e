"""Names, types and shapes of a program's inputs and outputs; -1 is a dimension that a request chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Shape = tuple[Annotated[int, Field(ge=1, le=1 << 20)], ...]
DeclaredShape = Annotated[tuple[Annotated[int, Field(ge=-1, le=1 << 20)], ...], Field(max_length=8)]
MAX_BUCKET_ELEMENTS = 1 << 28


class Datatype(StrEnum):
    """The Open Inference Protocol's names of element types."""

    BOOL = "BOOL"
    UINT8 = "UINT8"
    INT8 = "INT8"
    INT32 = "INT32"
    INT64 = "INT64"
    FP16 = "FP16"
    FP32 = "FP32"
    FP64 = "FP64"


NUMPY_NAMES = {
    Datatype.BOOL: "bool", Datatype.UINT8: "uint8", Datatype.INT8: "int8",
    Datatype.INT32: "int32", Datatype.INT64: "int64", Datatype.FP16: "float16", Datatype.FP32: "float32",
    Datatype.FP64: "float64",
}  # fmt: skip


# Names of the protocol that are no Datatype here, and why.
NOT_SERVED = {
    "BYTES": "a Paddle program takes no strings: give it numbers, or serve a task that takes text",
    "INT16": "Paddle Inference can neither be given INT16 nor asked for it: cast to INT32 in the program",
    "UINT16": "Paddle has no such type: cast to INT32 in the program",
    "UINT32": "Paddle has no such type: cast to INT64 in the program",
    "UINT64": "Paddle has no such type: cast to INT64 in the program",
    "BF16": "Paddle Inference hands BF16 out as if it were FP32: cast to FP32 in the program",
}


def _served(name: object) -> object:
    if isinstance(name, str) and (reason := NOT_SERVED.get(name)):
        raise ValueError(reason)
    return name


class TensorSpec(BaseModel):
    """One input or output as declared. Shape () is a single value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=128)]
    datatype: Annotated[Datatype, BeforeValidator(_served)]
    shape: DeclaredShape


def shape_problem(declared: Sequence[int], actual: Sequence[int]) -> str | None:
    """Why a shape does not fit what was declared, or None."""
    if len(declared) != len(actual):
        return f"has {len(actual)} dimensions, {len(declared)} are declared: {list(declared)}"
    for index, (want, got) in enumerate(zip(declared, actual, strict=True)):
        if want not in {-1, got}:
            return f"has {got} in dimension {index}, {want} is declared: {list(declared)}"
    return None


def bucket_problem(inputs: Sequence[TensorSpec], bucket: Mapping[str, Shape]) -> str | None:
    """Why a bucket does not fit the declared inputs, or None."""
    names = [spec.name for spec in inputs]
    if sorted(bucket) != sorted(names):
        return f"names inputs {sorted(bucket)}, declared are {sorted(names)}"
    for spec in inputs:
        shape = bucket[spec.name]
        if problem := shape_problem(spec.shape, shape):
            return f"{spec.name} {problem}"
        elements = 1
        for size in shape:
            elements *= size
        if elements > MAX_BUCKET_ELEMENTS:
            return f"{spec.name} has {elements} elements, more than {MAX_BUCKET_ELEMENTS}"
    return None


def largest(inputs: Sequence[TensorSpec], buckets: Sequence[Mapping[str, Shape]]) -> Mapping[str, Shape]:
    """The largest size of every dimension over all buckets: requests beyond it are refused."""
    return {
        spec.name: tuple(
            max(bucket[spec.name][axis] for bucket in buckets) for axis in range(len(spec.shape))
        )
        for spec in inputs
    }
