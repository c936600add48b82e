"""PaddleOCR's own pipeline behind the same endpoints: an engine for who wants its results, or to compare.

It is used where `paddlex` can be imported, which pins an OpenCV with windows and is therefore in no lock of
ours. The bundle's weights, dictionary and constants are laid out as it reads them; nothing is fetched.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import JsonValue

from paddle_runtime.bundle.constants import DetectConstants, OrientConstants, RecogniseConstants
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import BundleFault, BundleReason, Invalid, RequestReason
from paddle_runtime.pipeline.base import Body, PipelineAnswer, constants_of
from paddle_runtime.pipeline.ctc import Text
from paddle_runtime.pipeline.detect import Fit, SideLimit, Tuning
from paddle_runtime.pipeline.ocr import OcrOptions, OcrPipeline
from paddle_runtime.pipeline.picture import Picture
from paddle_runtime.pipeline.read_page import ReadPage
from paddle_runtime.pipeline.selftest import check_picture
from paddle_runtime.pipeline.stages import timed
from paddle_runtime.pipeline.together import Steps
from paddle_runtime.predictor.devices import DeviceSettings

# module -> a model that PaddleX knows and treats alike, and its place in the pipeline's configuration
MODELS = {
    "detect": ("PP-OCRv4_mobile_det", "TextDetection", "text_detection"),
    "orient": ("PP-LCNet_x0_25_textline_ori", "TextLineOrientation", "textline_orientation"),
    "recognise": ("PP-OCRv4_mobile_rec", "TextRecognition", "text_recognition"),
}
MAX_SIDE = 4000
TO_CHANNELS: dict[str, Any] = {"ToCHWImage": None}
# It loses a space here and there, at which our own pipeline's self-test would stop; a wrong program or
# dictionary gets nothing right.
SELF_TEST_ERROR_RATE = 0.2


class PaddleocrPipeline(OcrPipeline):
    """The pipeline with its pages read by PaddleX; documents, forms and answers are ours."""

    def __init__(self, bundle: Bundle, predict: Callable[..., Any]) -> None:
        self._bundle = bundle
        self._predict = predict
        self._constants = constants_of(bundle, "detect", DetectConstants)
        self._min_score = constants_of(bundle, "recognise", RecogniseConstants).min_score
        self._alone = {}

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """It has no closed set of shapes: one page, so that everything is loaded."""
        self._predict(np.full((320, 320, 3), 255, dtype=np.uint8))
        return 1

    def self_test(self) -> None:
        """The bundle's pages must read as the bundle says, but for spaces."""
        for number in range(len(self._bundle.manifest.self_test)):
            self.check(number)

    def check(self, number: int) -> None:
        """One of them; those of a module alone say nothing of it."""
        test = self._bundle.manifest.self_test[number]
        if test.module is None:
            loose = test.model_copy(update={"max_error_rate": SELF_TEST_ERROR_RATE})
            check_picture(self._bundle, loose, partial(self.run, "ocr"))

    def run_smallest(self) -> None:
        """An empty page."""
        self.warm_up(lambda what, share: None)

    def run(self, kind: str, given: memoryview, options: Mapping[str, JsonValue]) -> PipelineAnswer[Body]:
        """A page, or each page of a document, to its lines."""
        if kind not in {"ocr", "paddlex"}:
            raise Invalid(RequestReason.WRONG_TASK, "the engine paddleocr reads pages only; send to /v1/ocr")
        try:
            next(steps := self._steps(kind, given, options))
        except StopIteration as end:
            answer: PipelineAnswer[Body] = end.value
            return answer
        raise AssertionError(f"{steps} wants a program of ours")

    # It shares nothing between pictures: no BatchPipeline, so that no request waits for another's picture.
    run_all = None  # type: ignore[assignment]

    def _options(self, request: Mapping[str, JsonValue]) -> OcrOptions:
        wanted: Any = request.get("detect", {})
        changes: dict[str, Any] = dict(wanted)
        kind, pixels = changes.pop("limitType", "min"), changes.pop("limitSideLen", None)
        constants = DetectConstants.model_validate(self._constants.model_dump(by_alias=True) | changes)
        limit = SideLimit(str(kind), pixels) if isinstance(pixels, int) else None
        score: Any = request.get("minScore", self._min_score)
        return OcrOptions(bool(request.get("cls", True)), float(score), Tuning(constants, MAX_SIDE, limit))

    def _page(
        self, decode: Callable[[], Picture], chosen: OcrOptions, stages: dict[str, float]
    ) -> Steps[ReadPage]:
        yield from ()  # it asks for no program of ours
        with timed(stages, "decode"):
            picture = decode()
        constants, limit = chosen.tuning.constants, chosen.tuning.limit
        with timed(stages, "recognise"):  # it does not tell its stages apart
            (read,) = self._predict(
                picture,
                use_textline_orientation=chosen.cls,
                text_det_thresh=constants.probability_threshold,
                text_det_box_thresh=constants.box_threshold,
                text_det_unclip_ratio=constants.unclip_ratio,
                text_det_limit_side_len=limit.pixels if limit else None,
                text_det_limit_type=limit.kind if limit else None,
            )
        found = zip(read["rec_texts"], read["rec_scores"], strict=True)
        texts = [Text(text, float(score)) for text, score in found]
        boxes = [np.array(box, dtype=np.float32) for box in read["rec_polys"]]
        turned = [angle == 1 for angle in read.get("textline_orientation_angles", [0] * len(boxes))]
        height, width = picture.shape[:2]
        angles = [180 * turn for turn in turned]
        return ReadPage(picture, boxes, texts, angles, turned, Fit((height, width), height, width))


