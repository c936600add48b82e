"""inference.yml of PaddleOCR's modules."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_runtime.bundle.bare.described import Described
from paddle_runtime.bundle.bare.ocr import describe_detector, describe_recogniser
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.tasks import Task
from tests.runtime.bundle.bare.exports import IMAGENET, detector_document, exported, recogniser_document

FREE = ("x", "FP32", (-1, 3, -1, -1))
MAP = ("y", "FP32", (-1, 1, -1, -1))
CHARACTERS = ["一", "二", "　"]
LINE = ("x", "FP32", (-1, 3, 48, -1))


def detector(picture: tuple[int, ...] = (-1, 3, -1, -1), **changes: Any) -> Described:
    return describe_detector(
        exported([("x", "FP32", picture)], [MAP], inference__yml=detector_document(**changes))
    )


def recogniser(
    line: tuple[int, ...] = (-1, 3, 48, -1),
    classes: int = 5,
    characters: list[str] = CHARACTERS,
    **changes: Any,
) -> Described:
    document = recogniser_document(characters, **changes)
    outputs = [("y", "FP32", (-1, -1, classes))]
    return describe_recogniser(exported([("x", "FP32", line)], outputs, inference__yml=document))


def test_a_detector_keeps_its_thresholds_and_takes_the_usual_shapes() -> None:
    found = detector()
    assert (found.task, found.module, found.name) == (Task.OCR, "detect", "pp-ocrv4-mobile-det")
    assert found.body["constants"] == {
        "kind": "detect", **IMAGENET, "probabilityThreshold": 0.3, "boxThreshold": 0.6, "unclipRatio": 1.5,
        "maxBoxes": 1000, "dilate": False,
    }  # fmt: skip
    assert [1, 3, 960, 960] in found.body["buckets"]
    assert len(found.body["buckets"]) == 10


@pytest.mark.parametrize(
    ("resize", "largest"),
    [
        (None, 960),
        ({"resize_long": 1920}, 1920),
        ({"limit_side_len": 640, "limit_type": "max"}, 640),
        ({"limit_side_len": 736, "limit_type": "min"}, 960),
    ],
    ids=str,
)
def test_a_page_is_looked_at_as_large_as_the_configuration_says(resize: object, largest: int) -> None:
    buckets = detector(DetResizeForTest=resize or {}).body["buckets"]
    assert [1, 3, largest, largest] in buckets
    assert all(side % 32 == 0 for bucket in buckets for side in bucket[2:])


def test_a_program_of_one_size_is_looked_at_in_that_size() -> None:
    assert detector((1, 3, 640, 480)).body["buckets"] == [[1, 3, 640, 480]]


def test_a_recogniser_brings_its_characters() -> None:
    found = recogniser()
    assert (found.task, found.module, found.name) == (Task.OCR, "recognise", "pp-ocrv4-mobile-rec")
    assert found.made == {"characters.txt": "一\n二\n　\n".encode()}
    assert found.body["dictionary"] == "characters.txt"
    assert [bucket[3] for bucket in found.body["buckets"]] == [96, 144, 240, 320, 480, 704, 1040, 1280, 1600]


def test_widths_of_lines_follow_their_height() -> None:
    lower = recogniser((-1, 3, 32, -1), RecResizeImg={"image_shape": [3, 32, 320]}).body["buckets"]
    assert lower[3] == [1, 3, 32, 208]
    assert recogniser((-1, 3, 48, 320)).body["buckets"] == [[1, 3, 48, 320]]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"DecodeImage": {"img_mode": "RGB", "channel_first": False}},
            "operator DecodeImage .*img_mode = 'RGB'",
        ),
        ({"DecodeImage": None}, "operator DecodeImage is missing"),
        ({"NormalizeImage": None}, "operator NormalizeImage is missing"),
        ({"NormalizeImage": {**IMAGENET, "scale": "1/0", "order": "hwc"}}, "operator NormalizeImage .*scale"),
        (
            {"NormalizeImage": {**IMAGENET, "std": [0, 1, 1], "scale": "1./255."}},
            "operator NormalizeImage .*std",
        ),
        ({"DetResizeForTest": {"image_shape": [736, 1280]}}, "operator DetResizeForTest .*image_shape"),
        ({"post": {"box_type": "poly"}}, "PostProcess .*box_type = 'poly'"),
        ({"post": {"score_mode": "slow"}}, "PostProcess .*score_mode = 'slow'"),
        ({"post": {"out_polygon": True}}, "PostProcess .*out_polygon = True"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_detector_that_works_otherwise_is_refused(changes: Any, told: str) -> None:
    with pytest.raises(BundleFault, match=f"inference.yml: {told}.*model.yaml by hand") as fault:
        detector(**changes)
    assert fault.value.reason is BundleReason.BundleInvalid


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"RecResizeImg": {"image_shape": [1, 32, 100]}}, "operator RecResizeImg .*image_shape"),
        (
            {"RecResizeImg": {"image_shape": [3, 48, 320], "padding": False}},
            "operator RecResizeImg .*padding = False",
        ),
        ({"classes": 7}, "3 characters, and the program tells 7 classes apart"),
        ({"characters": ["a", 1, "b"]}, "PostProcess .*character_dict.1 = 1"),
        ({"characters": ["a", "\n", "b"]}, "character_dict.1. is '.n'"),
        ({"characters": []}, "PostProcess .*character_dict"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_recogniser_that_works_otherwise_is_refused(changes: Any, told: str) -> None:
    with pytest.raises(BundleFault, match=told):
        recogniser(**changes)


def test_a_program_of_two_outputs_is_refused() -> None:
    with pytest.raises(BundleFault, match="gives 2 tensors"):
        describe_detector(exported([FREE], [MAP, ("z", "FP32", (-1, 1))], inference__yml=detector_document()))
    with pytest.raises(BundleFault, match="not one picture"):
        describe_recogniser(
            exported([LINE, ("z", "FP32", (-1,))], [("y", "FP32", (-1, -1, 5))],
                     inference__yml=recogniser_document(CHARACTERS))
        )  # fmt: skip
