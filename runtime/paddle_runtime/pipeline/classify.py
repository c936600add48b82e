"""The ImageClassification pipeline: decode -> resize and cut -> one program -> named classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
from pydantic import JsonValue

from paddle_runtime.bundle.constants import ClassifyConstants
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.pipeline.base import Body, PipelineAnswer, constants_of, size_of
from paddle_runtime.pipeline.classes import Choice, best, classes_problem, load_labels, probabilities
from paddle_runtime.pipeline.picture import decode_picture
from paddle_runtime.pipeline.scaling import Placer
from paddle_runtime.pipeline.selftest import unfit
from paddle_runtime.pipeline.stages import timed
from paddle_runtime.pipeline.warmup import run_smallest, warm_modules
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Session

MODULE = "model"
SUSPECTS = "The device, the engine or the labels do not fit these weights"


class ClassificationPipeline:
    """One program on one thread."""

    def __init__(self, bundle: Bundle, session: Session) -> None:
        module = bundle.manifest.modules[MODULE]
        constants = constants_of(bundle, MODULE, ClassifyConstants)
        self._bundle = bundle
        self._session = session
        self._constants = constants
        self._choice = Choice(constants.top_k, constants.min_score)
        buckets = [(shape[2], shape[3]) for shape in module.shapes()]
        self._placer = Placer(
            buckets, constants.channels, constants.mean, constants.std, constants.interpolation
        )
        self._labels = load_labels(bundle.file(module.labels or "").read_bytes(), module.outputs[0].shape[-1])

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """Every bucket once."""
        return warm_modules(self._bundle.manifest.modules, {MODULE: self._session}, progress)

    def self_test(self) -> None:
        """The bundle's pictures must be classified as the bundle says."""
        for number in range(len(self._bundle.manifest.self_test)):
            self.check(number)

    def check(self, number: int) -> None:
        """One of them."""
        test = self._bundle.manifest.self_test[number]
        data = memoryview(self._bundle.file(test.picture or "").read_bytes())
        body = self.run("classify", data, {}).body
        if problem := classes_problem(test.classes, body, test.tolerance):
            raise unfit(f"{test.picture}: {problem}", SUSPECTS)

    def run_smallest(self) -> None:
        """The smallest bucket once more."""
        run_smallest(self._bundle.manifest.modules, {MODULE: self._session})

    def run(self, kind: str, given: memoryview, options: Mapping[str, JsonValue]) -> PipelineAnswer[Body]:
        """One picture to its likeliest classes."""
        stages: dict[str, float] = {}
        with timed(stages, "decode"):
            picture = decode_picture(given)
        with timed(stages, "prepare"):
            placed = self._placer.middle(picture, self._constants.resize_short)
        with timed(stages, "infer"):
            scores = probabilities(self._session.run_one(placed.image), self._constants.activation)
            classes = best(scores.reshape(-1), self._labels, self._choice.changed(options))
        return PipelineAnswer({**size_of(picture), "classes": classes}, stages)


def open_classification(bundle: Bundle, device: DeviceSettings) -> ClassificationPipeline:
    """Load the program."""
    cv2.setNumThreads(0)
    return ClassificationPipeline(bundle, open_session(bundle, MODULE, device))
