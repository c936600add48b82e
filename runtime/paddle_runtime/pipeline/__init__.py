"""From a payload to an answer: one pipeline per task, opened and run on a worker's one inference thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from paddle_runtime.bundle.store import Bundle
from paddle_runtime.pipeline.base import Arrays, Body, Pipeline, PipelineAnswer
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.tasks import Task

__all__ = ["Pipeline", "PipelineAnswer", "open_pipeline"]


def open_pipeline(bundle: Bundle, device: DeviceSettings) -> Pipeline[Any, Any]:
    """Load the programs of a bundle; BundleFault LoadFailed or DeviceUnavailable when that cannot be."""
    return OPENERS[bundle.manifest.task](bundle, device)


# Imported when called: only a worker process pays for paddle, which costs a second and 330 MB.


def _ocr(bundle: Bundle, device: DeviceSettings) -> Pipeline[memoryview, Body]:
    from paddle_runtime.pipeline.ocr import open_ocr  # noqa: PLC0415

    return open_ocr(bundle, device)


def _tensor(bundle: Bundle, device: DeviceSettings) -> Pipeline[Arrays, Arrays]:
    from paddle_runtime.pipeline.tensor import open_tensor  # noqa: PLC0415

    return open_tensor(bundle, device)


OPENERS: Mapping[Task, Callable[[Bundle, DeviceSettings], Pipeline[Any, Any]]] = {
    Task.OCR: _ocr,
    Task.TENSOR: _tensor,
}
