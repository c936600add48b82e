"""Pages that are read together say what they say alone, at batch shapes, with the real weights."""

from __future__ import annotations

from dataclasses import replace

import cv2
from pydantic import JsonValue

from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import Invalid
from paddle_runtime.pipeline.base import BatchPipeline, PipelineAnswer
from paddle_runtime.pipeline.ocr import OcrPipeline
from paddle_runtime.pipeline.selftest import texts_of
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from tests.runtime.pipeline.builders import encoded, lines_of, ocr_bundle, page


def with_batches(bundle: Bundle, batch: int) -> Bundle:
    """Every shape of the bundle also for several rows, as an accelerator's bundle has it."""
    modules = {
        name: module.model_copy(
            update={
                "buckets": (
                    *module.buckets,
                    *(
                        {input_: (batch, *shape[1:]) for input_, shape in each.items()}
                        for each in module.buckets
                    ),
                )
            }
        )
        for name, module in bundle.manifest.modules.items()
    }
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"modules": modules}))


def test_pages_read_together_say_what_they_say_alone() -> None:
    cv2.setNumThreads(0)
    bundle = with_batches(ocr_bundle(), 4)
    sessions = {name: open_session(bundle, name, DeviceSettings()) for name in bundle.manifest.modules}
    pipeline = OcrPipeline(bundle, sessions, rows_cost=False)
    assert isinstance(pipeline, BatchPipeline)
    chinese, english = encoded(page("chinese")), encoded(page("english"))
    upside_down = encoded(page("english").rotate(180))
    broken = chinese[: len(chinese) // 2]
    asked: list[tuple[str, memoryview, dict[str, JsonValue]]] = [
        ("ocr", chinese, {}),
        ("ocr", broken, {}),
        ("ocr", upside_down, {}),
        ("ocr", english, {"cls": False}),
        ("ocr/detect", english, {}),
    ]
    first, failed, turned, plain, boxes = pipeline.run_all(asked)
    assert isinstance(failed, Invalid)
    assert isinstance(first, PipelineAnswer)
    for answer, request in zip((first, turned, plain), (asked[0], asked[2], asked[3]), strict=True):
        assert not isinstance(answer, Exception)
        assert texts_of(answer.body) == texts_of(pipeline.run(*request).body)
    assert texts_of(first.body) == lines_of("chinese")
    assert not isinstance(boxes, Exception)
    assert isinstance(boxes.body["boxes"], list)
    assert len(boxes.body["boxes"]) == len(lines_of("english"))
