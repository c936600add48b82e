"""Options of one OCR request, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from paddle_runtime.errors import Invalid, RequestReason


@dataclass(frozen=True)
class OcrOptions:
    """cls: turn lines that are upside down. min_score: lines that are less sure are left out."""

    cls: bool
    min_score: float


def parse_options(request: Mapping[str, JsonValue], min_score: float) -> OcrOptions:
    """The request's options; min_score is the bundle's default."""
    unknown = sorted(set(request) - {"cls", "minScore"})
    if unknown:
        raise _wrong(unknown[0], request[unknown[0]], "is none of cls, minScore")
    cls = request.get("cls", True)
    if not isinstance(cls, bool):
        raise _wrong("cls", cls, "must be true or false")
    score = request.get("minScore", min_score)
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise _wrong("minScore", score, "must be a number from 0 to 1")
    return OcrOptions(cls=cls, min_score=float(score))


def _wrong(name: str, value: JsonValue, rule: str) -> Invalid:
    return Invalid(RequestReason.MALFORMED, f"option {name} = {str(value)[:80]!r} {rule}.")
