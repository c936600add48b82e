"""What the pipeline knows of a page when it has read it, before it is told in some form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paddle_runtime.pipeline.ctc import Text
from paddle_runtime.pipeline.detect import Fit
from paddle_runtime.pipeline.geometry import Box
from paddle_runtime.pipeline.picture import Picture


@dataclass(frozen=True)
class ReadPage:
    """Every box with its text. turned: whether its line stood upside down; fit: how it was looked at."""

    picture: Picture
    boxes: Sequence[Box]
    texts: Sequence[Text]
    angles: Sequence[int]
    turned: Sequence[bool]
    fit: Fit
