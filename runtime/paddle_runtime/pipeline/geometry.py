"""Boxes of text lines: corners in order, growing, reading order. Pure arithmetic.

A box is 4 corners (x, y), clockwise from the top left of a box that stands upright.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Box = npt.NDArray[np.float32]
# Two boxes stand in one row when their middles differ by less than this share of the lower one's height.
SAME_ROW_SHARE = 0.5


def ordered_corners(points: npt.NDArray[np.floating]) -> Box:
    """Four corners in any order to clockwise from the top left."""
    by_x = points[np.argsort(points[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], dtype=np.float32)


def unclip_distance(width: float, height: float, ratio: float) -> float:
    """By how much to grow each side of a shrunk text kernel: area * ratio / perimeter."""
    perimeter = 2 * (width + height)
    return width * height * ratio / perimeter if perimeter > 0 else 0.0


def side_lengths(box: Box) -> tuple[float, float]:
    """Width and height of a box: the longer of each pair of opposite sides."""
    width = max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[3] - box[2]))
    height = max(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[1] - box[2]))
    return float(width), float(height)


def rows(boxes: Sequence[Box]) -> list[list[int]]:
    """Indices of boxes by row, rows from top to bottom, each from left to right."""
    spans = [(float(box[:, 1].min()), float(box[:, 1].max()), float(box[:, 0].min())) for box in boxes]
    by_middle = sorted(range(len(boxes)), key=lambda i: (spans[i][0] + spans[i][1], spans[i][2], i))
    found: list[list[int]] = []
    for index in by_middle:
        if found and _same_row(spans[found[-1][0]], spans[index]):
            found[-1].append(index)
        else:
            found.append([index])
    return [sorted(row, key=lambda i: (spans[i][2], i)) for row in found]


def _same_row(first: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    distance = abs((first[0] + first[1]) - (other[0] + other[1])) / 2
    height = min(first[1] - first[0], other[1] - other[0])
    return distance < SAME_ROW_SHARE * height


def reading_order(boxes: Sequence[Box], angle: int = 0) -> list[int]:
    """Indices of boxes as a reader takes them on a page turned clockwise by `angle` (0, 90, 180, 270)."""
    return [index for row in rows([turned_back(box, angle) for box in boxes]) for index in row]


def turned_back(box: Box, angle: int) -> Box:
    """The corners as they would lie had the page not been turned (up to a shift)."""
    x, y = box[:, 0], box[:, 1]
    turned = {0: (x, y), 90: (y, -x), 180: (-x, -y), 270: (-y, x)}[angle % 360]
    return np.stack(turned, axis=1)
