"""A picture into a program's input: resized, cut or padded to one of the closed set of shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from paddle_runtime.bundle.constants import Interpolation, Triple
from paddle_runtime.pipeline.normalise import Normaliser
from paddle_runtime.pipeline.picture import Picture

Sides = tuple[int, int]  # height, width
METHODS: Mapping[Interpolation, int] = {"Linear": cv2.INTER_LINEAR, "Cubic": cv2.INTER_CUBIC}


@dataclass(frozen=True)
class Placed:
    """What is fed (1, 3, H, W); `shape` of it (height, width) is the picture, by `scale` of its own size."""

    image: npt.NDArray[np.float32]
    shape: Sides
    scale: tuple[float, float]


class Placer:
    """A program's buckets and the numbers that its pixels become."""

    def __init__(
        self,
        buckets: Sequence[Sides],
        channels: str,
        mean: Triple,
        std: Triple,
        interpolation: Interpolation = "Linear",
    ) -> None:
        self._buckets = tuple(buckets)
        self._method = interpolation
        # Pictures are blue, green, red: constants of a program that takes them the other way are turned.
        self._turned = channels == "RGB"
        self._normalise = Normaliser(mean, std)

    def bucket_for(self, sides: Sides) -> Sides:
        """The bucket that shows a picture largest; of equals the smallest."""
        height, width = sides
        return max(
            self._buckets, key=lambda each: (min(each[0] / height, each[1] / width), -each[0] * each[1])
        )

    def whole(self, picture: Picture, *, keep_ratio: bool) -> Placed:
        """All of the picture: stretched over a bucket, or in its top left with zeros beside it."""
        height, width = picture.shape[:2]
        bucket = self.bucket_for((height, width))
        shape = bucket
        if keep_ratio:
            factor = min(bucket[0] / height, bucket[1] / width)
            shape = (clamp(height * factor, bucket[0]), clamp(width * factor, bucket[1]))
        scale = (shape[0] / height, shape[1] / width)
        return Placed(self._filled(resized(picture, shape, self._method), bucket), shape, scale)

    def middle(self, picture: Picture, short: int | None) -> Placed:
        """The middle of the picture once its short side is `short`; without it the picture stretched."""
        if short is None:
            return self.whole(picture, keep_ratio=False)
        height, width = picture.shape[:2]
        bucket = self.bucket_for((1, 1))
        # No smaller than what is cut out of it.
        factor = max(short / min(height, width), bucket[0] / height, bucket[1] / width)
        picture = picture[_inner(height, bucket[0] / factor), _inner(width, bucket[1] / factor)]
        height, width = picture.shape[:2]
        shape = max(bucket[0], round(height * factor)), max(bucket[1], round(width * factor))
        top, left = (shape[0] - bucket[0]) // 2, (shape[1] - bucket[1]) // 2
        cut = resized(picture, shape, self._method)[top : top + bucket[0], left : left + bucket[1]]
        return Placed(self._filled(cut, bucket), bucket, (shape[0] / height, shape[1] / width))

    def _filled(self, picture: Picture, bucket: Sides) -> npt.NDArray[np.float32]:
        block = np.zeros((1, 3, *bucket), dtype=np.float32)
        self._normalise(picture[:, :, ::-1] if self._turned else picture, block[0])
        return block


def resized(picture: Picture, shape: Sides, method: Interpolation = "Linear") -> Picture:
    """Another size, as the program's training pictures were resized."""
    return cv2.resize(picture, (shape[1], shape[0]), interpolation=METHODS[method])  # type: ignore[no-any-return]


def _inner(size: int, needed: float) -> slice:
    """Twice as much of a side's middle as is needed, so that a picture of usual sides stays whole.

    Without it a thread of a picture would be enlarged to gigabytes.
    """
    beside = max(0, int(size - 2 * needed - 2) // 2)
    return slice(beside, size - beside)


def clamp(size: float, most: int) -> int:
    """Whole pixels, at least one."""
    return max(1, min(most, round(size)))
