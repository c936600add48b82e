"""What was measured when engines were chosen; it travels in model.yaml, so that the choice can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from paddle_runtime.bundle.engine import Device, Engine, Precision

Count = Annotated[int, Field(ge=0)]
Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Measured(_Frozen):
    """One engine on one module. Without figures it could not be run, and `failed` says why.

    difference: from what the reference answers; text_error: from the texts that were given with pictures, and
    where there was none from the reference's. Without both it was slower than one that answers rightly.
    median_milliseconds: geometric mean over the buckets of each one's median; resident_mib: of a process with
    this module alone, every bucket warm.
    """

    engine: Engine
    precision: Precision = Precision.FLOAT32
    chosen: bool = False
    median_milliseconds: Figure | None = None
    resident_mib: Figure | None = None
    load_seconds: Figure | None = None
    difference: Figure | None = None
    text_error: Figure | None = None
    failed: Annotated[str, Field(max_length=300)] | None = None


class Calibration(_Frozen):
    """One run of `paddle-runtime bench --calibrate` on one kind of device.

    pictures: what was read with each engine, the self-test's among them; characters: of the texts that they
    were held against. Both are None where numbers are compared, not texts.
    """

    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    device: Device
    machine: Annotated[str, Field(max_length=200)]
    cpus: Annotated[int, Field(ge=1)]
    paddle: str | None = None
    onnxruntime: str | None = None
    measure: Literal["TextErrorRate", "MaxAbsDifference"]
    pictures: Count | None = None
    characters: Count | None = None
    modules: Annotated[
        Mapping[str, Annotated[tuple[Measured, ...], Field(max_length=16)]],
        AfterValidator(lambda mapping: MappingProxyType(dict(mapping))),
        PlainSerializer(dict),
    ]
