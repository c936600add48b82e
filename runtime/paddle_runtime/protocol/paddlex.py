"""Requests and answers in the form of PaddleX's serving, so that its clients work unchanged. Pure.

A request is {"file": base64, "fileType": 0 (PDF) or 1 (image), options}, an answer {"logId", "result",
"errorCode": 0, "errorMsg": "Success"}, and an error has the same without a result. What would change the
answer and is not served is refused; null means the default, as there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.text_limits import is_unicode

PDF, IMAGE = 0, 1
URL_STARTS = ("http://", "https://")
LIMIT_TYPES = ("min", "max", "resize_long")
MAX_LOG_ID = 128
# What PaddleX's pipeline keeps when nobody says otherwise: every line, however unsure.
MIN_SCORE = 0.0

Value = JsonValue


@dataclass(frozen=True)
class Asked:
    """What a request says beside its file. file_type: None where the file's own bytes decide."""

    file_type: int | None
    options: dict[str, Value]


def parse(document: Mapping[str, object]) -> Asked:
    """The options by the names that the pipeline knows them by, or Invalid."""
    options: dict[str, Value] = {"minScore": MIN_SCORE, "visualize": False, "detect": {}}
    tuning: dict[str, Value] = {}
    for name, value in document.items():
        if name in {"file", "fileType", "logId"} or value is None:
            continue
        if name not in FIELDS:
            raise unsupported(name, value, f"known are file, fileType, logId, {', '.join(FIELDS)}")
        into, read = FIELDS[name]
        found = read(name, value)
        if into.startswith("detect."):
            tuning[into.removeprefix("detect.")] = found
        elif into:
            options[into] = found
    if ("limitType" in tuning) > ("limitSideLen" in tuning):
        raise unsupported("textDetLimitType", tuning["limitType"], "give textDetLimitSideLen too")
    return Asked(_file_type(document.get("fileType")), {**options, "detect": tuning})


def check_file(value: object) -> None:
    """Files come as bytes: an address that this server would fetch for a caller could be anybody's."""
    if isinstance(value, str) and value[:8].lower().startswith(URL_STARTS):
        raise Invalid(
            RequestReason.UNSUPPORTED_OPTION,
            "file is a URL, and this server fetches nothing on a caller's behalf, since it reaches addresses "
            "that the caller does not; send the file's bytes in base64",
        )


def check_kind(asked: Asked, *, is_pdf: bool) -> None:
    """The file must be what fileType says."""
    if asked.file_type == PDF and not is_pdf:
        raise Invalid(RequestReason.UNDECODABLE, "fileType is 0 and the file is no PDF; send 1 for an image")
    if asked.file_type == IMAGE and is_pdf:
        raise Invalid(RequestReason.UNDECODABLE, "fileType is 1 and the file is a PDF; send 0 for it")


def log_id_of(document: Mapping[str, object], request_id: str) -> str:
    """The caller's own logId, or the request's id."""
    value = document.get("logId")
    if value is None:
        return request_id
    if not isinstance(value, str) or len(value) > MAX_LOG_ID or not is_unicode(value):
        raise Invalid(
            RequestReason.MALFORMED,
            f"logId is {str(value)[:40]!r}; give Unicode text of at most {MAX_LOG_ID} characters",
        )
    return value or request_id


def answer_of(result: bytes, log_id: str) -> bytes:
    """The worker's JSON as the result of an answer, spliced in as bytes."""
    head = json.dumps({"logId": log_id}, ensure_ascii=False, separators=(",", ":")).encode()
    return head[:-1] + b',"result":' + result + b',"errorCode":0,"errorMsg":"Success"}'


def error_of(message: str, code: int, log_id: str) -> dict[str, object]:
    """An error's document."""
    return {"logId": log_id, "errorCode": code, "errorMsg": message}


def unsupported(name: str, value: object, way_out: str) -> Invalid:
    """An option that would change the answer and is not served."""
    return Invalid(RequestReason.UNSUPPORTED_OPTION, f"{name[:40]} is {str(value)[:40]!r}; {way_out}")


def _file_type(value: object) -> int | None:
    if value is None or (type(value) is int and value in {PDF, IMAGE}):
        return value
    raise Invalid(
        RequestReason.MALFORMED, f"fileType is {str(value)[:40]!r}; give 0 for a PDF or 1 for an image"
    )


def _flag(name: str, value: object) -> Value:
    if isinstance(value, bool):
        return value
    raise Invalid(RequestReason.MALFORMED, f"{name} is {str(value)[:40]!r}; give true, false or null")


def _no(way_out: str) -> Callable[[str, object], Value]:
    """A flag that is served in one of its states."""

    def read(name: str, value: object) -> Value:
        if _flag(name, value):
            raise unsupported(name, value, way_out)
        return False

    return read


def _number(low: float, high: float) -> Callable[[str, object], Value]:
    """A number above `low` and up to `high`."""

    def read(name: str, value: object) -> Value:
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        if not low <= number <= high:  # compared as it is: a whole number can be too large for a float
            raise Invalid(
                RequestReason.MALFORMED,
                f"{name} is {str(value)[:40]!r}; give a number from {low:g} to {high:g}",
            )
        return float(number)

    return read


def _side(name: str, value: object) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65_536:
        return value
    raise Invalid(RequestReason.MALFORMED, f"{name} is {str(value)[:40]!r}; give a whole number of pixels")


def _limit_type(name: str, value: object) -> Value:
    if isinstance(value, str) and value in LIMIT_TYPES:
        return value
    raise Invalid(RequestReason.MALFORMED, f"{name} is {str(value)[:40]!r}; one of {', '.join(LIMIT_TYPES)}")


NOT_SERVED = "no model for it is served here; send false or nothing, and the picture upright and flat"
# option -> where it goes, "" for nowhere, and its check
FIELDS: Mapping[str, tuple[str, Callable[[str, object], Value]]] = {
    "useDocOrientationClassify": ("", _no(NOT_SERVED)),
    "useDocUnwarping": ("", _no(NOT_SERVED)),
    "useTextlineOrientation": ("cls", _flag),
    "textDetLimitSideLen": ("detect.limitSideLen", _side),
    "textDetLimitType": ("detect.limitType", _limit_type),
    "textDetThresh": ("detect.probabilityThreshold", _number(0.01, 0.99)),
    "textDetBoxThresh": ("detect.boxThreshold", _number(0.01, 0.99)),
    "textDetUnclipRatio": ("detect.unclipRatio", _number(0.1, 5.0)),
    "textRecScoreThresh": ("minScore", _number(0.0, 1.0)),
    "returnWordBox": ("", _no("boxes of words are not told here; send false or nothing")),
    "visualize": ("visualize", _flag),
}
