"""What an OCR bundle's programs answer by themselves: a text that is read rightly hides much that is wrong.

Seen: of the largest tensors of PP-OCRv4 with their signs turned, one of the detector's, most of the direction
classifier's and four of the recogniser's left every line of the known pages as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.selftest import SelfTest
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.pipeline.ocr_modules import OcrModules
from paddle_runtime.pipeline.picture import decode_picture
from paddle_runtime.pipeline.selftest import answers
from paddle_runtime.predictor.session import Array, Session


def program_answers(
    bundle: Bundle, test: SelfTest, modules: OcrModules, sessions: Mapping[str, Session]
) -> Mapping[str, Array]:
    """What a module's program answers, by the names of the test's outputs."""
    assert test.module is not None
    if test.picture is None:
        module = bundle.manifest.modules[test.module]
        return answers(test, module, _Rows(module, sessions[test.module]).run)
    (wanted,) = test.outputs
    assert test.bucket is not None
    picture = decode_picture(memoryview(bundle.file(test.picture).read_bytes()))
    seen = modules.detector.map_of(picture, (test.bucket[2], test.bucket[3]))
    return {wanted.name: cell_means(seen, wanted.shape)}


def cell_means(values: Array, grid: Sequence[int]) -> Array:
    """The mean of a map in each cell of a grid: single pixels at an edge differ from engine to engine."""
    rows, columns = grid
    means: Array = cv2.resize(np.ascontiguousarray(values), (columns, rows), interpolation=cv2.INTER_AREA)
    return means


class _Rows:
    """A program that is given as many rows at a time as its smallest bucket has: it may be planned so."""

    def __init__(self, module: Module, session: Session) -> None:
        self._rows = min(shape[0] for shape in module.shapes())
        self._session = session

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """The outputs, as if all rows had been one call."""
        count = max(array.shape[0] for array in inputs.values())
        calls = []
        for start in range(0, count, self._rows):
            # the last rows again and again where they do not fill a call
            taken = np.minimum(np.arange(start, start + self._rows), count - 1)
            calls.append(self._session.run({name: array[taken] for name, array in inputs.items()}))
        return [np.concatenate(parts)[:count] for parts in zip(*calls, strict=True)]
