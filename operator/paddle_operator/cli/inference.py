"""One request to a service: a picture or a text to its task, other JSON to the Open Inference Protocol."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from paddle_operator.cli.access import NoWay
from paddle_operator.spec.source import Task

TIMEOUT_SECONDS = 60.0
JSON_TYPE = "application/json"
ENDPOINTS: Mapping[str, str] = {
    Task.OCR: "/v1/ocr",
    Task.DETECTION: "/v1/detect",
    Task.IMAGE_CLASSIFICATION: "/v1/classify",
    Task.TEXT_CLASSIFICATION: "/v1/classify",
}


def request_of(name: str, file: Path, task: str) -> tuple[str, str]:
    """Where a file is sent and as what, by its kind and the service's task.

    Only of texts JSON is the task's own form; of the others it is a request of the Open Inference Protocol.
    """
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if kind == JSON_TYPE and task != Task.TEXT_CLASSIFICATION:
        return f"/v2/models/{name}/infer", JSON_TYPE
    return ENDPOINTS.get(task, ENDPOINTS[Task.OCR]), kind


async def infer(base: str, path: str, kind: str, content: bytes, host: str = "") -> Mapping[str, Any]:
    """Send a body; raises NoWay with the server's words when the answer is not 200."""
    headers = {"Content-Type": kind, **({"Host": host} if host else {})}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(base.rstrip("/") + path, data=content, headers=headers) as response,
        ):
            text = await response.text()
            if response.status != 200:
                raise NoWay(f"{base}{path} answered {response.status}: {text[:500]}")
    except (aiohttp.ClientError, TimeoutError) as lost:
        raise NoWay(f"{base}{path} cannot be reached: {type(lost).__name__} {lost}") from lost
    answer: Mapping[str, Any] = json.loads(text)
    return answer
