"""The schemas of openapi.py. Pure data."""

from __future__ import annotations

from typing import Any

from paddle_runtime.errors import RequestReason
from paddle_runtime.tasks import KNOWN, Kind, Payload

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
NUMBER: Json = {"type": "number"}
BASE64: Json = {"type": "string", "contentEncoding": "base64"}
FILE: Json = {"type": "string", "format": "binary"}


def ref(name: str) -> Json:
    """A reference to one of them."""
    return {"$ref": f"#/components/schemas/{name}"}


def data_of(kind: Kind) -> str:
    """The schema's name of a good answer."""
    if kind.payload is Payload.TENSORS:
        return "InferResponse"
    if kind.payload is Payload.PADDLEX:
        return "PaddleXAnswer"
    if kind.payload is Payload.NOTHING:
        return "GoldenSet" if kind == KNOWN else "GoldenAnswer"
    return "OcrAnswer" if kind.name == "ocr" else "Answer"


def obj(required: dict[str, Json], optional: dict[str, Json] | None = None, *, closed: bool = False) -> Json:
    """An object; closed: nothing else is in it."""
    whole = {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}
    return {**whole, "additionalProperties": False} if closed else whole


def many(items: Json) -> Json:
    """A list."""
    return {"type": "array", "items": items}


PARAMETERS: Json = {"type": "object"}
SHAPE = many({"type": "integer", "minimum": 1})
TENSOR = obj({"name": TEXT, "datatype": TEXT, "shape": many({"type": "integer"})})
DURATION = obj({"count": COUNT, "ns": COUNT}, closed=True)
PARTS = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output")
LINE = obj({"text": TEXT, "score": NUMBER, "box": many(many(NUMBER)), "angle": {"type": "integer"}})
PAGE = obj({"width": COUNT, "height": COUNT, "lines": many(ref("Line"))})
TIMED = {"id": TEXT, "model": TEXT, "timings": {"type": "object", "additionalProperties": NUMBER}}

SCHEMAS: Json = {
    "Error": obj(
        {
            "error": TEXT,
            "reason": {"type": "string", "enum": sorted(reason.value for reason in RequestReason)},
            "requestId": TEXT,
        },
        closed=True,
    ),
    "Live": obj({"live": {"type": "boolean"}, "status": TEXT, "state": TEXT}),
    "Ready": obj({"ready": {"type": "boolean"}, "state": TEXT}, {"name": TEXT}),
    "Server": obj({"name": TEXT, "version": TEXT, "extensions": many(TEXT)}),
    "Models": obj({"models": many(TEXT)}),
    "Model": obj(
        {
            "name": TEXT,
            "versions": many(TEXT),
            "platform": TEXT,
            "inputs": many(TENSOR),
            "outputs": many(TENSOR),
        }
    ),
    "Stats": obj(
        {
            "model_stats": many(
                obj(
                    {
                        "name": TEXT,
                        "version": TEXT,
                        "last_inference": COUNT,
                        "inference_count": COUNT,
                        "execution_count": COUNT,
                        "inference_stats": obj(dict.fromkeys(PARTS, DURATION)),
                    }
                )
            )
        }
    ),
    "TextRequest": {
        "oneOf": [
            obj({"text": {"type": "string", "minLength": 1}}, {"options": PARAMETERS}, closed=True),
            obj({"texts": {**many(TEXT), "minItems": 1}}, {"options": PARAMETERS}, closed=True),
        ]
    },
    "InferRequest": obj(
        {
            "inputs": many(
                obj(
                    {"name": TEXT, "shape": SHAPE, "datatype": TEXT},
                    {"data": {"type": "array"}, "parameters": PARAMETERS},
                )
            )
        },
        {
            "id": TEXT,
            "parameters": PARAMETERS,
            "outputs": many(obj({"name": TEXT}, {"parameters": PARAMETERS})),
        },
    ),
    "InferResponse": obj(
        {
            "model_name": TEXT,
            "model_version": TEXT,
            "outputs": many(
                obj(
                    {"name": TEXT, "datatype": TEXT, "shape": many(COUNT)},
                    {"data": {"type": "array"}, "parameters": PARAMETERS},
                )
            ),
        },
        {"id": TEXT},
    ),
    "Line": LINE,
    "Page": PAGE,
    "OcrAnswer": {
        "anyOf": [
            obj({**TIMED, **PAGE["properties"]}),
            obj({**TIMED, "pages": many({"allOf": [ref("Page"), obj({"page": COUNT})]})}),
        ]
    },
    "Answer": obj(TIMED),
    "GoldenAnswer": obj(
        {"selfTest": {"type": ["integer", "null"]}, "compared": {"type": ["string", "null"]}, **TIMED}
    ),
    "GoldenSet": obj({"cases": many(obj({"name": TEXT, "path": TEXT, "json": {"type": "object"}})), **TIMED}),
    "PictureRequest": obj({"image": BASE64}, {"options": {"type": "object"}}, closed=True),
    "PictureForm": {"anyOf": [obj({"file": FILE}), obj({"image": FILE})]},
    "BatchRequest": obj({"images": many(BASE64)}, {"options": {"type": "object"}}, closed=True),
    "BatchForm": obj({"file": many(FILE)}),
    "BatchAnswer": obj({"answers": many(obj({"status": COUNT}))}),
    "PaddleXRequest": obj({"file": TEXT}, {"fileType": {"type": ["integer", "null"]}}),
    "PaddleXAnswer": obj({"logId": TEXT, "errorCode": COUNT, "errorMsg": TEXT, "result": {"type": "object"}}),
    "PaddleXError": obj({"logId": TEXT, "errorCode": COUNT, "errorMsg": TEXT}),
}
