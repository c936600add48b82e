"""inference.yml of PaddleClas."""

from __future__ import annotations

from typing import Any

import pytest

from paddle_runtime.bundle.bare.classification import describe_classifier
from paddle_runtime.bundle.bare.described import Described
from paddle_runtime.bundle.constants import ClassifyConstants
from paddle_runtime.errors import BundleFault
from tests.runtime.bundle.bare.exports import IMAGENET, PICTURE, classifier_document, exported

NAMES = ["tench, Tinca tinca", "goldfish"]


def classifier(classes: int = 2, names: list[Any] = NAMES, **changes: Any) -> Described:
    document = classifier_document(names, **changes)
    return describe_classifier(exported([PICTURE], [("y", "FP32", (-1, classes))], inference__yml=document))


def constants(**changes: Any) -> ClassifyConstants:
    return ClassifyConstants.model_validate(classifier(**changes).body["constants"])


def test_a_classifier_cuts_the_middle_and_names_its_classes() -> None:
    found = classifier()
    assert (found.task, found.module, found.name) == ("ImageClassification", "model", "pp-lcnet-x1-0")
    assert found.made == {"labels.txt": b"tench, Tinca tinca\ngoldfish\n"}
    assert found.body["buckets"] == [[1, 3, 224, 224]]
    assert found.body["constants"] == {
        "kind": "classify", "channels": "RGB", "resizeShort": 256, "interpolation": "Linear", **IMAGENET,
        "topK": 5,
    }  # fmt: skip


def test_a_picture_may_be_stretched() -> None:
    found = classifier(ResizeImage={"size": [160, 80]}, CropImage=None)
    assert found.body["buckets"] == [[1, 3, 80, 160]]
    assert found.body["constants"]["resizeShort"] is None


def test_other_scales_are_written_as_255ths() -> None:
    ones = {"mean": [127.5, 127.5, 127.5], "std": [255, 51, 25.5], "order": ""}
    found = constants(NormalizeImage={**ones, "scale": 1})
    assert (found.mean, found.std) == ((0.5, 0.5, 0.5), (1.0, 0.2, 0.1))
    assert constants(NormalizeImage={**IMAGENET, "scale": 0.00392157}).mean == (0.485, 0.456, 0.406)


@pytest.mark.parametrize(("name", "method"), [(None, "Linear"), ("bilinear", "Linear"), ("Bicubic", "Cubic")])
def test_the_way_of_resizing_is_kept(name: str | None, method: str) -> None:
    resize = {"resize_short": 256, "interpolation": name, "backend": "cv2", "return_numpy": False}
    assert constants(ResizeImage=resize).interpolation == method


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ResizeImage": {"resize_short": 256, "backend": "pil"}}, "operator ResizeImage .*backend = 'pil'"),
        ({"ResizeImage": {"resize_short": 256, "interpolation": "area"}}, "operator ResizeImage .*'area'"),
        ({"ResizeImage": {"resize_short": 200}}, "CropImage cuts .224, 224. out of a short side of 200"),
        (
            {"ResizeImage": {"size": 256}},
            "CropImage cuts .224, 224. out of a picture stretched to .256, 256.",
        ),
        ({"ResizeImage": {}}, "neither resize_short nor size"),
        ({"ResizeImage": None}, "operator ResizeImage is missing"),
        ({"CropImage": None}, "no CropImage follows"),
        ({"NormalizeImage": {**IMAGENET, "scale": 1, "channel_num": 4}}, "channel_num = 4"),
        ({"ToCHWImage": None}, "operator ToCHWImage is missing"),
        ({"classes": 3}, "names 2 classes, the program tells .3. apart"),
        ({"names": ["a", "b\nc"]}, "label_list.1. is 'b.nc'"),
        ({"names": ["a", ""]}, "label_list.1. is ''"),
        ({"names": ["a", True]}, "label_list.1. is True"),
        ({"names": []}, "label_list is empty"),
        ({"post": {"ThreshOutput": {"threshold": 0.5}}}, "PostProcess .*ThreshOutput"),
        ({"post": {"Topk": {"topk": 5}}}, "PostProcess .*label_list"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_classifier_that_works_otherwise_is_refused(changes: Any, told: str) -> None:
    with pytest.raises(BundleFault, match=f"inference.yml: .*{told}"):
        classifier(**changes)


def test_operators_are_served_in_one_order() -> None:
    document = classifier_document(NAMES)
    document["PreProcess"]["transform_ops"].reverse()
    with pytest.raises(BundleFault, match="NormalizeImage comes after ToCHWImage"):
        describe_classifier(exported([PICTURE], [("y", "FP32", (-1, 2))], inference__yml=document))


def test_an_operator_that_is_not_known_is_refused_by_its_name() -> None:
    document = classifier_document(NAMES)
    document["PreProcess"]["transform_ops"].append({"RandomErasing": {"EPSILON": 0.1}})
    with pytest.raises(
        BundleFault, match="operator RandomErasing is not served; served are ResizeImage, CropImage"
    ):
        describe_classifier(exported([PICTURE], [("y", "FP32", (-1, 2))], inference__yml=document))
