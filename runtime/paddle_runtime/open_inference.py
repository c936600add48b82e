"""Requests of the kind `infer` in a worker: tensors in and out in each wire form, for every task.

A task that takes no tensors is asked by its input's name with BYTES, a picture or a text, and its answer's
values become tensors by the names that its metadata declares.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from pydantic import JsonValue

from paddle_runtime import limits
from paddle_runtime.bundle.manifest import Manifest
from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import Failed, RequestReason
from paddle_runtime.pipeline import Pipeline
from paddle_runtime.pipeline.base import Arrays, Body
from paddle_runtime.pipeline.values import NUMPY_OF, to_array
from paddle_runtime.protocol import v2_grpc, v2_json
from paddle_runtime.protocol.tensors import (
    BYTES,
    InferRequest,
    Signature,
    Tensor,
    Wanted,
    signature_of,
    to_raw,
    wrong,
)
from paddle_runtime.request_options import parse_options
from paddle_runtime.tasks import TASKS, Kind, Payload, Serving

INFER = "infer"
Outputs = list[dict[str, Any]]


class Answerer(Protocol):
    """What of a task lies between checked tensors and named outputs."""

    def answer(self, asked: InferRequest) -> tuple[Outputs, Mapping[str, float]]:
        """Outputs in the order asked for, and the seconds of its stages."""
        ...


class OpenInference:
    """Reads a request in the form it came in, and answers in that form."""

    def __init__(self, answerer: Answerer, manifest: Manifest, name: str) -> None:
        self._answerer = answerer
        self._name = name
        self._version = manifest.version
        self._signature = signature_of(manifest)

    def answer(self, request: Mapping[str, Any], payload: memoryview) -> Result:
        """`request` holds the transport's id, used where the body names none, and the body's form."""
        began = time.monotonic()
        grpc = request.get("form") == "grpc"
        if grpc:
            asked = v2_grpc.decode_infer(payload, self._signature)
        else:
            asked = v2_json.decode_infer(payload, self._signature, request.get("jsonBytes"))
        decoded = time.monotonic()
        outputs, stages = self._answerer.answer(asked)
        ran = time.monotonic()
        body, meta = self._encode(asked, outputs, request, grpc=grpc)
        around = {"decode": decoded - began, "encode": time.monotonic() - ran}
        whole = {stage: seconds + around.pop(stage, 0.0) for stage, seconds in stages.items()}
        return Result(body, {**whole, **around}, meta)

    def _encode(
        self, asked: InferRequest, outputs: Outputs, request: Mapping[str, Any], *, grpc: bool
    ) -> tuple[bytes, dict[str, Any]]:
        name, version = self._name, self._version
        if grpc:  # whose clients tell their own requests apart: no id in, no id out
            body = v2_grpc.encode_infer(
                outputs, model_name=name, model_version=version, request_id=asked.id or ""
            )
            return body, {}
        request_id = str(request["id"]) if asked.id is None else asked.id
        body, json_bytes = v2_json.encode_infer(
            outputs, model_name=name, model_version=version, request_id=request_id
        )
        return body, {} if json_bytes is None else {"jsonBytes": json_bytes}


class TensorAnswers:
    """For the task whose programs take and give tensors themselves."""

    def __init__(self, pipeline: Pipeline[Arrays, Arrays], signature: Signature) -> None:
        self._pipeline = pipeline
        self._datatypes = {spec.name: str(spec.datatype) for spec in signature.outputs}

    def answer(self, asked: InferRequest) -> tuple[Outputs, Mapping[str, float]]:
        """Run the program."""
        began = time.monotonic()
        given = {each.spec.name: _array(each) for each in asked.inputs}
        decoded = time.monotonic()
        answer = self._pipeline.run(INFER, given, {})
        ran = time.monotonic()
        outputs = [self._output(wanted, answer.body) for wanted in asked.outputs]
        stages = {"decode": decoded - began, **answer.stages, "encode": time.monotonic() - ran}
        return outputs, stages

    def _output(self, wanted: Wanted, arrays: Arrays) -> dict[str, Any]:
        array = arrays[wanted.name]
        return {
            "name": wanted.name,
            "datatype": self._datatypes[wanted.name],
            "shape": [int(size) for size in array.shape],
            "data": array.tobytes() if wanted.binary else array.ravel().tolist(),
        }


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    array = to_array(tensor.spec.datatype, tensor.shape, tensor.data)
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise wrong(f"input {tensor.spec.name}", "NaN", "is no number; send numbers alone")
    return array


class BytesAnswers:
    """For a task that takes a picture: one BYTES tensor in, the values of its JSON answer out."""

    def __init__(self, pipeline: Pipeline[memoryview, Body], serving: Serving, caps: limits.Limits) -> None:
        self._pipeline = pipeline
        self._kind = next(kind for kind in serving.kinds if kind.payload is not Payload.TENSORS)
        self._rows = {row.name: row for row in serving.outputs}
        self._caps = caps

    def answer(self, asked: InferRequest) -> tuple[Outputs, Mapping[str, float]]:
        """Run the pipeline as its own endpoint would."""
        options = _options(asked, self._kind)
        given = self._given(asked.inputs[0], options)
        answer = self._pipeline.run(self._kind.name, memoryview(given), options)
        began = time.monotonic()
        outputs = [self._output(wanted, answer.body) for wanted in asked.outputs]
        return outputs, {**answer.stages, "encode": time.monotonic() - began}

    def _given(self, tensor: Tensor, options: Mapping[str, Any]) -> bytes:
        """The bytes of the one element. No picture is text, so text, which JSON gave, is its base64."""
        element = tensor.data[0]
        if not self._kind.payload.is_file:
            return element if isinstance(element, bytes) else str(element).encode()
        picture = element if isinstance(element, bytes) else limits.decode_base64(element)
        if self._kind.payload.has_pages and picture:
            limits.check_document(picture, self._caps, options.get("pages"))
        else:
            limits.check_one_picture(picture, self._caps)
        return picture

    def _output(self, wanted: Wanted, body: Body) -> dict[str, Any]:
        row = self._rows[wanted.name]
        values = _values_of(body, wanted.name)
        if row.datatype == BYTES:
            texts = [_text(value) for value in values]
            data: Any = to_raw(texts) if wanted.binary else texts
        else:
            data = np.asarray(values, NUMPY_OF[row.datatype]).tobytes() if wanted.binary else values
        return {"name": wanted.name, "datatype": row.datatype, "shape": [len(values)], "data": data}


def _values_of(body: Body, name: str) -> list[JsonValue]:
    """One key of a task's answer; of a document all its pages', each saying which page it is from."""
    pages = body.get("pages")
    if name in body or not isinstance(pages, list):
        found = body[name]
        return found if isinstance(found, list) else [found]
    values: list[JsonValue] = []
    for page in pages:
        assert isinstance(page, dict)
        number = page["page"]
        values.extend(
            {**value, "page": number} if isinstance(value, dict) else value
            for value in _values_of(page, name)
        )
    return values


def _text(value: JsonValue) -> str:
    """Text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise Failed(RequestReason.INTERNAL, "the model's answer holds NaN: look at its weights") from error


def _options(asked: InferRequest, kind: Kind) -> Mapping[str, Any]:
    """Parameters that are options of the task; others are hints that nobody here takes."""
    known = {name: value for name, value in asked.parameters.items() if name in kind.options}
    return parse_options(known, kind.options)


def open_inference(
    pipeline: Pipeline[Any, Any], manifest: Manifest, name: str, caps: limits.Limits
) -> OpenInference:
    """For whichever task the bundle has."""
    serving = TASKS[manifest.task]
    answerer: Answerer
    if serving.kinds[0].payload is Payload.TENSORS:
        answerer = TensorAnswers(pipeline, signature_of(manifest))
    else:
        answerer = BytesAnswers(pipeline, serving, caps)
    return OpenInference(answerer, manifest, name)
