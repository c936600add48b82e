"""What goes in: declared inputs, the buckets to serve, and the ranges of seeded values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paddle_runtime.bundle.selftest import Seeded
from paddle_runtime.bundle.signature import Datatype, Shape, TensorSpec, bucket_problem
from paddle_runtime.export.faults import ExportFault, ExportReason

Bucket = Mapping[str, Shape]
INPUT_FORM = re.compile(r"^(?P<name>[^=\s]+)=(?P<datatype>[A-Z0-9]+)\[(?P<shape>[-0-9,\s]*)\]$")
PADDLE_TYPES = {
    "bool": Datatype.BOOL, "uint8": Datatype.UINT8, "int8": Datatype.INT8,
    "int32": Datatype.INT32, "int64": Datatype.INT64, "float16": Datatype.FP16, "float32": Datatype.FP32,
    "float64": Datatype.FP64,
}  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """specs: in the order of forward's arguments. ranges: of the seeded values, by input."""

    specs: tuple[TensorSpec, ...]
    buckets: tuple[Bucket, ...]
    ranges: Mapping[str, tuple[float, float]]

    def seeded(self, name: str, seed: int) -> Seeded:
        """The values of an input for one seed."""
        low, high = self.ranges.get(name, (0.0, 1.0))
        return Seeded(seed=seed, low=low, high=high)


def parse_input(text: str) -> TensorSpec:
    """`x=FP32[-1,3,48,-1]`; -1 is a size that a request chooses."""
    found = INPUT_FORM.match(text)
    if found is None or found["datatype"] not in set(Datatype):
        raise wrong(
            f"--input {text!r} is not NAME=TYPE[SIZES], such as x=FP32[-1,3,48,-1]; "
            f"types are {' '.join(Datatype)}"
        )
    sizes = [int(size) for size in found["shape"].split(",") if size.strip()]
    if any(size == 0 or size < -1 for size in sizes):
        raise wrong(f"--input {text!r}: a size is at least 1, or -1 for one that a request chooses")
    return TensorSpec(name=found["name"], datatype=Datatype(found["datatype"]), shape=tuple(sizes))


def declared_inputs(specs: Sequence[Any], names: Sequence[str]) -> tuple[TensorSpec, ...]:
    """The layer's own input_spec; an input without a name gets that of forward's argument."""
    made = []
    for index, spec in enumerate(specs):
        fallback = names[index] if index < len(names) else f"x{index}"
        if not hasattr(spec, "shape"):
            raise wrong(
                f"input {fallback} is {type(spec).__name__} in input_spec: an exported program takes tensors "
                "only; give --input for each"
            )
        kind = str(spec.dtype).rpartition(".")[2]
        if kind not in PADDLE_TYPES:
            raise wrong(f"input {fallback} is {kind}, which no request can send: cast inside the layer")
        shape = tuple(-1 if size is None else int(size) for size in spec.shape)
        made.append(TensorSpec(name=spec.name or fallback, datatype=PADDLE_TYPES[kind], shape=shape))
    return tuple(made)


def parse_bucket(text: str, specs: Sequence[TensorSpec]) -> Bucket:
    """`1x3x48x320` for a layer of one input, `a=1x16,b=1x16` for more."""
    parts = text.split(",") if "=" in text else [f"{specs[0].name}={text}"]
    bucket: dict[str, Shape] = {}
    for part in parts:
        name, _, sizes = part.partition("=")
        try:
            bucket[name.strip()] = tuple(int(size) for size in sizes.split("x") if size)
        except ValueError:
            raise wrong(f"--bucket {text!r}: {sizes!r} is not sizes such as 1x3x48x320") from None
    if any(size < 1 for shape in bucket.values() for size in shape):
        raise wrong(f"--bucket {text!r}: every size is at least 1")
    if problem := bucket_problem(specs, bucket):
        raise wrong(f"--bucket {text!r}: {problem}")
    return bucket


def buckets_of(texts: Sequence[str], specs: Sequence[TensorSpec]) -> tuple[Bucket, ...]:
    """As given; without any, the declared shape itself where nothing in it is free."""
    if texts:
        return tuple({shown(bucket): bucket for bucket in (parse_bucket(t, specs) for t in texts)}.values())
    free = [spec.name for spec in specs if -1 in spec.shape]
    if free:
        raise wrong(
            f"input {free[0]} has sizes that a request chooses, so at least one --bucket is needed: the "
            "shapes that are served, warmed and proved, such as --bucket 1x3x48x320"
        )
    return ({spec.name: spec.shape for spec in specs},)


def parse_range(text: str, specs: Sequence[TensorSpec]) -> tuple[str, tuple[float, float]]:
    """`ids=0,6000`: smallest and largest value that the seeded inputs take."""
    name, equals, bounds = text.partition("=")
    low, comma, high = bounds.partition(",")
    try:
        values = (float(low), float(high))
    except ValueError:
        values = (1.0, 0.0)
    if not equals or not comma or values[0] > values[1] or name not in {spec.name for spec in specs}:
        there = ", ".join(spec.name for spec in specs)
        raise wrong(f"--range {text!r} is not NAME=LOW,HIGH with a name of {there} and LOW <= HIGH")
    return name, values


def shown(bucket: Bucket) -> str:
    """As --bucket takes it."""
    sizes = {name: "x".join(map(str, shape)) for name, shape in bucket.items()}
    if len(sizes) == 1:
        return next(iter(sizes.values()))
    return ",".join(f"{name}={shape}" for name, shape in sizes.items())


def wrong(problem: str) -> ExportFault:
    """A fault of what the caller asked for."""
    return ExportFault(ExportReason.InputInvalid, f"{problem}.")


def spelled(spec: TensorSpec) -> str:
    """As --input takes it."""
    return f"{spec.name}={spec.datatype}[{','.join(map(str, spec.shape))}]"
