"""infer_cfg.yml of PaddleDetection."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_runtime.bundle.bare.described import Described
from paddle_runtime.bundle.bare.detection import describe_objects
from paddle_runtime.errors import BundleFault
from tests.runtime.bundle.bare.exports import IMAGENET, SCALE, SHAPE, exported, objects_document

NAMES = ["person", "bicycle"]
ROWS = [("boxes", "FP32", (-1, 6)), ("count", "INT32", (-1,))]


def objects(
    image: tuple[int, ...] = (-1, 3, 640, 640),
    outputs: list[Any] = ROWS,
    names: list[str] = NAMES,
    **changes: Any,
) -> Described:
    inputs = [SHAPE, ("image", "FP32", image), SCALE]
    return describe_objects(exported(inputs, outputs, infer_cfg__yml=objects_document(names, **changes)))


def test_a_detector_stretches_by_curves_and_names_its_objects() -> None:
    found = objects()
    assert (found.task, found.module, found.name) == ("Detection", "model", "ppyoloe")
    assert found.made == {"labels.txt": b"person\nbicycle\n"}
    assert found.body["buckets"] == [{"image": [1, 3, 640, 640], "im_shape": [1, 2], "scale_factor": [1, 2]}]
    assert found.body["constants"] == {
        "kind": "objects", "channels": "RGB", "keepRatio": False, "interpolation": "Cubic", **IMAGENET,
        "minScore": 0.5,
    }  # fmt: skip


def test_a_square_may_keep_the_ratio_and_be_padded() -> None:
    resize = {"interp": 1, "keep_ratio": True, "target_size": [640, 640]}
    found = objects((-1, 3, -1, -1), Resize=resize, PadStride={"stride": 32})
    assert (found.body["constants"]["keepRatio"], found.body["constants"]["interpolation"]) == (
        True,
        "Linear",
    )


@pytest.mark.parametrize(
    ("normalise", "mean", "std"),
    [
        ({"is_scale": True, **IMAGENET, "norm_type": "none"}, 0.0, 1.0),
        ({"is_scale": False, "mean": [127.5] * 3, "std": [51] * 3, "norm_type": "mean_std"}, 0.5, 0.2),
        (None, 0.0, 1 / 255),
    ],
    ids=["none", "no scale", "in the program"],
)
def test_every_way_of_normalising_is_written_in_one(normalise: Any, mean: float, std: float) -> None:
    constants = objects(NormalizeImage=normalise).body["constants"]
    assert constants["mean"] == [mean] * 3
    assert constants["std"] == pytest.approx([std] * 3)


def test_the_same_content_may_be_in_the_form_of_paddlex() -> None:
    more = {"Global": {"model_name": "PP-YOLOE_plus-S"}, "Hpi": {"backend_configs": {}}}
    assert objects(**more).name == "pp-yoloe-plus-s"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"Resize": {"interp": 3, "keep_ratio": False, "target_size": [640, 640]}},
            "operator Resize .*interp = 3",
        ),
        (
            {"Resize": {"interp": 1, "keep_ratio": True, "target_size": [800, 1333]}},
            "800 x 1333; served are squares",
        ),
        (
            {"Resize": {"interp": 1, "keep_ratio": False, "target_size": [320, 320]}},
            "makes 320 x 320, the program",
        ),
        ({"Resize": None}, "operator Resize is missing"),
        ({"Permute": None}, "operator Permute is missing"),
        ({"LetterBoxResize": {"target_size": [608, 1088]}}, "operator LetterBoxResize is not served"),
        ({"Pad": {"size": [640, 640], "fill_value": [114.0] * 3}}, "operator Pad is not served"),
        ({"PadStride": {"stride": 128, "more": 1}}, "operator PadStride .*more = 1"),
        ({"PadStride": {"stride": 96}}, "wants multiples of 96"),
        ({"arch": "PicoDet"}, "arch = 'PicoDet'"),
        ({"arch": "SOLOv2"}, "arch = 'SOLOv2'"),
        ({"metric": "RBOX"}, "metric = 'RBOX'"),
        ({"mask": True}, "mask = True"),
        ({"tracker": {"min_box_area": 0}}, "tracker = "),
        ({"layout_nms": True}, "layout_nms = True"),
        ({"outputs": [*ROWS, ("masks", "INT32", (-1, 28, 28))]}, "rows of class, score and box"),
        ({"outputs": [("heads", "FP32", (-1, 10))]}, "rows of class, score and box"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_detector_that_works_otherwise_is_refused(changes: Any, told: str) -> None:
    with pytest.raises(BundleFault, match=f"infer_cfg.yml: .*{told}"):
        objects(**changes)


def test_a_program_without_a_picture_is_refused() -> None:
    with pytest.raises(BundleFault, match="not 'image' of"):
        describe_objects(exported([SCALE], ROWS, infer_cfg__yml=objects_document(NAMES)))
