"""The OpenAPI document of this server: made from its own table of routes and from the task it serves. Pure.

Only what the served task answers is in it; a route that nothing here describes fails a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paddle_runtime.errors import RequestReason
from paddle_runtime.limits import MAX_DEADLINE_MS
from paddle_runtime.request_options import OPTIONS
from paddle_runtime.tasks import KNOWN, TASKS, Kind, Payload, Task
from paddle_runtime.transport import codes
from paddle_runtime.transport.openapi_schemas import SCHEMAS, TEXT, data_of, ref

Json = dict[str, Any]
VERSION_PREFIX = "/v2/models/{name}/versions/{version}"
BATCH = ":batch"


@dataclass(frozen=True)
class Told:
    """A GET: what for, and the schema of its answer, or its media type."""

    summary: str
    schema: str = ""
    media: str = "application/json"
    unready: bool = False


GETS = {
    "/health": Told("Is the process alive, in one line", "Live", unready=True),
    "/v2/health/live": Told("Is the process alive; 503 asks for a restart", "Live", unready=True),
    "/v2/health/ready": Told("Is a worker warm; 503 while it is not", "Ready", unready=True),
    "/metrics": Told("Metrics for Prometheus", media="text/plain"),
    "/v2": Told("Name, version and extensions of the server", "Server"),
    "/v2/models": Told("The names of the models here", "Models"),
    "/v2/models/{name}": Told("Inputs and outputs of the model", "Model"),
    "/v2/models/{name}/ready": Told("Is the model ready", "Ready", unready=True),
    "/v2/models/{name}/stats": Told("What the model did since the start", "Stats"),
    "/openapi.json": Told("This document"),
}
POSTS = {
    Payload.DOCUMENT: "Read a picture, or the pages of a TIFF or PDF",
    Payload.PICTURE: "What the model, or one module of it, says of a picture",
    Payload.TEXT: "What the model says of a text, or of several",
    Payload.PADDLEX: "Read a picture or PDF, in the form of PaddleX's serving",
    Payload.TENSORS: "Tensors in, tensors out: the Open Inference Protocol",
    Payload.NOTHING: "Ask the model what its bundle knows the answer to; counted as synthetic",
}
KNOWN_SUMMARY = "What the bundle knows answers to, as requests; counted as synthetic"


def document(paths: Iterable[str], *, task: Task, model: str, model_version: str, version: str) -> Json:
    """OpenAPI 3.1 for these paths of the server."""
    kinds = {kind.path: kind for kind in TASKS[task].kinds}
    described: Json = {}
    for path in paths:
        operation = _operation(path, kinds)
        if operation is not None:
            described[path] = {
                "parameters": _names(path, model, model_version),
                operation.pop("method"): operation,
            }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{model} ({task} on paddle-runtime)",
            "version": version,
            "description": "Errors have one form, and every answer carries X-Request-Id.",
        },
        "paths": described,
        "components": {"schemas": SCHEMAS},
    }


def for_people(path: str) -> bool:
    """Whether a route is looked at by people, and no part of the interface."""
    return path in {"/", "/docs"} or path.startswith("/page/")


def _operation(path: str, kinds: Mapping[str, Kind]) -> Json | None:
    """One operation with its method; None where this task does not answer it."""
    plain = path.replace(VERSION_PREFIX, "/v2/models/{name}")
    if plain in GETS:
        return _get(GETS[plain], has_name="{name}" in path)
    if (kind := kinds.get(plain)) is not None:
        return _post(kind, has_name="{name}" in path)
    if (kind := kinds.get(path.removesuffix(BATCH))) is not None:
        return _batch(kind)
    return None


def _names(path: str, model: str, model_version: str) -> list[Json]:
    given = {"name": model, "version": model_version}
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "enum": [value]}}
        for name, value in given.items()
        if f"{{{name}}}" in path
    ]


def _get(told: Told, *, has_name: bool) -> Json:
    schema = (
        ref(told.schema)
        if told.schema
        else {"type": "string" if told.media != "application/json" else "object"}
    )
    content = {told.media: {"schema": schema}}
    responses = {"200": {"description": "As asked", "content": content}}
    if told.unready:
        responses["503"] = {"description": "Not now", "content": content}
    if has_name:
        responses["404"] = _error("no such model or version")
    return {"method": "get", "summary": told.summary, "responses": responses}


def _post(kind: Kind, *, has_name: bool) -> Json:
    body = {} if kind.payload is Payload.NOTHING else {"required": True, "content": _bodies(kind)}
    return {
        "method": "post",
        "summary": KNOWN_SUMMARY if kind == KNOWN else POSTS.get(kind.payload, "Ask the model"),
        "parameters": [*_options(kind), *_headers(kind)],
        **({"requestBody": body} if body else {}),
        "responses": {"200": _good(kind), **_errors(kind, has_name=has_name)},
    }


def _batch(kind: Kind) -> Json:
    bodies = {
        "application/json": {"schema": ref("BatchRequest")},
        "multipart/form-data": {"schema": ref("BatchForm")},
    }
    good = {
        "description": "An answer for each",
        "content": {"application/json": {"schema": ref("BatchAnswer")}},
    }
    return {
        "method": "post",
        "summary": "Several pictures at once, each answered by itself",
        "parameters": [*_options(kind), *_headers(kind)],
        "requestBody": {"required": True, "content": bodies},
        "responses": {"200": good, **_errors(kind, has_name=False)},
    }


def _options(kind: Kind) -> list[Json]:
    """Options that may stand in the query."""
    if kind.payload is Payload.TENSORS:
        return []
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": dict(OPTIONS[name].schema),
        }
        for name in kind.options
    ]


def _headers(kind: Kind) -> list[Json]:
    if kind.payload is Payload.NOTHING:  # no deadline: who asks at the same time shares the answer
        return []
    headers = {
        "X-Request-Id": {"type": "string", "pattern": "^[!-~]{1,128}$"},
        "X-Deadline-Ms": {"type": "integer", "minimum": 1, "maximum": MAX_DEADLINE_MS},
        "traceparent": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
    }
    if kind.payload is Payload.TENSORS:
        headers["Inference-Header-Content-Length"] = {
            "type": "integer",
            "minimum": 0,
            "maximum": 999_999_999_999,
        }
    return [
        {"name": name, "in": "header", "required": False, "schema": schema}
        for name, schema in headers.items()
    ]


def _bodies(kind: Kind) -> Json:
    if kind.payload is Payload.TENSORS:
        return {
            "application/json": {"schema": ref("InferRequest")},
            "application/octet-stream": {"schema": {}},
        }
    if kind.payload is Payload.PADDLEX:
        return {"application/json": {"schema": ref("PaddleXRequest")}}
    if kind.payload is Payload.TEXT:
        return {"application/json": {"schema": ref("TextRequest")}, "text/plain": {"schema": TEXT}}
    kinds_of_bytes = ["application/octet-stream", "image/png", "image/jpeg"]
    if kind.payload is Payload.DOCUMENT:
        kinds_of_bytes += ["image/tiff", "application/pdf"]
    return {
        **{media: {"schema": {}} for media in kinds_of_bytes},
        "application/json": {"schema": ref("PictureRequest")},
        "multipart/form-data": {"schema": ref("PictureForm")},
    }


def _good(kind: Kind) -> Json:
    content = {"application/json": {"schema": ref(data_of(kind))}}
    if kind.payload is Payload.TENSORS:
        content["application/octet-stream"] = {"schema": {}}
    return {"description": "The answer", "content": content}


def _errors(kind: Kind, *, has_name: bool) -> Json:
    """Every code of the one table that can be seen, with its reasons."""
    reasons: dict[int, list[str]] = {}
    for reason, code in codes.HTTP_CODES.items():
        seen = reason not in {RequestReason.CALLER_LEFT, RequestReason.WRONG_METHOD}
        if seen and (has_name or reason is not RequestReason.NOT_FOUND):
            reasons.setdefault(code, []).append(reason.value)
    schema = "PaddleXError" if kind.payload is Payload.PADDLEX else "Error"
    return {str(code): _error(", ".join(names), schema) for code, names in sorted(reasons.items())}


def _error(text: str, schema: str = "Error") -> Json:
    return {"description": text, "content": {"application/json": {"schema": ref(schema)}}}
