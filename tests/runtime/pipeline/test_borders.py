"""Every batch of a program begins at a border: a long request shows that it goes on, and can be given up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from paddle_runtime.border import Abandoned, looking
from paddle_runtime.bundle.constants import DetectConstants, OrientConstants, TextConstants
from paddle_runtime.bundle.signature import Datatype
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.pipeline.detect import Detector, Look
from paddle_runtime.pipeline.orient import Orienter
from paddle_runtime.pipeline.texts import TextPipeline
from paddle_runtime.predictor.session import Array


class Zeros:
    """A program whose answer is zeros: one for each row, or a map of it."""

    def __init__(self, *shape: int) -> None:
        self._shape = shape
        self.calls = 0

    def run_one(self, array: Array) -> Array:
        self.calls += 1
        return np.zeros((array.shape[0], *self._shape), dtype=np.float32)

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        return [self.run_one(next(iter(inputs.values())))]


class Borders:
    """Counts the borders, and gives up at the last one that is allowed."""

    def __init__(self, allowed: int = 1000) -> None:
        self.passed = 0
        self._allowed = allowed

    def __call__(self) -> None:
        if self.passed == self._allowed:
            raise Abandoned
        self.passed += 1


def detect(program: Zeros) -> None:
    detector = Detector(program, DetectConstants(), [(1, 3, 32, 32)])
    tuning = detector.tuned({})
    detector.find_all([Look(np.zeros((32, 32, 3), dtype=np.uint8), tuning)] * 3)


def orient(program: Zeros) -> None:
    Orienter(program, OrientConstants(), [(1, 3, 48, 192)]).scores(
        [np.zeros((48, 192, 3), dtype=np.uint8)] * 3
    )


def texts(program: Zeros, folder: Path) -> None:
    (folder / "words").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n", encoding="utf-8")
    (folder / "labels").write_text("bad\ngood\n", encoding="utf-8")
    module = SimpleNamespace(
        constants=TextConstants(),
        inputs=[SimpleNamespace(name="input_ids", datatype=Datatype.INT64)],
        outputs=[SimpleNamespace(shape=(-1, 2))],
        buckets=[{"input_ids": (1, 8)}],
        dictionary="words",
        labels="labels",
    )
    bundle: Any = SimpleNamespace(manifest=SimpleNamespace(modules={"model": module}), file=folder.joinpath)
    pipeline = TextPipeline(cast("Bundle", bundle), program)
    pipeline.run("classify", memoryview(b'["a", "a", "a"]'), {"texts": 3})


@pytest.mark.parametrize("task", ["detect", "orient", "texts"])
def test_a_border_before_each_batch(task: str, tmp_path: Path) -> None:
    asks = {"detect": detect, "orient": orient, "texts": partial(texts, folder=tmp_path)}
    ask, shape = asks[task], {"detect": (1, 32, 32)}.get(task, (2,))
    program, borders = Zeros(*shape), Borders()
    with looking(borders):
        ask(program)
    assert (program.calls, borders.passed) == (3, 3)
    program = Zeros(*shape)
    with looking(Borders(allowed=2)), pytest.raises(Abandoned):
        ask(program)
    assert program.calls == 2
