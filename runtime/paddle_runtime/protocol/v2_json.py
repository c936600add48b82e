"""Open Inference Protocol v2, JSON form: bytes to a checked request and an answer to bytes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from paddle_runtime.bundle.manifest import Manifest
from paddle_runtime.bundle.signature import Shape, TensorSpec


@dataclass(frozen=True)
class Signature:
    """What a Tensor model takes and gives; `limits` bounds every dimension of an input."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    limits: Mapping[str, Shape]


@dataclass(frozen=True)
class InferRequest:
    """A request whose names, types, shapes and counts were checked. `body` goes to the worker as it is."""

    id: str | None
    body: dict[str, JsonValue]


def signature_of(manifest: Manifest) -> Signature:
    """The signature of a Tensor bundle; raises ValueError for another task."""
    raise NotImplementedError


def decode_infer(body: bytes, signature: Signature) -> InferRequest:
    """Bytes of POST /v2/models/NAME/infer to a request; errors.Invalid (MALFORMED) says which field."""
    raise NotImplementedError


def encode_infer(
    answer: Mapping[str, JsonValue], *, model_name: str, model_version: str, request_id: str | None
) -> bytes:
    """PipelineAnswer.body of a Tensor pipeline ({"outputs": [...]}) to the response's bytes."""
    raise NotImplementedError


def model_metadata(manifest: Manifest, *, name: str) -> dict[str, JsonValue]:
    """GET /v2/models/NAME: name, versions, platform, inputs, outputs."""
    raise NotImplementedError
