"""Open Inference Protocol v2, JSON form: bytes to a checked request and an answer to bytes. Pure.

Everything that a caller can get wrong is told here, before a program sees it: Paddle accepts some wrong
shapes and answers wrongly without an error.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from pydantic import JsonValue

from paddle_runtime.bundle.manifest import Manifest
from paddle_runtime.bundle.signature import Datatype, Shape, TensorSpec, largest, shape_problem
from paddle_runtime.errors import Failed, Invalid, RequestReason
from paddle_runtime.tasks import TASKS, Task, TensorRow

INTEGER_RANGES = {
    Datatype.UINT8: (0, 2**8 - 1),
    Datatype.INT8: (-(2**7), 2**7 - 1),
    Datatype.INT32: (-(2**31), 2**31 - 1),
    Datatype.INT64: (-(2**63), 2**63 - 1),
}
FLOAT_LIMITS = {Datatype.FP16: 65504.0, Datatype.FP32: 3.4028234e38, Datatype.FP64: sys.float_info.max}
MAX_DEPTH = 8


@dataclass(frozen=True)
class Signature:
    """What a Tensor model takes and gives; `limits` bounds every dimension of an input."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    limits: Mapping[str, Shape]


@dataclass(frozen=True)
class JsonTensor:
    """A checked input; data holds its values row by row, flat."""

    spec: TensorSpec
    shape: Shape
    data: Sequence[JsonValue]


@dataclass(frozen=True)
class InferRequest:
    """A request whose names, types, shapes and counts were checked.

    outputs: names of those that the caller wants; empty is all.
    """

    id: str | None
    inputs: tuple[JsonTensor, ...]
    outputs: tuple[str, ...]


def signature_of(manifest: Manifest) -> Signature:
    """The signature of a Tensor bundle; raises ValueError for another task."""
    if manifest.task is not Task.TENSOR:
        raise ValueError(f"bundle {manifest.name} is of task {manifest.task}, only Tensor has a signature")
    module = manifest.modules["model"]
    return Signature(module.inputs, module.outputs, largest(module.inputs, module.buckets))


def decode_infer(body: bytes, signature: Signature) -> InferRequest:
    """Bytes of POST /v2/models/NAME/infer to a request; errors.Invalid (MALFORMED) says which field."""
    document = _parse(body)
    request_id = document.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise _wrong("id", request_id, "must be a string")
    inputs = tuple(_inputs(document.get("inputs"), signature))
    return InferRequest(request_id, inputs, _outputs(document.get("outputs"), signature))


