"""PaddleOCR's modules: what finds lines of text, and what reads one. Pure.

A page or a line is looked at in this runtime's own closed set of shapes, whatever size the configuration
would resize each one to.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from paddle_runtime.bundle.bare.described import (
    CHARACTERS_FILE,
    Described,
    Exported,
    bundle_name,
    fixed_sides,
    one_output,
    one_picture,
)
from paddle_runtime.bundle.bare.faults import parsed, refused
from paddle_runtime.bundle.bare.inference_yml import document_of
from paddle_runtime.bundle.bare.transforms import (
    Chain,
    Deviations,
    Operator,
    Scale,
    chain,
    keyed_steps,
    standardised,
)
from paddle_runtime.bundle.constants import Triple
from paddle_runtime.tasks import Task

# Labels for training, and which of the values go on from one operator to the next.
UNUSED = ("DetLabelEncode", "CTCLabelEncode", "MultiLabelEncode", "KeepKeys")
# Heights and widths of pages; of single lines and columns one side may be longer.
USUAL_SIDE = 960
PAGES = (
    (320, 320), (128, 1024), (320, 640), (544, 960), (160, 1920), (1920, 160), (704, 704), (960, 704),
    (768, 960), (960, 960),
)  # fmt: skip
STRIDE = 32
# Widths of lines that are 48 pixels high.
USUAL_HEIGHT = 48
LINES = (96, 144, 240, 320, 480, 704, 1040, 1280, 1600)
LINE_STRIDE = 16


class DecodeImage(Operator):
    """Pictures have their channels as OpenCV has them."""

    img_mode: Literal["BGR"]
    channel_first: Literal[False] = False


class DetResizeForTest(Operator):
    """How large a page is looked at: by its longest side, or by PaddleOCR's own rule."""

    resize_long: Annotated[int, Field(ge=STRIDE, le=4096)] | None = None
    limit_side_len: Annotated[int, Field(ge=1, le=4096)] | None = None
    limit_type: Literal["max", "min", "resize_long"] = "min"
    max_side_limit: int | None = None

    @property
    def longest_side(self) -> int:
        """The longest side at which a page is looked at; where only the shortest is said, the usual one."""
        if self.resize_long is not None:
            return self.resize_long
        return USUAL_SIDE if self.limit_side_len is None or self.limit_type == "min" else self.limit_side_len


class NormalizeImage(Operator):
    """(value x scale - mean) / std."""

    mean: Triple
    std: Deviations
    scale: Scale
    order: Literal["hwc"] = "hwc"


class ToCHWImage(Operator):
    """Channels first."""


class RecResizeImg(Operator):
    """A line at one height, padded on its right."""

    image_shape: tuple[Literal[3], Annotated[int, Field(ge=8, le=512)], int]
    infer_mode: bool = False
    padding: Literal[True] = True


class DBPostProcess(Operator):
    """Differentiable binarisation: a map to boxes."""

    name: Literal["DBPostProcess"]
    thresh: float
    box_thresh: float
    unclip_ratio: float
    max_candidates: int = 1000
    use_dilation: bool = False
    score_mode: Literal["fast"] = "fast"
    box_type: Literal["quad"] = "quad"


class CTCLabelDecode(Operator):
    """Class numbers to characters; before them a blank, after them a space."""

    name: Literal["CTCLabelDecode"]
    character_dict: Annotated[list[str], Field(min_length=1)]


def describe_detector(exported: Exported) -> Described:
    """Finds lines of text."""
    where, document = exported.configuration, document_of(exported)
    order = (DecodeImage, DetResizeForTest, NormalizeImage, ToCHWImage)
    steps = chain(where, keyed_steps(where, document.before.transform_ops), order, UNUSED)
    normal = steps.need(NormalizeImage)
    _need(steps, DecodeImage, ToCHWImage)
    after = parsed(where, "PostProcess", DBPostProcess, document.after)
    one_output(exported)
    fixed = fixed_sides(one_picture(exported))
    pages = [fixed] if fixed else scaled_pages(steps.need(DetResizeForTest).longest_side)
    mean, std = standardised(normal.mean, normal.std, normal.scale)
    constants = {
        "kind": "detect",
        "mean": list(mean),
        "std": list(std),
        "probabilityThreshold": after.thresh,
        "boxThreshold": after.box_thresh,
        "unclipRatio": after.unclip_ratio,
        "maxBoxes": after.max_candidates,
        "dilate": after.use_dilation,
    }
    body = {"buckets": [[1, 3, *page] for page in pages], "constants": constants}
    return Described(Task.OCR, "detect", bundle_name(document.about.model_name or "text-detection"), body)


def describe_recogniser(exported: Exported) -> Described:
    """Reads one line."""
    where, document = exported.configuration, document_of(exported)
    steps = chain(
        where, keyed_steps(where, document.before.transform_ops), (DecodeImage, RecResizeImg), UNUSED
    )
    _need(steps, DecodeImage)
    height = steps.need(RecResizeImg).image_shape[1]
    after = parsed(where, "PostProcess", CTCLabelDecode, document.after)
    # one class for each character, and for the blank and the space
    classes = one_output(exported).shape[-1]
    if classes not in {-1, len(after.character_dict) + 2}:
        raise refused(
            where,
            f"character_dict has {len(after.character_dict)} characters, and the program tells {classes} "
            "classes apart; two more than characters are read, a blank and a space",
        )
    picture = one_picture(exported)
    fixed = picture.shape[3]
    widths = [fixed] if fixed > 0 else scaled_lines(height)
    body = {
        "dictionary": CHARACTERS_FILE,
        "buckets": [[1, 3, height, width] for width in widths],
        "constants": {"kind": "recognise", "mean": [0.5] * 3, "std": [0.5] * 3},
    }
    name = bundle_name(document.about.model_name or "text-recognition")
    return Described(Task.OCR, "recognise", name, body, {CHARACTERS_FILE: characters(where, after)})


def _need(steps: Chain, *kinds: type[Operator]) -> None:
    for kind in kinds:
        steps.need(kind)


def scaled_pages(longest: int) -> list[tuple[int, int]]:
    """The usual shapes of pages for another longest side."""
    return [
        (_multiple(h * longest / USUAL_SIDE, STRIDE), _multiple(w * longest / USUAL_SIDE, STRIDE))
        for h, w in PAGES
    ]


def scaled_lines(height: int) -> list[int]:
    """The usual widths of lines for another height."""
    return [_multiple(width * height / USUAL_HEIGHT, LINE_STRIDE) for width in LINES]


def _multiple(size: float, of: int) -> int:
    return max(1, round(size / of)) * of


def characters(where: str, after: CTCLabelDecode) -> bytes:
    """The dictionary: a character a line, in the order of the classes."""
    for number, character in enumerate(after.character_dict):
        if "\n" in character or character.endswith("\r"):
            raise refused(where, f"character_dict[{number}] is {character!r}, which ends a line")
    return ("\n".join(after.character_dict) + "\n").encode()
