"""A box of a picture to an upright picture of one line."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.geometry import Box, side_lengths
from paddle_runtime.pipeline.picture import Picture

# A box this much taller than wide holds a line that runs down or up the page.
UPRIGHT_RATIO = 1.5
LEVEL_PIXELS = 1.0
# Of all lines of a picture, which are held at one time: half as much again as the largest picture has.
MAX_LINES_PIXELS = 60_000_000


def cut_all(picture: Picture, boxes: Sequence[Box]) -> list[tuple[Picture, int]]:
    """Every line of a picture; Invalid where boxes that were grown over each other would fill the memory."""
    pixels = round(sum(width * height for width, height in map(side_lengths, boxes)))
    if pixels > MAX_LINES_PIXELS:
        raise Invalid(
            RequestReason.TOO_MANY_PIXELS,
            f"the {len(boxes)} boxes of text that were found hold {pixels} pixels and {MAX_LINES_PIXELS} are "
            "read of one picture; grow boxes less (the unclip ratio), or scale the picture down",
        )
    return [cut(picture, box) for box in boxes]


def cut(picture: Picture, box: Box) -> tuple[Picture, int]:
    """The line and by how many degrees clockwise it was turned in the picture: 0 or 90."""
    line = _level(picture, box) if _is_level(box) else _tilted(picture, box)
    if line.shape[0] >= line.shape[1] * UPRIGHT_RATIO:
        return np.ascontiguousarray(np.rot90(line)), 90
    return line, 0


def _is_level(box: Box) -> bool:
    """Whether the sides run along the picture's own: then cutting is slicing."""
    skew = max(abs(box[0, 1] - box[1, 1]), abs(box[3, 1] - box[2, 1]), abs(box[0, 0] - box[3, 0]))
    return bool(max(skew, abs(box[1, 0] - box[2, 0])) <= LEVEL_PIXELS)


def _level(picture: Picture, box: Box) -> Picture:
    height, width = picture.shape[:2]
    left, top = (int(v) for v in np.floor(box.min(axis=0)))
    right, bottom = (math.ceil(float(v)) for v in box.max(axis=0))
    top, left = min(max(top, 0), height - 1), min(max(left, 0), width - 1)
    return picture[top : max(bottom, top + 1), left : max(right, left + 1)]


def _tilted(picture: Picture, box: Box) -> Picture:
    width, height = (max(1, round(side)) for side in side_lengths(box))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    return cv2.warpPerspective(  # type: ignore[no-any-return]
        picture,
        cv2.getPerspectiveTransform(box, corners),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )


def width_at(line: Picture, height: int) -> int:
    """How wide a line is at the program's height, its proportions kept."""
    rows, columns = line.shape[:2]
    return -(-height * int(columns) // int(rows))


def to_height(line: Picture, height: int, max_width: int) -> Picture:
    """A line at the program's height, its proportions kept unless it would be too wide."""
    # Cubic: small print that is enlarged linearly loses its spaces.
    method = cv2.INTER_CUBIC if line.shape[0] < height else cv2.INTER_AREA
    return cv2.resize(line, (max(1, min(width_at(line, height), max_width)), height), interpolation=method)  # type: ignore[no-any-return]
