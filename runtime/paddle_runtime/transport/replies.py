"""Answers and errors in HTTP's form. Pure but for Starlette's Response objects."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response

from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import RequestFault, RequestReason
from paddle_runtime.transport import codes

JSON = "application/json"
OCTETS = "application/octet-stream"
JSON_LENGTH = "Inference-Header-Content-Length"
CLOSING_REASONS = frozenset({RequestReason.DRAINING, RequestReason.SLOW_BODY})


def json_response(document: object, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A small JSON document; half a surrogate pair, from what a caller sent, stays the escape that it was."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    body = text.encode(errors="backslashreplace")
    return Response(body, status_code=code, media_type=JSON, headers=dict(headers or {}))


def answer(result: Result, total_seconds: float, headers: Mapping[str, str]) -> Response:
    """A good answer; where bytes of tensors follow its JSON, a header says how much is JSON."""
    timing = server_timing({**result.stages, "total": total_seconds})
    told = {**headers, "Server-Timing": timing}
    json_bytes = result.meta.get("jsonBytes")
    if json_bytes is not None:
        told[JSON_LENGTH] = str(json_bytes)
    media = JSON if json_bytes is None else OCTETS
    return Response(result.body, media_type=media, headers=told)


def refusal(
    fault: RequestFault,
    request_id: str,
    headers: Mapping[str, str],
    *,
    closing: bool,
    document: Mapping[str, object] | None = None,
) -> Response:
    """Any fault: the table's code, Retry-After where there is one, and {"error", "reason", "requestId"}.

    document: in its place, for callers who know another form.
    """
    extra = dict(headers)
    if fault.retry_after_seconds is not None:
        extra["Retry-After"] = str(fault.retry_after_seconds)
    if closing or fault.reason in CLOSING_REASONS:
        extra["Connection"] = "close"
    own = {"error": str(fault), "reason": fault.reason.value, "requestId": request_id}
    return json_response(document or own, codes.http_code(fault), extra)


def with_timings(
    body: bytes, *, request_id: str, model: str, stages: Mapping[str, float], total_seconds: float
) -> bytes:
    """The worker's JSON object with id and model before it and timings (milliseconds) after it.

    Spliced as bytes: parsing a page's text again only to write it out would cost more than the dispatch.
    """
    timings = {f"{stage}Ms": round(seconds * 1000, 3) for stage, seconds in stages.items()}
    timings["totalMs"] = round(total_seconds * 1000, 3)
    head = json.dumps({"id": request_id, "model": model}, ensure_ascii=False, separators=(",", ":")).encode()
    tail = json.dumps({"timings": timings}, separators=(",", ":")).encode()
    middle = body[1:-1]
    return head[:-1] + b"," + middle + (b"," if middle else b"") + tail[1:]


def server_timing(seconds: Mapping[str, float]) -> str:
    """The Server-Timing header: milliseconds by stage, which browsers and proxies show."""
    return ", ".join(f"{stage};dur={duration * 1000:.1f}" for stage, duration in seconds.items())
