"""Known inputs with their outputs: a device or an engine must prove itself before it serves.

Why: a GPU build was seen that answers garbage on a newer chip without any error.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from paddle_runtime.bundle.signature import Datatype, Shape

Number = bool | int | float


class TensorValue(BaseModel):
    """One tensor, row-major."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    datatype: Datatype
    shape: Shape
    data: Annotated[tuple[Number, ...], Field(max_length=65_536)]


class SelfTest(BaseModel):
    """Either a picture with its lines of text (OCR) or tensors with their answer (Tensor).

    module: the picture is of one line, for the module `recognise` by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    module: Literal["recognise"] | None = None
    picture: str | None = None
    lines: tuple[str, ...] = ()
    max_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    inputs: tuple[TensorValue, ...] = ()
    outputs: tuple[TensorValue, ...] = ()
    tolerance: Annotated[float, Field(ge=0)] = 1e-3

    @model_validator(mode="after")
    def _one_kind(self) -> SelfTest:
        if (self.picture is None) == (not self.inputs):
            raise ValueError("a self-test has either a picture with lines or inputs with outputs")
        if self.inputs and not self.outputs:
            raise ValueError("a self-test with inputs needs outputs")
        return self
