"""The Detection pipeline, for PaddleDetection's form of programs: decode -> resize -> program -> objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from pydantic import JsonValue

from paddle_runtime.bundle.constants import ObjectsConstants
from paddle_runtime.bundle.selftest import ExpectedObject, SelfTest
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import Failed, RequestReason
from paddle_runtime.pipeline.base import Body, PipelineAnswer, constants_of, size_of
from paddle_runtime.pipeline.classes import load_labels
from paddle_runtime.pipeline.picture import Picture, decode_picture
from paddle_runtime.pipeline.scaling import Placed, Placer
from paddle_runtime.pipeline.selftest import unfit
from paddle_runtime.pipeline.stages import timed
from paddle_runtime.pipeline.warmup import run_smallest, warm_modules
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, Session

MODULE = "model"
ROW = 6  # class, score, left, top, right, bottom


class DetectionPipeline:
    """One program on one thread. It gives rows of six, and how many of them belong to the picture."""

    def __init__(self, bundle: Bundle, session: Session) -> None:
        module = bundle.manifest.modules[MODULE]
        constants = constants_of(bundle, MODULE, ObjectsConstants)
        self._bundle = bundle
        self._session = session
        self._constants = constants
        self._inputs = [spec.name for spec in module.inputs]
        buckets = [(bucket["image"][2], bucket["image"][3]) for bucket in module.buckets]
        self._placer = Placer(
            buckets, constants.channels, constants.mean, constants.std, constants.interpolation
        )
        self._labels = load_labels(bundle.file(module.labels or "").read_bytes(), -1)

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """Every bucket once."""
        return warm_modules(self._bundle.manifest.modules, {MODULE: self._session}, progress)

    def self_test(self) -> None:
        """The bundle's pictures must show what the bundle says."""
        for number in range(len(self._bundle.manifest.self_test)):
            self.check(number)

    def check(self, number: int) -> None:
        """One of them."""
        test = self._bundle.manifest.self_test[number]
        data = memoryview(self._bundle.file(test.picture or "").read_bytes())
        if problem := objects_problem(test, self.run("detect", data, {}).body):
            raise unfit(f"{test.picture}: {problem}", "The device or the engine does not fit these weights")

    def run_smallest(self) -> None:
        """The smallest bucket once more."""
        run_smallest(self._bundle.manifest.modules, {MODULE: self._session})

    def run(self, kind: str, given: memoryview, options: Mapping[str, JsonValue]) -> PipelineAnswer[Body]:
        """One picture to its objects, the surest first, boxes in the picture's coordinates."""
        min_score = options.get("minScore", self._constants.min_score)
        assert isinstance(min_score, int | float)
        stages: dict[str, float] = {}
        with timed(stages, "decode"):
            picture = decode_picture(given)
        with timed(stages, "prepare"):
            placed = self._placer.whole(picture, keep_ratio=self._constants.keep_ratio)
        with timed(stages, "infer"):
            rows = self._rows(placed)
            objects = self._objects(rows[rows[:, 1] >= min_score], picture)
        return PipelineAnswer({**size_of(picture), "objects": objects}, stages)

    def _rows(self, placed: Placed) -> Array:
        """The program's rows, boxes in the picture's own coordinates."""
        feeds: dict[str, Array] = {
            "image": placed.image,
            "im_shape": np.array([placed.shape], dtype=np.float32),
            "scale_factor": np.array([placed.scale], dtype=np.float32),
        }
        boxes, *more = self._session.run({name: feeds[name] for name in self._inputs})
        rows = boxes.reshape(-1, boxes.shape[-1])
        if more:
            rows = rows[: int(more[0].sum())]  # of one picture, or of none where nothing was found
        if rows.shape[1] != ROW or not np.isfinite(rows).all():
            raise Failed(
                RequestReason.INTERNAL,
                f"the model gave rows of {rows.shape[1]} values or NaN; {ROW} numbers are a class, a score "
                "and a box: look at its export and its weights",
            )
        if "scale_factor" not in self._inputs:
            height, width = placed.scale
            rows = rows / np.array([1, 1, width, height, width, height], dtype=np.float32)
        return rows[rows[:, 0] >= 0]

    def _objects(self, rows: Array, picture: Picture) -> list[JsonValue]:
        height, width = picture.shape[:2]
        order = np.argsort(-rows[:, 1], kind="stable")[: self._constants.max_objects]
        found: list[JsonValue] = []
        for class_id, score, left, top, right, bottom in rows[order].tolist():
            box = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
            name = self._labels[int(class_id)] if int(class_id) < len(self._labels) else str(int(class_id))
            corners: list[JsonValue] = [round(side, 1) for side in box]
            found.append({"label": name, "classId": int(class_id), "score": round(score, 4), "box": corners})
        return found


def objects_problem(test: SelfTest, body: Body) -> str | None:
    """How found objects differ from those of a self-test, or None; their order is that of their scores."""
    got = body["objects"]
    assert isinstance(got, list)
    if len(got) != len(test.objects):
        return f"{len(got)} objects were found, expected {len(test.objects)}"
    left = list(test.objects)
    for told in got:
        wanted = next((each for each in left if same(each, told, test)), None)
        if wanted is None:
            return f"{told} is none of the objects expected, {[each.model_dump() for each in left]}"
        left.remove(wanted)
    return None


def same(wanted: ExpectedObject, told: JsonValue, test: SelfTest) -> bool:
    """Whether that is the object, within the test's tolerances."""
    assert isinstance(told, dict)
    box, score = told["box"], told["score"]
    assert isinstance(box, list)
    sides: Sequence[float] = [float(str(side)) for side in box]
    return (
        told["label"] == wanted.label
        and abs(float(str(score)) - wanted.score) <= test.tolerance
        and all(abs(a - b) <= test.box_tolerance_pixels for a, b in zip(sides, wanted.box, strict=True))
    )


def open_detection(bundle: Bundle, device: DeviceSettings) -> DetectionPipeline:
    """Load the program."""
    cv2.setNumThreads(0)
    return DetectionPipeline(bundle, open_session(bundle, MODULE, device))
