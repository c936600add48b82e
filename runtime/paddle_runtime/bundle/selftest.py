"""Known inputs with their outputs: a device or an engine must prove itself before it serves.

Why: a GPU build was seen that answers garbage on a newer chip without any error.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from paddle_runtime.bundle.signature import MAX_BUCKET_ELEMENTS, Datatype, Shape

Number = bool | int | float


class Seeded(BaseModel):
    """Values that are made, not written down: pipeline/seeded.py. A whole number may be either bound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: Annotated[int, Field(ge=0, lt=1 << 64)]
    low: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    high: Annotated[float, Field(allow_inf_nan=False)] = 1.0

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Seeded:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class TensorValue(BaseModel):
    """One tensor, row-major: its values, or for an input the seed of them.

    every: of a large output only each n-th value is kept, the first one first. tolerance: of this output,
    where outputs are of different sizes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    datatype: Datatype
    shape: Shape
    data: Annotated[tuple[Number, ...], Field(max_length=65_536)] = ()
    seeded: Seeded | None = None
    every: Annotated[int, Field(ge=1)] = 1
    tolerance: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _values_one_way(self) -> TensorValue:
        elements = math.prod(self.shape)
        if self.seeded is None and len(self.data) != -(-elements // self.every):
            wanted = -(-elements // self.every)
            raise ValueError(f"{self.name} has {len(self.data)} values, its shape and every ask for {wanted}")
        if self.seeded is not None and self.data:
            raise ValueError(f"{self.name} has data and a seed: give one of them")
        if elements > MAX_BUCKET_ELEMENTS:
            raise ValueError(f"{self.name} has {elements} elements, more than {MAX_BUCKET_ELEMENTS}")
        return self


class ExpectedClass(BaseModel):
    """A class and its score, which is held against `tolerance`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    score: Annotated[float, Field(ge=0, le=1)]


class ExpectedObject(ExpectedClass):
    """An object and its box (left, top, right, bottom), which is held against `boxTolerancePixels`."""

    box: tuple[float, float, float, float]


class SelfTest(BaseModel):
    """One of: a picture with its lines of text, its objects or its classes; a text with its classes; tensors
    with their answer.

    module: the test is of that module of an OCR bundle by itself. A line of text and what it says, for
    `recognise`; or the program's own inputs and outputs, which tell what a text that is read rightly hides.
    The input of `detect` may be a picture, shown in `bucket` whatever the module's buckets are; its output is
    then the mean of the map in each cell of a grid, where the picture lies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    module: Literal["detect", "orient", "recognise"] | None = None
    picture: str | None = None
    bucket: Shape | None = None
    text: Annotated[str, Field(min_length=1, max_length=10_000)] | None = None
    lines: tuple[str, ...] = ()
    classes: tuple[ExpectedClass, ...] = ()
    objects: tuple[ExpectedObject, ...] = ()
    box_tolerance_pixels: Annotated[float, Field(ge=0)] = 2.0
    max_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    inputs: tuple[TensorValue, ...] = ()
    outputs: tuple[TensorValue, ...] = ()
    tolerance: Annotated[float, Field(ge=0)] = 1e-3

    @model_validator(mode="after")
    def _one_kind(self) -> SelfTest:
        if [self.picture is not None, self.text is not None, bool(self.inputs)].count(True) != 1:
            raise ValueError("a self-test has one of a picture, a text, and inputs with outputs")
        if self.inputs and not self.outputs:
            raise ValueError("a self-test with inputs needs outputs")
        shown = self.picture is not None and bool(self.outputs)
        if shown != (self.bucket is not None) or (shown and not self._grid_of_detect()):
            raise ValueError(
                "a picture whose outputs are known is of module detect, with the bucket [1, 3, HEIGHT, "
                "WIDTH] in which it is shown and one output, FP32 of shape [ROWS, COLUMNS]"
            )
        if self.module in {"detect", "orient"} and not self.outputs:
            raise ValueError(f"a self-test of module {self.module} has outputs: what its program answers")
        if any(tensor.every > 1 for tensor in self.inputs) or any(tensor.seeded for tensor in self.outputs):
            raise ValueError("an input is whole, and an output is what was seen: no every, no seed for them")
        return self

    def _grid_of_detect(self) -> bool:
        bucket, outputs = self.bucket or (), self.outputs
        grid = len(outputs) == 1 and len(outputs[0].shape) == 2 and outputs[0].datatype is Datatype.FP32
        return self.module == "detect" and len(bucket) == 4 and bucket[:2] == (1, 3) and grid
