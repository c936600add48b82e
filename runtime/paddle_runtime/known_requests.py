"""What a bundle knows answers to, as requests: two revisions can be sent the same, and be compared.

They are the self-tests of the whole model, in the form of a golden set's cases. What a self-test says of a
module's program, no address takes, so it is left out. A model of tensors without one is sent made-up values:
where two answers are compared, neither has to be known.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator

from pydantic import JsonValue

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.selftest import Seeded, SelfTest, TensorValue
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.pipeline.selftest import given_array
from paddle_runtime.pipeline.warmup import elements
from paddle_runtime.tasks import TASKS, Kind, Task

MOST_CASES = 8
MOST_VALUES = 500_000
"""In the tensors of one request: 10 MB of JSON, half of what a body may have."""
Case = dict[str, JsonValue]


def known_requests(bundle: Bundle, name: str) -> list[Case]:
    """Cases as golden.json has them, without expectations. name: of the model, in addresses."""
    manifest = bundle.manifest
    tests = manifest.self_test
    if manifest.task is Task.TENSOR and not tests:
        tests = (_made_up(manifest.modules["model"]),)
    cases: list[Case] = []
    for number, test in enumerate(tests):
        kind, body = _kind(bundle, test), _body(bundle, test)
        if kind is not None and body is not None:
            cases.append({"name": f"selfTest {number}", "path": kind.path.format(name=name), "json": body})
    return cases[:MOST_CASES]


def _kind(bundle: Bundle, test: SelfTest) -> Kind | None:
    """Where it can be sent; None for a module whose answer says neither text nor class."""
    task = bundle.manifest.task
    if task is not Task.OCR:
        return TASKS[task].kinds[0]
    if test.module not in {None, "recognise"}:
        return None
    reads_pages = test.module is None and "detect" in bundle.manifest.modules
    return TASKS[task].kind("ocr" if reads_pages else "ocr/recognise")


def _body(bundle: Bundle, test: SelfTest) -> dict[str, JsonValue] | None:
    """Its input as JSON; None where no address takes it, or where it is too large."""
    if test.text is not None:
        return {"text": test.text}
    if test.picture is not None:
        return {"image": base64.b64encode(bundle.file(test.picture).read_bytes()).decode()}
    values = sum(math.prod(tensor.shape) for tensor in test.inputs)
    if bundle.manifest.task is not Task.TENSOR or values > MOST_VALUES:
        return None
    return {"inputs": list(_inputs(test))}


def _inputs(test: SelfTest) -> Iterator[JsonValue]:
    for tensor in test.inputs:
        yield {
            "name": tensor.name,
            "datatype": tensor.datatype.value,
            "shape": list(tensor.shape),
            "data": given_array(tensor).ravel().tolist(),
        }


def _made_up(module: Module) -> SelfTest:
    """Values from 0 to 1 in the smallest shape. The outputs are not looked at."""
    bucket = min(module.buckets, key=elements)
    inputs = tuple(
        TensorValue(name=spec.name, datatype=spec.datatype, shape=bucket[spec.name], seeded=Seeded(seed=1))
        for spec in module.inputs
    )
    return SelfTest.model_construct(inputs=inputs, outputs=())
