"""Pixels to the numbers that a program was trained on: (value / 255 - mean) / std, channel by channel."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from paddle_runtime.bundle.constants import Triple
from paddle_runtime.pipeline.picture import Picture


class Normaliser:
    """A table of 256 entries for each channel: one look-up for each pixel, no arithmetic."""

    def __init__(self, mean: Triple, std: Triple) -> None:
        values = np.arange(256, dtype=np.float32) / 255
        self._tables = [((values - m) / s).astype(np.float32) for m, s in zip(mean, std, strict=True)]

    def __call__(self, picture: Picture, into: npt.NDArray[np.float32]) -> None:
        """Write a picture (H, W, 3) to the top left of `into` (3, H', W'); the rest stays as it is."""
        height, width = picture.shape[:2]
        for channel, table in enumerate(self._tables):
            into[channel, :height, :width] = cv2.LUT(cv2.extractChannel(picture, channel), table)