def _parse(body: bytes) -> dict[str, JsonValue]:
    def no_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not JSON")

    try:
        document = json.loads(body, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Invalid(RequestReason.MALFORMED, f"the body is not JSON: {str(error)[:200]}.") from error
    if not isinstance(document, dict):
        raise Invalid(RequestReason.MALFORMED, "the body must be a JSON object with 'inputs'.")
    return document


def _inputs(given: JsonValue, signature: Signature) -> Iterator[JsonTensor]:
    if not isinstance(given, list):
        raise _wrong("inputs", given, "must be a list of tensors")
    declared = {spec.name: spec for spec in signature.inputs}
    seen: set[str] = set()
    for index, tensor in enumerate(given):
        where = f"inputs[{index}]"
        if not isinstance(tensor, dict):
            raise _wrong(where, tensor, "must be an object with name, shape, datatype and data")
        name = tensor.get("name")
        if not isinstance(name, str) or name not in declared:
            raise _wrong(f"{where}.name", name, f"must be one of {sorted(declared)}")
        if name in seen:
            raise _wrong(f"{where}.name", name, "is given twice")
        seen.add(name)
        yield _tensor(where, tensor, declared[name], signature.limits[name])
    if missing := sorted(set(declared) - seen):
        raise _wrong("inputs", sorted(seen), f"lacks {missing}")


def _tensor(where: str, tensor: Mapping[str, JsonValue], spec: TensorSpec, limit: Shape) -> JsonTensor:
    if tensor.get("datatype") != spec.datatype.value:
        raise _wrong(f"{where}.datatype", tensor.get("datatype"), f"must be {spec.datatype.value}")
    shape = tensor.get("shape")
    if not isinstance(shape, list):
        raise _wrong(f"{where}.shape", shape, "must be a list of whole numbers")
    sizes: list[int] = []
    for size in shape:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise _wrong(
                f"{where}.shape",
                shape,
                "must be a list of whole numbers from 1: an empty tensor asks nothing",
            )
        sizes.append(size)
    if problem := shape_problem(spec.shape, sizes):
        raise _wrong(f"{where}.shape", shape, problem)
    if any(size > most for size, most in zip(sizes, limit, strict=True)):
        raise _wrong(
            f"{where}.shape",
            shape,
            f"is larger than this model's largest bucket, {list(limit)}: send less at once",
        )
    data = tensor.get("data")
    if not isinstance(data, list):
        raise _wrong(f"{where}.data", data, "must be a list of values, flat or nested, row by row")
    values = _flat(where, data)
    if len(values) != math.prod(sizes):
        raise _wrong(
            f"{where}.data", f"{len(values)} values", f"do not fill shape {sizes}, {math.prod(sizes)} do"
        )
    _check_values(where, values, spec.datatype)
    return JsonTensor(spec, tuple(sizes), values)


def _flat(where: str, data: list[JsonValue]) -> list[JsonValue]:
    for _ in range(MAX_DEPTH):
        kinds = set(map(type, data))
        if list not in kinds:
            return data
        if kinds != {list}:
            raise _wrong(f"{where}.data", "a list", "mixes lists and values at one depth")
        data = [value for row in data if isinstance(row, list) for value in row]
    raise _wrong(f"{where}.data", "a list", f"is nested deeper than {MAX_DEPTH}")


def _check_values(where: str, values: Sequence[JsonValue], datatype: Datatype) -> None:
    kinds = set(map(type, values))
    if datatype is Datatype.BOOL:
        if kinds - {bool}:
            raise _wrong(f"{where}.data", _first(values, {bool}), "must be true or false")
        return
    allowed: set[type] = {int} if datatype in INTEGER_RANGES else {int, float}
    if kinds - allowed:
        words = "a whole number" if datatype in INTEGER_RANGES else "a number"
        raise _wrong(f"{where}.data", _first(values, allowed), f"must be {words}")
    low, high = INTEGER_RANGES.get(datatype) or (-FLOAT_LIMITS[datatype], FLOAT_LIMITS[datatype])
    numbers = [value for value in values if isinstance(value, int | float)]
    if numbers and (min(numbers) < low or max(numbers) > high):
        bad = min(numbers) if min(numbers) < low else max(numbers)
        raise _wrong(f"{where}.data", bad, f"does not fit {datatype.value}: {low} to {high}")


def _first(values: Sequence[JsonValue], allowed: set[type]) -> JsonValue:
    return next(value for value in values if type(value) not in allowed)


def _outputs(given: JsonValue, signature: Signature) -> tuple[str, ...]:
    if given is None:
        return ()
    declared = sorted(spec.name for spec in signature.outputs)
    if not isinstance(given, list):
        raise _wrong("outputs", given, "must be a list of objects with a name")
    for index, output in enumerate(given):
        name = output.get("name") if isinstance(output, dict) else output
        if not isinstance(output, dict) or name not in declared:
            raise _wrong(f"outputs[{index}].name", name, f"must be one of {declared}")
    return tuple(str(output["name"]) for output in given if isinstance(output, dict))


def _wrong(field: str, value: JsonValue | Sequence[JsonValue], rule: str) -> Invalid:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return Invalid(RequestReason.MALFORMED, f"{field} = {shown} {rule}.")


def encode_infer(
    outputs: Sequence[Mapping[str, JsonValue]], *, model_name: str, model_version: str, request_id: str | None
) -> bytes:
    """Outputs (name, datatype, shape, data) to the response's bytes."""
    document: dict[str, object] = {"model_name": model_name, "model_version": model_version}
    if request_id is not None:
        document["id"] = request_id
    document["outputs"] = outputs
    try:
        return json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()
    except ValueError as error:
        raise Failed(
            RequestReason.INTERNAL,
            "the model's answer holds NaN or infinity, which JSON cannot carry: look at the range of the "
            "inputs, and at the weights.",
        ) from error


def model_metadata(manifest: Manifest, *, name: str) -> dict[str, JsonValue]:
    """GET /v2/models/NAME: name, versions, platform, inputs, outputs."""
    document: dict[str, JsonValue] = {
        "name": name,
        "versions": [manifest.version],
        "platform": f"paddle_{manifest.task.value.lower()}",
    }
    if manifest.task is Task.TENSOR:
        signature = signature_of(manifest)
        document["inputs"] = [_declared(spec) for spec in signature.inputs]
        document["outputs"] = [_declared(spec) for spec in signature.outputs]
    else:
        serving = TASKS[manifest.task]
        document["inputs"] = [_declared(row) for row in serving.inputs]
        document["outputs"] = [_declared(row) for row in serving.outputs]
    return document


def _declared(spec: TensorSpec | TensorRow) -> dict[str, JsonValue]:
    return {"name": spec.name, "datatype": str(spec.datatype), "shape": list(spec.shape)}
