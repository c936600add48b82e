"""Which shapes a sample of pictures asks of each module, before any padding.

The pipeline itself is run, on a bundle whose buckets are so fine that each picture and each line gets nearly
its own: what it asks of the programs is what traffic like the sample will ask.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from paddle_runtime.batching.buckets import Size
from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import Shape
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import Invalid
from paddle_runtime.pipeline.ocr import OcrPipeline
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, Session

# Every second convolution halves a side, five times; a line's width is halved twice.
DETECT_STEP = 32
RECOGNISE_STEP = 16
Observed = Mapping[str, Sequence[Size]]


class Recording:
    """A session that writes down the shape of every call."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shapes: list[Size] = []

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """As the session does."""
        return self._session.run(inputs)

    def run_one(self, array: Array) -> Array:
        """As the session does."""
        self.shapes.append(tuple(array.shape))
        return self._session.run_one(array)


def observe_pictures(
    bundle: Bundle, pictures: Sequence[Path], told: Callable[[str, float], None]
) -> Observed:
    """The shapes that each module with more than one bucket was asked for; told(picture, share done).

    A file that cannot be read as a picture is left out, as the server would refuse it.
    """
    fine = with_buckets(bundle, fine_buckets(bundle))
    settings = DeviceSettings()
    sessions = {name: Recording(open_session(bundle, name, settings)) for name in bundle.manifest.modules}
    pipeline = OcrPipeline(fine, sessions)
    for number, path in enumerate(pictures):
        told(path.name, number / len(pictures))
        try:
            pipeline.run("ocr", memoryview(path.read_bytes()), {})
        except Invalid:
            continue
    many = {name for name, module in bundle.manifest.modules.items() if len(module.buckets) > 1}
    return {name: session.shapes for name, session in sessions.items() if name in many and session.shapes}


def fine_buckets(bundle: Bundle) -> Mapping[str, Sequence[Shape]]:
    """Shapes in small steps up to the largest of each kind: the scale at which pictures are seen stays."""
    modules = bundle.manifest.modules
    there = modules["detect"].shapes()
    sides = range(DETECT_STEP, max(max(shape[2:]) for shape in there) + 1, DETECT_STEP)
    detect = [
        (1, there[0][1], height, width)
        for height in sides
        for width in sides
        if any(height <= shape[2] and width <= shape[3] for shape in there)
    ]
    lines = modules["recognise"].shapes()
    widest = max(shape[3] for shape in lines)
    steps = math.ceil(widest / RECOGNISE_STEP)
    widths = sorted({min(widest, RECOGNISE_STEP * (step + 1)) for step in range(steps)})
    recognise = [(1, lines[0][1], lines[0][2], width) for width in widths]
    return {"detect": detect, "recognise": recognise}


def with_buckets(bundle: Bundle, buckets: Mapping[str, Sequence[Shape]]) -> Bundle:
    """The bundle with other shapes, in memory alone."""
    modules = {
        name: _with_shapes(module, buckets[name]) if name in buckets else module
        for name, module in bundle.manifest.modules.items()
    }
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"modules": modules}))


def _with_shapes(module: Module, shapes: Sequence[Shape]) -> Module:
    name = module.inputs[0].name
    return module.model_copy(update={"buckets": tuple({name: shape} for shape in shapes)})
