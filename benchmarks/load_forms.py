"""How a picture is asked of a server and how its answer is read, in the runtime's form and in PaddleX's."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from benchmarks.corpus import Picture
from benchmarks.text_error import Piece

# paddlex: as its documentation shows. paddlex-lean: without the pictures that it draws and sends back, and
# with the detector's side that was found best.
FORMS = ("v1", "paddlex", "paddlex-lean")


def request(form: str, picture: Picture, headers: Mapping[str, str]) -> bytes:
    """The whole request as it goes over the wire."""
    if form == "v1":
        return http("/v1/ocr", picture.media_type, picture.body, headers)
    asked: dict[str, Any] = {"file": base64.b64encode(picture.body).decode(), "fileType": 1}
    if form == "paddlex-lean":
        asked |= {"visualize": False, "textDetLimitSideLen": 960, "textDetLimitType": "max"}
    return http("/ocr", "application/json", json.dumps(asked).encode(), headers)


def http(path: str, media_type: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {media_type}"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def pieces(form: str, body: bytes) -> list[Piece]:
    """What the answer says."""
    answer = json.loads(body)
    if form == "v1":
        return [Piece(line["text"], line["box"]) for line in answer["lines"]]
    found = answer["result"]["ocrResults"][0]["prunedResult"]
    return [Piece(text, box) for text, box in zip(found["rec_texts"], found["rec_polys"], strict=True)]