def open_paddleocr(bundle: Bundle, device: DeviceSettings) -> PaddleocrPipeline:
    """Its pipeline on the bundle's files; LoadFailed where it is not installed."""
    if importlib.util.find_spec("paddlex") is None:
        raise BundleFault(
            BundleReason.LoadFailed,
            "the engine paddleocr needs PaddleX, which cannot be imported here: install paddleocr and "
            "'paddlex[ocr-core]' beside the runtime, or give --worker-python an interpreter that has them",
        )
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    from paddlex import create_pipeline  # noqa: PLC0415  seconds, and only for who wants it

    with tempfile.TemporaryDirectory() as folder:
        config = lay_out(bundle, Path(folder))
        name = "cpu" if device.device.value == "CPU" else f"{device.device.value.lower()}:{device.device_id}"
        pipeline = create_pipeline(config=config, device=name)

    def predict(picture: Picture, **how: Any) -> list[dict[str, Any]]:
        return [each.json["res"] for each in pipeline.predict(picture, **how)]

    return PaddleocrPipeline(bundle, predict)


def lay_out(bundle: Bundle, folder: Path) -> dict[str, Any]:
    """A folder a module with the file that says how it is used, and the pipeline's configuration."""
    modules: dict[str, Any] = {}
    for module, (name, place, kind) in MODELS.items():
        entry = bundle.manifest.modules.get(module)
        if entry is None or entry.program is None or entry.params is None:
            raise BundleFault(
                BundleReason.LoadFailed,
                f"the engine paddleocr needs the modules {', '.join(MODELS)} as Paddle's programs, and there "
                f"is no such {module} in the bundle; leave out --engine",
            )
        home = folder / name
        home.mkdir()
        for file in (entry.program, entry.params):
            (home / f"inference{Path(file).suffix}").symlink_to(bundle.file(file).resolve())
        (home / "inference.yml").write_text(yaml.safe_dump(_use(bundle, module, name)), encoding="utf-8")
        modules[place] = {"module_name": kind, "model_name": name, "model_dir": str(home)}
    return {
        "pipeline_name": "OCR",
        "text_type": "general",
        "use_doc_preprocessor": False,
        "use_textline_orientation": True,
        "SubModules": modules,
    }


def _use(bundle: Bundle, module: str, name: str) -> dict[str, Any]:
    """Pre- and postprocessing of one module in PaddleX's words."""
    about: dict[str, Any] = {"Global": {"model_name": name}}
    if module == "detect":
        detect = constants_of(bundle, module, DetectConstants)
        looks = {"limit_side_len": 64, "limit_type": "min"}
        steps: list[Any] = [{"DetResizeForTest": looks}, _normalise(detect, "hwc"), TO_CHANNELS]
        after: dict[str, Any] = {
            "name": "DBPostProcess",
            "thresh": detect.probability_threshold,
            "box_thresh": detect.box_threshold,
            "max_candidates": detect.max_boxes,
            "unclip_ratio": detect.unclip_ratio,
        }
    elif module == "orient":
        height, width = bundle.manifest.modules[module].shapes()[0][2:]
        orient = constants_of(bundle, module, OrientConstants)
        steps = [{"ResizeImage": {"size": [width, height]}}, _normalise(orient, ""), TO_CHANNELS]
        after = {"Topk": {"topk": 1, "label_list": ["0_degree", "180_degree"]}}
    else:
        height = bundle.manifest.modules[module].shapes()[0][2]
        steps = [{"RecResizeImg": {"image_shape": [3, height, 320]}}]
        text = bundle.file(bundle.manifest.modules[module].dictionary or "").read_text(encoding="utf-8")
        after = {"name": "CTCLabelDecode", "character_dict": text.removesuffix("\n").split("\n")}
    return {**about, "PreProcess": {"transform_ops": steps}, "PostProcess": after}


def _normalise(constants: DetectConstants | OrientConstants, order: str) -> dict[str, Any]:
    mean, std = list(constants.mean), list(constants.std)
    return {"NormalizeImage": {"mean": mean, "std": std, "scale": 1 / 255, "order": order}}
