"""Constants of pre- and postprocessing, as the weights were trained with them; they travel in the bundle."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Triple = tuple[float, float, float]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class DetectConstants(_Frozen):
    """Differentiable binarisation: picture to text boxes."""

    kind: Literal["detect"] = "detect"
    mean: Triple = (0.5, 0.5, 0.5)
    std: Triple = (0.5, 0.5, 0.5)
    probability_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.3
    box_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    unclip_ratio: Annotated[float, Field(gt=0, le=5)] = 1.6
    max_boxes: Annotated[int, Field(ge=1, le=10_000)] = 1000
    min_box_pixels: Annotated[int, Field(ge=1, le=100)] = 3
    dilate: bool = True


class OrientConstants(_Frozen):
    """Direction classifier: is a line upside down."""

    kind: Literal["orient"] = "orient"
    mean: Triple = (0.5, 0.5, 0.5)
    std: Triple = (0.5, 0.5, 0.5)
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.9


class RecogniseConstants(_Frozen):
    """Connectionist temporal classification: line to text; class 0 is the blank, the last one is a space."""

    kind: Literal["recognise"] = "recognise"
    mean: Triple = (0.5, 0.5, 0.5)
    std: Triple = (0.5, 0.5, 0.5)
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.5


Constants = DetectConstants | OrientConstants | RecogniseConstants
