"""Hostile JSON: pictures in base64, and tensors."""

# ruff: noqa: E501  each line is one request

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Iterator

from PIL import Image, ImageDraw

from tests.runtime.hostile.case import ODD, Case, posted, request
from tests.runtime.hostile.png_and_jpeg import plain

PICTURE = "application/octet-stream"
JSON = "application/json"
CODED = base64.b64encode(plain("PNG")).decode()
METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"


def ocr_json() -> Iterator[Case]:
    bodies: dict[str, bytes | str] = {
        "nothing": b"", "null": "null", "a list": "[1]", "a number": "1", "a text": '"image"', "half": '{"image": ',
        "two documents": "{}{}", "a comment": '{"image": "" /* */}', "a comma too many": '{"image": "",}',
        "deep lists": "[" * 100_000, "deep objects": '{"a":' * 20_000 + "1" + "}" * 20_000,
        "deep objects in options": '{"image": "", "options": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}",
        "a number of 100000 digits": "1" * 100_000, "a number of 4301 digits": '{"image": ' + "9" * 4301 + "}",
        "a number beyond all": '{"image": "", "options": {"minScore": 1e999999}}',
        "no number": '{"image": "", "options": {"minScore": NaN}}', "infinity": '{"image": "", "options": {"minScore": -Infinity}}',
        "200000 empty lists": "[" + "[]," * 60_000 + "[]]", "keys without end": "{" + ",".join(f'"k{n}": 1' for n in range(5000)) + "}",
        "an unknown key": f'{{"image": "{CODED}", "url": "{METADATA}"}}', "an address alone": f'{{"url": "{METADATA}"}}',
        "an address as the picture": f'{{"image": "{METADATA}"}}', "a path as the picture": '{"image": "file:///etc/passwd"}',
        "an address in an option": f'{{"image": "{CODED}", "options": {{"callback": "{METADATA}"}}}}',
        "no picture": '{"options": {}}', "an empty picture": '{"image": ""}', "a picture that is null": '{"image": null}',
        "a picture that is a list": '{"image": [137, 80]}', "a picture that is an object": '{"image": {"$ref": "/etc/passwd"}}',
        "no base64": '{"image": "%%%"}', "base64 cut off": f'{{"image": "{CODED[:-5]}"}}',
        "base64 of an address": '{"image": "' + base64.b64encode(METADATA.encode()).decode() + '"}',
        "a data URL of text": '{"image": "data:text/html,<script>"}',
        "options that are a list": f'{{"image": "{CODED}", "options": [1]}}', "options of a class": f'{{"image": "{CODED}", "options": {{"__class__": 1}}}}',
        "half a character": '{"image": "\\ud800"}', "not UTF-8": b'{"image": "\xff\xfe"}', "UTF-16": '{"image": ""}'.encode("utf-16"),
        "a NUL": b'{"image": "\x00"}', "YAML": "image: !!python/object/apply:os.system [id]\n", "XML": "<image>x</image>",
    }  # fmt: skip
    for name, body in bodies.items():
        yield Case(f"JSON: {name}", posted(body if isinstance(body, bytes) else body.encode(), JSON))
    yield Case(
        "JSON: the same key twice", posted(f'{{"image": "%", "image": "{CODED}"}}'.encode(), JSON), ODD
    )
    yield Case(
        "JSON: the mark of Windows in front",
        posted(b"\xef\xbb\xbf" + f'{{"image": "{CODED}"}}'.encode(), JSON),
        ODD,
    )


def paddlex_json() -> Iterator[Case]:
    """POST /ocr, whose original takes addresses of files too."""
    bodies: dict[str, object] = {
        "nothing": {}, "a list": [], "an address": {"file": METADATA}, "another address": {"file": "HTTP://127.0.0.1:1/"},
        "a file of the server": {"file": "file:///etc/passwd"}, "a path": {"file": "/etc/passwd"}, "a number": {"file": 1},
        "an empty file": {"file": ""}, "no base64": {"file": "%"}, "a kind that is none": {"file": CODED, "fileType": 7},
        "a PDF that is none": {"file": CODED, "fileType": 0}, "text for a switch": {"file": CODED, "useDocUnwarping": {"a": []}},
        "a threshold beyond all": {"file": CODED, "textRecScoreThresh": 1e308}, "a side below zero": {"file": CODED, "textDetLimitSideLen": -1},
        "a threshold of 400 digits": {"file": CODED, "textRecScoreThresh": 10**400}, "half a character for an id": {"file": CODED, "logId": "\ud800"},
        "half a character for an option": {"file": CODED, "\ud800": 1},
    }  # fmt: skip
    for name, body in bodies.items():
        yield Case(f"PaddleX: {name}", posted(json.dumps(body).encode(), JSON, "/ocr"))
    yield Case(
        "PaddleX: lines that cover a page twice",
        lambda: [request(grown(), path="/ocr", headers=[("Content-Type", JSON)])],
    )
    yield Case("PaddleX: deep", posted(b'{"file":' * 50_000, JSON, "/ocr"))
    yield Case("PaddleX: another type", posted(b"file=x", "text/plain", "/ocr"))


