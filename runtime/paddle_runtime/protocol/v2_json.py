"""Open Inference Protocol v2 over HTTP: bytes to a checked request and an answer to bytes. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from pydantic import JsonValue

from paddle_runtime.bundle.manifest import Manifest
from paddle_runtime.errors import Failed, Invalid, RequestReason
from paddle_runtime.protocol.tensors import (
    Declared,
    InferRequest,
    Inputs,
    Signature,
    check_parameters,
    check_values,
    outputs_of,
    signature_of,
    wrong,
)
from paddle_runtime.protocol.v2_binary import SIZE, Tail, lift, raw_input, split
from paddle_runtime.text_limits import is_unicode

MAX_DEPTH = 8
# What begins a value or stands before the next: each is 30 to 200 bytes of objects once JSON is parsed.
MARKS, MAX_MARKS = b",:[{", 2_000_000


def decode_infer(
    body: bytes | memoryview, signature: Signature, json_bytes: int | None = None
) -> InferRequest:
    """Bytes of POST /v2/models/NAME/infer to a request; errors.Invalid (MALFORMED) says which field.

    json_bytes: what Inference-Header-Content-Length says, None without it.
    """
    view = memoryview(body)
    if json_bytes == 0:
        return raw_input(view, signature)
    text, tail = split(view, json_bytes)
    _check_values(text)
    document = _parse(text)
    request_id = document.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise wrong("id", request_id, "must be a string")
    if request_id and not is_unicode(request_id):
        raise wrong("id", request_id, "holds half a surrogate pair; send Unicode text")
    parameters = _parameters("", document)
    inputs = Inputs(signature)
    _read_inputs(document.get("inputs"), inputs, tail)
    tail.end()
    otherwise = _flag("parameters.binary_data_output", parameters.get("binary_data_output", False))
    wanted = _outputs(document.get("outputs"), otherwise=otherwise)
    outputs = outputs_of(signature, wanted, otherwise=otherwise)
    return InferRequest(request_id, inputs.all(), outputs, parameters)


def _check_values(text: bytes) -> None:
    """Refuse JSON that is small and makes many objects: 20 MiB of `{},` would be 600 MB of them."""
    if len(text) <= MAX_MARKS:
        return
    marks = len(text) - len(text.translate(None, MARKS))
    if marks > MAX_MARKS:
        raise Invalid(
            RequestReason.TOO_LARGE,
            f"the JSON has {marks} values or more and {MAX_MARKS} are read; send large tensors as bytes "
            f"behind the JSON, with {SIZE}, or fewer at once",
        )


def _parse(body: bytes) -> dict[str, JsonValue]:
    def no_constant(name: str) -> NoReturn:
        raise Invalid(RequestReason.MALFORMED, f"the body is not JSON: {name} is none.")

    try:
        document = json.loads(body, parse_constant=no_constant)
    except RecursionError:
        raise Invalid(RequestReason.MALFORMED, "the body is nested too deeply; send flat data.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Invalid(RequestReason.MALFORMED, f"the body is not JSON: {str(error)[:200]}.") from error
    except ValueError:  # Python reads whole numbers of so many digits only
        raise Invalid(
            RequestReason.MALFORMED, "a number in the JSON has thousands of digits; send a shorter one."
        ) from None
    if not isinstance(document, dict):
        raise Invalid(RequestReason.MALFORMED, "the body must be a JSON object with 'inputs'.")
    return document


def _read_inputs(given: JsonValue, inputs: Inputs, tail: Tail) -> None:
    if not isinstance(given, list):
        raise wrong("inputs", given, "must be a list of tensors")
    for index, tensor in enumerate(given):
        where = f"inputs[{index}]"
        if not isinstance(tensor, dict):
            raise wrong(where, tensor, "must be an object with name, shape, datatype and data")
        spec, sizes = inputs.expect(where, tensor.get("name"), tensor.get("datatype"), tensor.get("shape"))
        parameters = _parameters(f"{where}.", tensor)
        if SIZE not in parameters:
            inputs.add(spec, sizes, _values(where, tensor.get("data"), spec.datatype, sizes))
        elif "data" in tensor:
            raise wrong(f"{where}.data", "a value", f"is given beside {SIZE}; send the tensor once")
        else:
            inputs.add(spec, sizes, tail.take(where, parameters[SIZE], spec.datatype, sizes))


def _parameters(where: str, holder: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    parameters = holder.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise wrong(f"{where}parameters", parameters, "must be an object")
    check_parameters(f"{where}parameters", parameters)
    return parameters


def _flag(where: str, value: JsonValue) -> bool:
    if not isinstance(value, bool):
        raise wrong(where, value, "must be true or false")
    return value


def _values(where: str, data: JsonValue, datatype: str, sizes: Sequence[int]) -> list[JsonValue]:
    if not isinstance(data, list):
        raise wrong(f"{where}.data", data, "must be a list of values, flat or nested, row by row")
    values = _flat(where, data)
    if len(values) != math.prod(sizes):
        raise wrong(
            f"{where}.data",
            f"{len(values)} values",
            f"do not fill shape {list(sizes)}, {math.prod(sizes)} do",
        )
    check_values(f"{where}.data", values, datatype)
    return values


def _flat(where: str, data: list[JsonValue]) -> list[JsonValue]:
    for _ in range(MAX_DEPTH):
        kinds = set(map(type, data))
        if list not in kinds:
            return data
        if kinds != {list}:
            raise wrong(f"{where}.data", "a list", "mixes lists and values at one depth")
        data = [value for row in data if isinstance(row, list) for value in row]
    raise wrong(f"{where}.data", "a list", f"is nested deeper than {MAX_DEPTH}")


def _outputs(given: JsonValue, *, otherwise: bool) -> Iterator[tuple[str, object, bool]]:
    if given is None:
        return
    if not isinstance(given, list):
        raise wrong("outputs", given, "must be a list of objects with a name")
    for index, output in enumerate(given):
        where = f"outputs[{index}]"
        if not isinstance(output, dict):
            raise wrong(where, output, "must be an object with a name")
        parameters = _parameters(f"{where}.", output)
        binary = _flag(f"{where}.parameters.binary_data", parameters.get("binary_data", otherwise))
        yield where, output.get("name"), binary


def encode_infer(
    outputs: Sequence[Mapping[str, Any]], *, model_name: str, model_version: str, request_id: str | None
) -> tuple[bytes, int | None]:
    """The response's bytes, and how many of them are JSON when others follow; else None."""
    told, parts = lift(outputs)
    document: dict[str, Any] = {"model_name": model_name, "model_version": model_version}
    if request_id is not None:
        document["id"] = request_id
    document["outputs"] = told
    try:
        text = json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()
    except ValueError as error:
        raise Failed(
            RequestReason.INTERNAL,
            "the model's answer holds NaN or infinity, which JSON cannot carry: look at the range of the "
            "inputs, and at the weights, or ask for binary outputs.",
        ) from error
    return b"".join((text, *parts)), len(text) if parts else None


def model_metadata(manifest: Manifest, *, name: str) -> dict[str, JsonValue]:
    """GET /v2/models/NAME: name, versions, platform, inputs, outputs."""
    document: dict[str, JsonValue] = {
        "name": name,
        "versions": [manifest.version],
        "platform": f"paddle_{manifest.task.value.lower()}",
    }
    signature = signature_of(manifest)
    document["inputs"] = [_declared(spec) for spec in signature.inputs]
    document["outputs"] = [_declared(spec) for spec in signature.outputs]
    return document


def _declared(spec: Declared) -> dict[str, JsonValue]:
    return {"name": spec.name, "datatype": str(spec.datatype), "shape": list(spec.shape)}
