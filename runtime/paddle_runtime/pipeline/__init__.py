"""From a payload to an answer: one pipeline per task, opened and run on a worker's one inference thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.pipeline.base import Arrays, Body, Pipeline, PipelineAnswer
from paddle_runtime.predictor.devices import Device, DeviceSettings
from paddle_runtime.tasks import Task

__all__ = ["Pipeline", "PipelineAnswer", "open_pipeline", "open_with_paddleocr", "prove"]


def open_pipeline(bundle: Bundle, device: DeviceSettings) -> Pipeline[Any, Any]:
    """Load the programs of a bundle; BundleFault LoadFailed or DeviceUnavailable when that cannot be."""
    return OPENERS[bundle.manifest.task](bundle, device)


def open_with_paddleocr(bundle: Bundle, device: DeviceSettings) -> Pipeline[Any, Any]:
    """The same for task OCR with PaddleOCR's own pipeline, where it is installed."""
    if bundle.manifest.task is not Task.OCR:
        raise BundleFault(
            BundleReason.LoadFailed,
            f"the engine paddleocr serves task OCR, and this bundle is of task {bundle.manifest.task}; leave "
            "out --engine",
        )
    from paddle_runtime.pipeline.paddleocr_engine import open_paddleocr  # noqa: PLC0415

    return open_paddleocr(bundle, device)


def prove(pipeline: Pipeline[Any, Any], device: DeviceSettings) -> None:
    """Run the bundle's self-tests; SelfTestFailed with the figures, and what else they mean on a GPU."""
    try:
        pipeline.self_test()
    except BundleFault as fault:
        if device.device is not Device.GPU:
            raise
        raise BundleFault(
            fault.reason,
            f"{fault} On a GPU this is also what a build without code for its compute capability does: it "
            "computes garbage and tells no error. Install a build that was made for this GPU.",
        ) from fault


# Imported when called: only a worker process pays for an engine and a picture library.


def _ocr(bundle: Bundle, device: DeviceSettings) -> Pipeline[memoryview, Body]:
    from paddle_runtime.pipeline.ocr import open_ocr  # noqa: PLC0415

    return open_ocr(bundle, device)


def _tensor(bundle: Bundle, device: DeviceSettings) -> Pipeline[Arrays, Arrays]:
    from paddle_runtime.pipeline.tensor import open_tensor  # noqa: PLC0415

    return open_tensor(bundle, device)


def _detection(bundle: Bundle, device: DeviceSettings) -> Pipeline[memoryview, Body]:
    from paddle_runtime.pipeline.objects import open_detection  # noqa: PLC0415

    return open_detection(bundle, device)


def _classification(bundle: Bundle, device: DeviceSettings) -> Pipeline[memoryview, Body]:
    from paddle_runtime.pipeline.classify import open_classification  # noqa: PLC0415

    return open_classification(bundle, device)


def _texts(bundle: Bundle, device: DeviceSettings) -> Pipeline[memoryview, Body]:
    from paddle_runtime.pipeline.texts import open_texts  # noqa: PLC0415

    return open_texts(bundle, device)


OPENERS: Mapping[Task, Callable[[Bundle, DeviceSettings], Pipeline[Any, Any]]] = {
    Task.OCR: _ocr,
    Task.DETECTION: _detection,
    Task.IMAGE_CLASSIFICATION: _classification,
    Task.TEXT_CLASSIFICATION: _texts,
    Task.TENSOR: _tensor,
}
