"""Open Inference Protocol v2 over gRPC: message bytes to a checked request and an answer to bytes. Pure.

The front end reads `envelope` alone, which steps over tensors; a worker reads and writes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.message_fields import BadMessage, Fields
from paddle_runtime.protocol.open_inference_pb2 import (
    InferParameter,
    InferTensorContents,
    ModelInferRequest,
    ModelInferResponse,
)
from paddle_runtime.protocol.tensors import (
    BYTES,
    InferRequest,
    Inputs,
    Signature,
    check_parameters,
    check_values,
    from_raw,
    outputs_of,
    wrong,
)

CONTENTS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "FP32": "fp32_contents", "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}  # fmt: skip
FIRST_TENSOR_FIELD = ModelInferRequest.INPUTS_FIELD_NUMBER
TENSORS = frozenset({ModelInferRequest.INPUTS_FIELD_NUMBER, ModelInferRequest.OUTPUTS_FIELD_NUMBER})
CONTENTS_FIELD = ModelInferRequest.InferInputTensor.CONTENTS_FIELD_NUMBER
# Of a request as it comes: more fields than any model has tensors, and more small things than any needs.
MAX_FIELDS = 1024
MAX_SMALL_BYTES = 64 * 1024
MAX_DIMENSIONS = 16


@dataclass(frozen=True)
class Envelope:
    """What the front end needs to know of a request; empty strings where nothing was given."""

    model_name: str
    model_version: str
    id: str
    parameters: Mapping[str, Any]


def envelope(body: bytes) -> Envelope:
    """A ModelInferRequest without its tensors, which are stepped over; Invalid where it is none.

    What stands beside the values of a tensor is counted too: of 20 MiB of small things, a parsed message is a
    gigabyte.
    """
    kept = bytearray()
    place = 0
    fields = Fields(body, MAX_FIELDS)
    try:
        for number, start, end in fields.of(0, len(body)):
            if number < FIRST_TENSOR_FIELD:
                kept += memoryview(body)[place : min(end, place + MAX_SMALL_BYTES)]
            elif number in TENSORS:
                _small(fields, start, end)
            if len(kept) >= MAX_SMALL_BYTES:
                raise _no_message(f"more than {MAX_SMALL_BYTES} bytes beside its tensors")
            place = end
    except BadMessage as error:
        raise _no_message(str(error)) from None
    request = ModelInferRequest()
    _parse(request, bytes(kept))
    return Envelope(
        request.model_name, request.model_version, request.id, _parameters("", request.parameters)
    )


def _small(fields: Fields, start: int, end: int) -> None:
    """An input or an output as it was asked for: few fields, and small ones but for the values."""
    for number, begin, stop in fields.of(start, end):
        if number == CONTENTS_FIELD:
            for _ in fields.of(begin, stop):  # values lie in one field of their type; texts have one each
                pass
        elif stop - begin >= MAX_SMALL_BYTES:
            raise _no_message(f"a field of {stop - begin} bytes beside the values of a tensor")


def decode_infer(body: bytes | memoryview, signature: Signature) -> InferRequest:
    """A whole ModelInferRequest, whose envelope was read before."""
    request = ModelInferRequest()
    _parse(request, bytes(body))
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise wrong("raw_input_contents", len(raw), f"tensors are given for {len(request.inputs)} inputs")
    inputs = Inputs(signature)
    for index, tensor in enumerate(request.inputs):
        where = f"inputs[{index}]"
        _parameters(f"{where}.", tensor.parameters)
        shape = list(tensor.shape[: MAX_DIMENSIONS + 1])
        spec, sizes = inputs.expect(where, tensor.name, tensor.datatype, shape)
        if not raw:
            inputs.add(spec, sizes, _values(f"{where}.contents", tensor.contents, spec.datatype, sizes))
        elif tensor.HasField("contents"):
            raise wrong(f"{where}.contents", "a value", "is given beside raw_input_contents; send it once")
        else:
            view = memoryview(raw[index])
            inputs.add(spec, sizes, from_raw(f"raw_input_contents[{index}]", view, spec.datatype, sizes))
    outputs = outputs_of(signature, _outputs(request), otherwise=True)
    return InferRequest(request.id or None, inputs.all(), outputs, _parameters("", request.parameters))


def _parse(message: Message, body: bytes) -> None:
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        raise _no_message(f"what cannot be read ({str(error)[:80]})") from None


def _parameters(where: str, given: Mapping[str, InferParameter]) -> Mapping[str, Any]:
    values = {}
    for name, parameter in given.items():
        chosen = parameter.WhichOneof("parameter_choice")
        values[name] = None if chosen is None else getattr(parameter, chosen)
    check_parameters(f"{where}parameters", values)
    return values


def _values(where: str, contents: InferTensorContents, datatype: str, sizes: Sequence[int]) -> list[Any]:
    field = CONTENTS.get(datatype)
    if field is None:
        raise wrong(where, str(datatype), "has no field of its own: send raw_input_contents")
    values = getattr(contents, field)
    if len(values) != math.prod(sizes):
        raise wrong(
            f"{where}.{field}",
            f"{len(values)} values",
            f"do not fill shape {list(sizes)}, {math.prod(sizes)} do",
        )
    data = list(values)
    if datatype not in {BYTES, "FP32", "FP64"}:
        check_values(f"{where}.{field}", data, datatype)
    return data


def _outputs(request: ModelInferRequest) -> Iterator[tuple[str, object, bool]]:
    for index, output in enumerate(request.outputs):
        where = f"outputs[{index}]"
        _parameters(f"{where}.", output.parameters)
        yield where, output.name, True


def encode_infer(
    outputs: Sequence[Mapping[str, Any]], *, model_name: str, model_version: str, request_id: str
) -> bytes:
    """A ModelInferResponse; every output's data are bytes, and travel raw."""
    response = ModelInferResponse(model_name=model_name, model_version=model_version, id=request_id)
    for output in outputs:
        response.outputs.add(name=output["name"], datatype=output["datatype"], shape=output["shape"])
        response.raw_output_contents.append(output["data"])
    return response.SerializeToString()


def _no_message(problem: str) -> Invalid:
    return Invalid(RequestReason.MALFORMED, f"the message is no ModelInferRequest: it has {problem}.")
