"""Pictures of blue circles, green squares and red triangles with exact boxes, to train a detector on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

LABELS = ("circle", "square", "triangle")
Picture = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """A picture (blue, green, red) with the class and the box (left, top, right, bottom) of each shape."""

    picture: Picture
    classes: list[int]
    boxes: list[Box]


def scene(random: np.random.Generator) -> Scene:
    """One to four shapes that do not overlap, on a ground with noise."""
    width, height = (int(side) for side in random.integers(120, 200, 2))
    ground = random.integers(120, 256, 3)
    noise = random.normal(0, 8, (height, width, 3))
    picture = np.clip(ground + noise, 0, 255).astype(np.uint8)
    classes: list[int] = []
    boxes: list[Box] = []
    for _ in range(int(random.integers(1, 5))):
        side = int(random.integers(24, 56))
        left, top = (int(random.integers(2, extent - side - 2)) for extent in (width, height))
        box = (float(left), float(top), float(left + side), float(top + side))
        if any(overlap(box, other) > 0 for other in boxes):
            continue
        kind = int(random.integers(len(LABELS)))
        # Each kind of shape is strong in a channel of its own: the network learns it in seconds.
        colour = [int(value) for value in random.integers(0, 80, 3)]
        colour[kind] = int(random.integers(130, 230))
        draw(picture, kind, (left, top), side, colour)
        classes.append(kind)
        boxes.append(box)
    return Scene(picture, classes, boxes)


def draw(picture: Picture, kind: int, place: tuple[int, int], side: int, colour: list[int]) -> None:
    """One filled shape that touches all four sides of its box."""
    left, top = place
    if kind == 0:
        centre = (left + side // 2, top + side // 2)
        cv2.circle(picture, centre, side // 2, colour, -1, cv2.LINE_AA)
    elif kind == 1:
        cv2.rectangle(picture, (left, top), (left + side, top + side), colour, -1)
    else:
        corners = [(left, top + side), (left + side, top + side), (left + side // 2, top)]
        cv2.fillPoly(picture, [np.array(corners, dtype=np.int32)], colour, cv2.LINE_AA)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared) if shared else 0.0
