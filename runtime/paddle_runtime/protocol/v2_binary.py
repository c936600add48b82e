"""Open Inference Protocol v2 with binary tensors over HTTP: JSON first, then the tensors' own bytes. Pure.

Inference-Header-Content-Length: how many bytes are JSON. None: all of them. 0: none, the whole body is
the one input of a model that has one, as it is.
inputs[].parameters.binary_data_size: this input's bytes follow the JSON, in the order of the inputs.
outputs[].parameters.binary_data, parameters.binary_data_output: answer in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.protocol.tensors import (
    BYTES,
    ELEMENT_BYTES,
    Declared,
    InferRequest,
    Inputs,
    Signature,
    from_raw,
    outputs_of,
    wrong,
)

EXTENSION = "binary_tensor_data"
SIZE = "binary_data_size"


class Tail:
    """The bytes behind the JSON, of which each binary input takes its own."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._taken = 0

    def take(
        self, where: str, given: object, datatype: str, sizes: Sequence[int]
    ) -> memoryview | list[bytes]:
        """The next input, which says it has `given` bytes."""
        if isinstance(given, bool) or not isinstance(given, int) or given < 0:
            raise wrong(f"{where}.parameters.{SIZE}", given, "must be a whole number of bytes")
        left = len(self._data) - self._taken
        if given > left:
            raise wrong(
                f"{where}.parameters.{SIZE}",
                given,
                f"is more than the {left} bytes that are left behind the JSON; its length is the header "
                "Inference-Header-Content-Length",
            )
        raw = self._data[self._taken : self._taken + given]
        self._taken += given
        return from_raw(f"{where}.data", raw, datatype, sizes)

    def end(self) -> None:
        """Nobody's bytes are a mistake."""
        if self._taken != len(self._data):
            raise Invalid(
                RequestReason.MALFORMED,
                f"{len(self._data) - self._taken} bytes behind the JSON belong to no input; give each binary "
                f"input its {SIZE}.",
            )


def split(body: memoryview, json_bytes: int | None) -> tuple[bytes, Tail]:
    """JSON and what follows it."""
    if json_bytes is None:
        return bytes(body), Tail(body[len(body) :])
    if json_bytes > len(body):
        raise wrong(
            "Inference-Header-Content-Length", json_bytes, f"is more than the body's {len(body)} bytes"
        )
    return bytes(body[:json_bytes]), Tail(body[json_bytes:])


def raw_input(body: memoryview, signature: Signature) -> InferRequest:
    """A body that is one tensor and nothing else; its one free dimension follows from its size."""
    if len(signature.inputs) != 1:
        raise Invalid(
            RequestReason.MALFORMED,
            f"the model has {len(signature.inputs)} inputs, and a body without JSON can be only one: send "
            "JSON first, and its length in Inference-Header-Content-Length.",
        )
    spec = signature.inputs[0]
    shape = [1] * len(spec.shape) if spec.datatype == BYTES else _free_dimension(spec, len(body))
    inputs = Inputs(signature)
    spec, sizes = inputs.expect("body", spec.name, spec.datatype, shape)
    inputs.add(
        spec,
        sizes,
        [bytes(body)] if spec.datatype == BYTES else from_raw("body", body, spec.datatype, sizes),
    )
    outputs = outputs_of(signature, (), otherwise=True)
    return InferRequest(None, inputs.all(), outputs)


def _free_dimension(spec: Declared, size: int) -> list[int]:
    free = [axis for axis, dimension in enumerate(spec.shape) if dimension == -1]
    if len(free) > 1:
        raise Invalid(
            RequestReason.MALFORMED,
            f"input {spec.name} has {len(free)} free dimensions, {list(spec.shape)}, and a body without JSON "
            "tells one at most: send JSON first, and its length in Inference-Header-Content-Length.",
        )
    row = math.prod(dimension for dimension in spec.shape if dimension != -1) * ELEMENT_BYTES[spec.datatype]
    if size == 0 or size % row:
        raise wrong("body", f"{size} bytes", f"are no whole rows of {row} bytes, as {list(spec.shape)} has")
    return [size // row if dimension == -1 else dimension for dimension in spec.shape]


def lift(outputs: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Outputs whose data are bytes, without them and with their size, and those bytes in their order."""
    told: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for output in outputs:
        data = output["data"]
        if isinstance(data, bytes):
            parts.append(data)
            head = {name: value for name, value in output.items() if name != "data"}
            told.append({**head, "parameters": {SIZE: len(data)}})
        else:
            told.append(dict(output))
    return told, parts
