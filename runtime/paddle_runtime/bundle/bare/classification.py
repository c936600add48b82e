"""PaddleClas's classifiers of pictures. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from paddle_runtime.bundle.bare.described import (
    LABELS_FILE,
    Described,
    Exported,
    Sides,
    bundle_name,
    label_file,
    one_picture,
    require_classes,
)
from paddle_runtime.bundle.bare.faults import parsed, refused
from paddle_runtime.bundle.bare.inference_yml import document_of
from paddle_runtime.bundle.bare.transforms import (
    Deviations,
    Method,
    Operator,
    Scale,
    chain,
    keyed_steps,
    standardised,
)
from paddle_runtime.bundle.constants import Triple
from paddle_runtime.tasks import Task

Side = Annotated[int, Field(ge=1, le=4096)]
Size = Side | tuple[Side, Side]  # width and height, or one number for both
LABELS_PLACE = "PostProcess.Topk.label_list"


class ResizeImage(Operator):
    """The short side to so many pixels, or the picture stretched to a size."""

    resize_short: Side | None = None
    size: Size | None = None
    interpolation: Method = "Linear"
    backend: Literal["cv2"] = "cv2"
    return_numpy: bool = True


class CropImage(Operator):
    """The middle."""

    size: Size


class NormalizeImage(Operator):
    """(value x scale - mean) / std."""

    mean: Triple
    std: Deviations
    scale: Scale
    order: Literal[""] = ""
    channel_num: Literal[3] = 3


class ToCHWImage(Operator):
    """Channels first."""


class Topk(Operator):
    """The likeliest classes."""

    topk: Annotated[int, Field(ge=1, le=1000)]
    label_list: list[Any]


class PostProcess(BaseModel):
    """That alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    likeliest: Topk = Field(alias="Topk")


def describe_classifier(exported: Exported) -> Described:
    """One picture in, the probabilities of classes out: the export has the softmax inside."""
    where, document = exported.configuration, document_of(exported)
    order = (ResizeImage, CropImage, NormalizeImage, ToCHWImage)
    steps = chain(where, keyed_steps(where, document.before.transform_ops), order)
    resize, normal = steps.need(ResizeImage), steps.need(NormalizeImage)
    steps.need(ToCHWImage)
    height, width = cut(where, resize, steps.get(CropImage))
    after = parsed(where, "PostProcess", PostProcess, document.after).likeliest
    one_picture(exported)
    labels = label_file(where, LABELS_PLACE, after.label_list)
    require_classes(exported, LABELS_PLACE, len(after.label_list))
    mean, std = standardised(normal.mean, normal.std, normal.scale)
    constants = {
        "kind": "classify",
        "channels": "RGB",
        "resizeShort": resize.resize_short,
        "interpolation": resize.interpolation,
        "mean": list(mean),
        "std": list(std),
        "topK": after.topk,
    }
    body = {"labels": LABELS_FILE, "buckets": [[1, 3, height, width]], "constants": constants}
    name = bundle_name(document.about.model_name or "classification")
    return Described(Task.IMAGE_CLASSIFICATION, "model", name, body, {LABELS_FILE: labels})


def cut(where: str, resize: ResizeImage, crop: CropImage | None) -> Sides:
    """What is left of a picture: the middle after its short side was resized, or all of it stretched."""
    if resize.resize_short is not None:
        if crop is None:
            raise refused(
                where, "operator ResizeImage has resize_short and no CropImage follows: any size is left"
            )
        sides = _sides(crop.size)
        if max(sides) > resize.resize_short:
            raise refused(
                where, f"operator CropImage cuts {sides} out of a short side of {resize.resize_short}"
            )
        return sides
    if resize.size is None:
        raise refused(where, "operator ResizeImage has neither resize_short nor size")
    sides = _sides(resize.size)
    if crop is not None and _sides(crop.size) != sides:
        raise refused(
            where, f"operator CropImage cuts {_sides(crop.size)} out of a picture stretched to {sides}"
        )
    return sides


def _sides(size: int | tuple[int, int]) -> Sides:
    return (size, size) if isinstance(size, int) else (size[1], size[0])
