"""Constants of pre- and postprocessing, as the weights were trained with them; they travel in the bundle."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Triple = tuple[float, float, float]
# Between the pixels of a picture that is resized: straight lines, or curves of the third degree.
Interpolation = Literal["Linear", "Cubic"]


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


class _Picture(_Frozen):
    """How a picture becomes numbers: (value / 255 - mean) / std in the order of the channels named."""

    channels: Literal["RGB", "BGR"] = "RGB"
    interpolation: Interpolation = "Linear"
    mean: Triple = (0.485, 0.456, 0.406)
    std: Triple = (0.229, 0.224, 0.225)


class ClassifyConstants(_Picture):
    """Picture to classes: the short side to `resizeShort` and the middle cut out, or else stretched.

    activation: what the program's scores are, probabilities or what a softmax makes them from.
    """

    kind: Literal["classify"] = "classify"
    resize_short: Annotated[int, Field(ge=1, le=4096)] | None = 256
    activation: Literal["Softmax", "None"] = "None"
    top_k: Annotated[int, Field(ge=1, le=1000)] = 5
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.0


class ObjectsConstants(_Picture):
    """Picture to objects, in PaddleDetection's form: rows of class, score, left, top, right and bottom.

    keep_ratio: the picture keeps its proportions, and what is left of a bucket is 0; else it is stretched.
    """

    kind: Literal["objects"] = "objects"
    keep_ratio: bool = False
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.5
    max_objects: Annotated[int, Field(ge=1, le=10_000)] = 300


class TextConstants(_Frozen):
    """Text to classes, in PaddleNLP's form: the module's dictionary is the WordPiece vocabulary.

    activation: as of ClassifyConstants. lower_case: the vocabulary knows no capitals and no accents.
    """

    kind: Literal["text"] = "text"
    lower_case: bool = True
    activation: Literal["Softmax", "None"] = "None"
    top_k: Annotated[int, Field(ge=1, le=1000)] = 5
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.0


Constants = (
    DetectConstants
    | OrientConstants
    | RecogniseConstants
    | ClassifyConstants
    | ObjectsConstants
    | TextConstants
)
