"""PaddleDetection's detectors: infer_cfg.yml, or inference.yml of the same content. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from paddle_runtime.bundle.bare.described import (
    LABELS_FILE,
    Described,
    Exported,
    Sides,
    bundle_name,
    fixed_sides,
    label_file,
)
from paddle_runtime.bundle.bare.faults import parsed, refused
from paddle_runtime.bundle.bare.inference_yml import Global
from paddle_runtime.bundle.bare.transforms import (
    Deviations,
    Method,
    Operator,
    chain,
    standardised,
    typed_steps,
)
from paddle_runtime.bundle.constants import Triple
from paddle_runtime.tasks import Task

ROW = 6  # class, score, left, top, right, bottom
MOST_OUTPUTS = 2  # those rows, and how many of them belong to the picture
Side = Annotated[int, Field(ge=1, le=4096)]
# Architectures whose exports give such rows. PicoDet is called GFL where its last steps are in the program.
Architecture = Literal[
    "YOLO", "PPYOLOE", "YOLOX", "YOLOF", "SSD", "RCNN", "RetinaNet", "TTFNet", "FCOS", "GFL", "TOOD", "DETR",
    "Face",
]  # fmt: skip


class Resize(Operator):
    """To a height and a width: stretched, or as large as fits."""

    target_size: tuple[Side, Side]
    keep_ratio: bool
    interp: Method = "Linear"


class NormalizeImage(Operator):
    """(value - mean) / std, of 255ths where is_scale says so; norm_type none leaves the rest out."""

    mean: Triple
    std: Deviations
    is_scale: bool = True
    norm_type: Literal["mean_std", "none"] = "mean_std"


class Permute(Operator):
    """Channels first."""


class PadStride(Operator):
    """Zeros on the right and below, up to a multiple."""

    stride: int


class Document(BaseModel):
    """The whole file. NMS and fpn_stride are inside the program; Hpi and the like concern other engines."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    arch: Architecture
    steps: list[Any] = Field(alias="Preprocess")
    label_list: list[Any]
    draw_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    mask: Literal[False] = False
    metric: Literal["COCO", "VOC", "OID", "WiderFace", "SNIPERCOCO"]
    about: Global = Field(default=Global(), alias="Global")
    mode: Any = None
    min_subgraph_size: Any = None
    use_dynamic_shape: Any = None
    hpi: Any = Field(default=None, alias="Hpi")
    nms: Any = Field(default=None, alias="NMS")
    fpn_stride: Any = None


def describe_objects(exported: Exported) -> Described:
    """A picture in, rows of objects out."""
    where = exported.configuration
    document = parsed(where, "the file", Document, exported.documents[where])
    steps = chain(where, typed_steps(where, document.steps), (Resize, NormalizeImage, Permute, PadStride))
    steps.need(Permute)
    resize = steps.need(Resize)
    height, width = target(exported, resize, steps.get(PadStride))
    require_rows(exported)
    mean, std = normalised(steps.get(NormalizeImage))
    constants = {
        "kind": "objects",
        "channels": "RGB",
        "keepRatio": resize.keep_ratio,
        "interpolation": resize.interp,
        "mean": list(mean),
        "std": list(std),
        "minScore": document.draw_threshold,
    }
    beside = {spec.name: [1, *spec.shape[1:]] for spec in exported.program.inputs if spec.name != "image"}
    body = {
        "labels": LABELS_FILE,
        "buckets": [{"image": [1, 3, height, width], **beside}],
        "constants": constants,
    }
    labels = label_file(where, "label_list", document.label_list)
    name = bundle_name(document.about.model_name or document.arch)
    return Described(Task.DETECTION, "model", name, body, {LABELS_FILE: labels})


def target(exported: Exported, resize: Resize, pad: PadStride | None) -> Sides:
    """The program's input, which a picture is resized to."""
    where, (height, width) = exported.configuration, resize.target_size
    picture = next((spec for spec in exported.program.inputs if spec.name == "image"), None)
    if picture is None or len(picture.shape) != 4:
        told = {spec.name: list(spec.shape) for spec in exported.program.inputs}
        raise refused(where, f"the program takes {told}, not 'image' of [-1, 3, H, W]")
    if resize.keep_ratio and height != width:
        raise refused(
            where, f"operator Resize keeps the ratio within {height} x {width}; served are squares alone"
        )
    if fixed_sides(picture) not in {None, resize.target_size}:
        raise refused(
            where, f"operator Resize makes {height} x {width}, the program takes {list(picture.shape)}"
        )
    if pad is not None and pad.stride > 0 and (height % pad.stride or width % pad.stride):
        raise refused(
            where, f"operator PadStride wants multiples of {pad.stride}, Resize makes {height} x {width}"
        )
    return height, width


def require_rows(exported: Exported) -> None:
    """Refuse a program whose outputs are no rows of six and their number."""
    shapes = [list(spec.shape) for spec in exported.program.outputs]
    if len(shapes) > MOST_OUTPUTS or len(shapes[0]) < 2 or shapes[0][-1] not in {-1, ROW}:
        raise refused(
            exported.configuration,
            f"the program gives tensors of {shapes}; read are rows of class, score and box, and their number",
        )


def normalised(given: NormalizeImage | None) -> tuple[Triple, Triple]:
    """As a bundle says it; without the operator the program normalises by itself."""
    zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if given is None:
        return standardised(zero, one, 1)
    mean, std = (given.mean, given.std) if given.norm_type == "mean_std" else (zero, one)
    return standardised(mean, std, 1 / 255 if given.is_scale else 1)
