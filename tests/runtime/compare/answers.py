"""Answers as the endpoints give them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def read(*lines: str) -> Json:
    """Of /v1/ocr."""
    box = [[0, 0], [9, 0], [9, 9], [0, 9]]
    return {"id": "1", "lines": [{"text": text, "score": 0.9, "box": box, "angle": 0} for text in lines]}


def classified(*labels: str, score: float = 0.9) -> Json:
    """Of /v1/classify."""
    return {"classes": [{"label": label, "classId": 0, "score": score} for label in labels], "width": 8}


def found(*objects: tuple[str, list[float]], score: float = 0.9) -> Json:
    """Of /v1/detect."""
    return {"objects": [{"label": label, "score": score, "box": box} for label, box in objects]}


def tensor(*values: float, name: str = "y", shape: list[int] | None = None) -> Json:
    """Of /v2/models/NAME/infer."""
    output = {"name": name, "datatype": "FP32", "shape": shape or [len(values)], "data": list(values)}
    return {"model_name": "m", "outputs": [output]}