def grown() -> bytes:
    """A page full of slanting lines, and boxes that are to be grown far over each other."""
    page = Image.new("L", (6000, 6000), "white")
    for top in range(0, 6000, 160):
        ImageDraw.Draw(page).text((5, top), "word " * 40, fill="black", font_size=130)
    buffer = io.BytesIO()
    page.rotate(3, fillcolor="white").save(buffer, "PNG")
    return json.dumps(
        {"file": base64.b64encode(buffer.getvalue()).decode(), "fileType": 1, "textDetUnclipRatio": 5}
    ).encode()


def tensors(model: str) -> Iterator[Case]:
    """For a model with one input x [-1, 64] of FP32."""
    path = f"/v2/models/{model}/infer"
    right = {"name": "x", "shape": [1, 64], "datatype": "FP32", "data": [0.0] * 64}
    changes: dict[str, dict[str, object]] = {
        "another name": {"name": "y"}, "a name that is a number": {"name": 1}, "a wrong shape": {"shape": [1, 63], "data": [0.0] * 63},
        "one dimension": {"shape": [64]}, "no dimension": {"shape": []}, "nine dimensions": {"shape": [1] * 8 + [64]},
        "a dimension below zero": {"shape": [-1, 64]}, "no rows": {"shape": [0, 64], "data": []},
        "2^63 rows": {"shape": [2**63, 64]}, "10^30 rows": {"shape": [10**30, 64]}, "2^32 x 2^32": {"shape": [2**32, 2**32]},
        "a dimension that is a fraction": {"shape": [1.5, 64]}, "a dimension that is true": {"shape": [True, 64]},
        "a shape that is text": {"shape": "1x64"}, "too few values": {"data": [0.0]}, "too many values": {"data": [0.0] * 65},
        "values that are text": {"data": ["a"] * 64}, "values that are null": {"data": [None] * 64},
        "values that are lists of many depths": {"data": [[0.0] * 32, 0.0]}, "values that are objects": {"data": [{}] * 64},
        "another type": {"datatype": "INT64"}, "a type that is none": {"datatype": "FP31"}, "bytes": {"datatype": "BYTES"},
        "values beyond all": {"data": [1e300] * 64}, "an address of values": {"data": METADATA},
        "shared memory": {"parameters": {"shared_memory_region": "/etc/passwd", "shared_memory_byte_size": 256}, "data": []},
    }  # fmt: skip
    for name, change in changes.items():
        yield Case(
            f"tensor: {name}", posted(json.dumps({"inputs": [{**right, **change}]}).encode(), JSON, path)
        )
    texts: dict[str, str] = {
        "no inputs": "{}", "inputs that are null": '{"inputs": null}', "inputs that are an object": '{"inputs": {}}',
        "an empty list": '{"inputs": []}', "the same input twice": json.dumps({"inputs": [right, right]}),
        "NaN": json.dumps({"inputs": [{**right, "data": [float("nan")] * 64}]}), "infinity": json.dumps({"inputs": [{**right, "data": [float("inf")] * 64}]}),
        "half a character for an id": json.dumps({"id": "\ud800", "inputs": [right]}),
        "an output that is none": json.dumps({"inputs": [right], "outputs": [{"name": "z"}]}), "outputs that are text": json.dumps({"inputs": [right], "outputs": "all"}),
        "deep values": '{"inputs": [{"name": "x", "shape": [1, 64], "datatype": "FP32", "data": ' + "[" * 5000 + "]" * 5000 + "}]}",
        "a number of 5000 digits": json.dumps({"inputs": [{**right, "data": [0] * 64}]}).replace("[0,", "[" + "9" * 5000 + ",", 1),
        "half": '{"inputs": [', "a million empty objects": '{"inputs": [' + "{}," * 1_000_000 + "{}]}", "no JSON": "inputs",
        "7 million empty objects": '{"inputs": [' + "{}," * 6_900_000 + "{}]}", "10 million zeros": json.dumps({"inputs": [{**right, "data": []}]}).replace("[]", "[" + "0," * 10_000_000 + "0]"),
    }  # fmt: skip
    for name, text in texts.items():
        yield Case(f"tensor: {name}", posted(text.encode(), JSON, path))
    head = json.dumps(
        {
            "inputs": [
                {**{k: v for k, v in right.items() if k != "data"}, "parameters": {"binary_data_size": 256}}
            ]
        }
    ).encode()
    nan = struct.pack("<f", float("nan")) * 64
    for name, length, data in (
        ("no length", "", bytes(256)), ("a length below zero", "-1", bytes(256)), ("a length beyond its end", "99999", bytes(256)),
        ("a length of 10^40", "1" * 40, bytes(256)), ("a length of 0", "0", bytes(256)), ("too few bytes", str(len(head)), bytes(255)),
        ("too many bytes", str(len(head)), bytes(257)), ("NaN", str(len(head)), nan),
    ):  # fmt: skip
        headers = [("Content-Type", PICTURE), ("Inference-Header-Content-Length", length)]
        yield Case(
            f"tensor in bytes: {name}",
            lambda headers=headers, data=data: [request(head + data, path=path, headers=headers)],
        )  # type: ignore[misc]
