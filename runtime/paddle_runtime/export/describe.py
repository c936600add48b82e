"""model.yaml of an exported layer: signature, buckets, engine, and the known inputs with their outputs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from paddle_runtime.bundle.selftest import TensorValue
from paddle_runtime.bundle.signature import NUMPY_NAMES, Datatype, TensorSpec
from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.inputs import Inputs
from paddle_runtime.export.measure import allowed
from paddle_runtime.export.program import Program
from paddle_runtime.export.sides import Vector
from paddle_runtime.pipeline.tensor import MODULE
from paddle_runtime.predictor.session import Array

KEPT_VALUES = 512
MOST_SELF_TESTS = 32


@dataclass(frozen=True)
class Label:
    """What the bundle is called and where it is from."""

    name: str
    version: str
    source: str
    license: str | None = None


def output_specs(names: Sequence[str], program: Program, vectors: Sequence[Vector]) -> tuple[TensorSpec, ...]:
    """Outputs as a request sees them: a size is fixed where the program and every vector say the same."""
    first = vectors[0].outputs
    if len(names) != len(first):
        raise ExportFault(
            ExportReason.ProgramFailed,
            f"the layer gives {len(first)} tensors and the program {len(names)}: return each tensor once.",
        )
    return tuple(
        TensorSpec(
            name=name,
            datatype=_datatype(first[index]),
            shape=_shape(program.output_shapes[index], [vector.outputs[index].shape for vector in vectors]),
        )
        for index, name in enumerate(names)
    )


def _shape(said: Sequence[int], seen: Sequence[Sequence[int]]) -> tuple[int, ...]:
    sizes = zip(*seen, strict=True)
    pairs = itertools.zip_longest(said[: len(seen[0])], sizes, fillvalue=-1)
    return tuple(want if isinstance(got, tuple) and set(got) == {want} else -1 for want, got in pairs)


def _datatype(array: Array) -> Datatype:
    for datatype, name in NUMPY_NAMES.items():
        if array.dtype == name:
            return datatype
    raise ExportFault(
        ExportReason.ProgramFailed,
        f"an output is {array.dtype}, which no answer can carry: cast it in the layer.",
    )


def description(
    label: Label,
    *,
    paddle_version: str,
    program: Program,
    inputs: Inputs,
    outputs: Sequence[TensorSpec],
) -> dict[str, Any]:
    """The manifest without engine, self-tests and files, as bundle.make takes it."""
    module: dict[str, JsonValue] = {
        "program": program.program,
        "params": program.params,
        "inputs": [spec.model_dump(mode="json") for spec in inputs.specs],
        "outputs": [spec.model_dump(mode="json") for spec in outputs],
        "buckets": [{name: list(shape) for name, shape in bucket.items()} for bucket in inputs.buckets],
    }
    return {
        "format": "paddle-sla-bundle/1",
        "name": label.name,
        "version": label.version,
        "task": "Tensor",
        "paddleVersion": paddle_version,
        **({} if label.license is None else {"license": label.license}),
        "source": label.source,
        "modules": {MODULE: module},
    }


def self_tests(vectors: Sequence[Vector], outputs: Sequence[TensorSpec], tolerance: float) -> list[JsonValue]:
    """Those that take a side which no earlier one takes, then as many of the others as fit."""
    covering: list[Vector] = []
    others: list[Vector] = []
    taken: set[tuple[str, bool]] = set()
    for vector in vectors:
        (others if vector.took <= taken else covering).append(vector)
        taken |= vector.took
    chosen = [*covering, *others][:MOST_SELF_TESTS]
    return [_self_test(vector, outputs, tolerance) for vector in chosen]


def _self_test(vector: Vector, outputs: Sequence[TensorSpec], tolerance: float) -> JsonValue:
    given = [
        TensorValue(
            name=spec.name,
            datatype=spec.datatype,
            shape=vector.bucket[spec.name],
            seeded=vector.inputs.seeded(spec.name, vector.seed + index),
        )
        for index, spec in enumerate(vector.inputs.specs)
    ]
    told = [_kept(spec, array, tolerance) for spec, array in zip(outputs, vector.outputs, strict=True)]
    document: Mapping[str, JsonValue] = {
        "inputs": [tensor.model_dump(mode="json", exclude_defaults=True) for tensor in given],
        "outputs": [tensor.model_dump(mode="json", exclude_defaults=True) for tensor in told],
    }
    return dict(document)


def _kept(spec: TensorSpec, array: Array, tolerance: float) -> TensorValue:
    """An output, thinned to a few hundred values spread over all of it."""
    every = max(1, -(-array.size // KEPT_VALUES))
    return TensorValue(
        name=spec.name,
        datatype=spec.datatype,
        shape=tuple(array.shape),
        data=tuple(array.ravel()[::every].tolist()),
        every=every,
        tolerance=allowed(array, tolerance),
    )
