"""Where the text lines are: picture to boxes by differentiable binarisation, at a closed set of shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from paddle_runtime.border import border
from paddle_runtime.bundle.constants import DetectConstants
from paddle_runtime.bundle.signature import Shape
from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.batches import batch_sizes
from paddle_runtime.pipeline.geometry import Box, ordered_corners, unclip_distance
from paddle_runtime.pipeline.normalise import Normaliser
from paddle_runtime.pipeline.picture import Picture
from paddle_runtime.predictor.session import Session

# Small print in a small picture is found better enlarged; beyond this nothing is gained.
MAX_ENLARGEMENT = 1.3


@dataclass(frozen=True)
class Fit:
    """How a picture is put into the middle of a bucket: resized to `height` x `width`, the rest is grey.

    In the middle, because text that touches the picture's edge is found better with room on every side.
    """

    bucket: tuple[int, int]
    height: int
    width: int

    @property
    def top(self) -> int:
        """Grey rows above the picture."""
        return (self.bucket[0] - self.height) // 2

    @property
    def left(self) -> int:
        """Grey columns left of the picture."""
        return (self.bucket[1] - self.width) // 2

    @property
    def rows(self) -> slice:
        """Where the picture lies."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """Where the picture lies."""
        return slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class SideLimit:
    """How large one request wants a picture to be looked at, in PaddleX's words.

    kind: "max", the longer side at most; "min", the shorter side at least; "resize_long", the longer side.
    """

    kind: str
    pixels: int

    def factor(self, height: int, width: int, usual: float) -> float:
        """By how much to scale, where `usual` is what would be done without a limit."""
        if self.kind == "max":
            return min(usual, self.pixels / max(height, width))
        if self.kind == "min":
            return max(usual, self.pixels / min(height, width))
        return self.pixels / max(height, width)


@dataclass(frozen=True)
class Tuning:
    """A detector's constants as one request wants them."""

    constants: DetectConstants
    longest_side: int
    limit: SideLimit | None = None


@dataclass(frozen=True)
class Look:
    """A picture, and how it is to be looked at."""

    picture: Picture
    tuning: Tuning


def fit_bucket(
    height: int, width: int, buckets: Sequence[tuple[int, int]], limit: SideLimit | None = None
) -> Fit:
    """The bucket that shows the picture largest, or as large as is wanted; of equals the smallest one."""

    def scale(bucket: tuple[int, int]) -> float:
        return min(MAX_ENLARGEMENT, bucket[0] / height, bucket[1] / width)

    best = max(buckets, key=lambda bucket: (scale(bucket), -bucket[0] * bucket[1]))
    factor = scale(best)
    if limit is not None:
        factor = limit.factor(height, width, factor)
        wanted = max(1, round(height * factor)), max(1, round(width * factor))
        holding = [bucket for bucket in buckets if bucket[0] >= wanted[0] and bucket[1] >= wanted[1]]
        if not holding:
            largest = ", ".join(f"{bucket[1]} x {bucket[0]}" for bucket in sorted(buckets)[-3:])
            raise Invalid(
                RequestReason.UNSUPPORTED_OPTION,
                f"a picture of {width} x {height} would be looked at as {wanted[1]} x {wanted[0]} pixels "
                f"and no shape of the model holds that (the largest: {largest}); ask for a smaller limit",
            )
        best = min(holding, key=lambda bucket: bucket[0] * bucket[1])
    return Fit(
        bucket=best,
        height=min(best[0], max(1, round(height * factor))),
        width=min(best[1], max(1, round(width * factor))),
    )


class Detector:
    """The detector's program with its constants."""

    def __init__(
        self, session: Session, constants: DetectConstants, shapes: Sequence[Shape], *, rows_cost: bool = True
    ) -> None:
        self._session = session
        self._constants = constants
        self._buckets = tuple(dict.fromkeys((shape[2], shape[3]) for shape in shapes))
        self._sizes = {
            bucket: sorted(shape[0] for shape in shapes if shape[2:] == bucket) for bucket in self._buckets
        }
        self._rows_cost = rows_cost
        self._normalise = Normaliser(constants.mean, constants.std)

    def tuned(self, changes: Mapping[str, JsonValue]) -> Tuning:
        """The constants with what a request changes: their own names, and limitType with limitSideLen."""
        values = dict(changes)
        kind, pixels = values.pop("limitType", "min"), values.pop("limitSideLen", None)
        limit = SideLimit(str(kind), pixels) if isinstance(pixels, int) else None
        constants = self._constants.model_dump(by_alias=True) | values
        longest = max(max(bucket) for bucket in self._buckets)
        return Tuning(DetectConstants.model_validate(constants), longest, limit)

    def fit(self, picture: Picture, tuning: Tuning) -> Fit:
        """How a picture is looked at."""
        return fit_bucket(picture.shape[0], picture.shape[1], self._buckets, tuning.limit)

    def find(self, picture: Picture, tuning: Tuning | None = None) -> list[Box]:
        """Boxes in the picture's own coordinates, in no particular order."""
        (boxes,) = self.find_all([Look(picture, tuning or self.tuned({}))])
        return boxes

    def find_all(self, looks: Sequence[Look]) -> list[list[Box]]:
        """The boxes of each picture; pictures that take the same shape are looked at together."""
        fits = [self.fit(look.picture, look.tuning) for look in looks]
        found: list[list[Box]] = [[] for _ in looks]
        for bucket in dict.fromkeys(fit.bucket for fit in fits):
            here = [index for index, fit in enumerate(fits) if fit.bucket == bucket]
            for size in batch_sizes(len(here), self._sizes[bucket], rows_cost=self._rows_cost):
                border()
                batch = np.zeros((size, 3, *bucket), dtype=np.float32)
                for row, index in zip(batch, here, strict=False):
                    self._show(looks[index].picture, fits[index], row)
                maps = self._session.run_one(batch)
                for row, index in zip(maps, here, strict=False):
                    found[index] = self._boxes_of(looks[index], fits[index], row[0])
                here = here[size:]
        return found

    def map_of(self, picture: Picture, bucket: tuple[int, int]) -> npt.NDArray[np.float32]:
        """The probability of text where the picture lies, in a bucket of a size that is not chosen here."""
        fit = fit_bucket(picture.shape[0], picture.shape[1], [bucket])
        rows = min((sizes[0] for sizes in self._sizes.values()), default=1)
        batch = np.zeros((rows, 3, *bucket), dtype=np.float32)
        self._show(picture, fit, batch[0])
        seen: npt.NDArray[np.float32] = self._session.run_one(batch)[0, 0][fit.rows, fit.columns]
        return seen

    def _show(self, picture: Picture, fit: Fit, row: npt.NDArray[np.float32]) -> None:
        """Put a picture into its row of a batch."""
        shrinking = fit.width < picture.shape[1]
        method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
        resized = cv2.resize(picture, (fit.width, fit.height), interpolation=method)
        self._normalise(resized, row[:, fit.rows, fit.columns])

    def _boxes_of(self, look: Look, fit: Fit, probability: npt.NDArray[np.float32]) -> list[Box]:
        """From the map of a row to boxes in the picture's coordinates."""
        height, width = look.picture.shape[:2]
        seen = np.ascontiguousarray(probability[fit.rows, fit.columns])
        scale = np.array([width / fit.width, height / fit.height], dtype=np.float32)
        limit = np.array([width, height], dtype=np.float32)
        return [np.clip(box * scale, 0, limit) for box in self.boxes(seen, look.tuning.constants)]

    def boxes(
        self, probability: npt.NDArray[np.float32], constants: DetectConstants | None = None
    ) -> list[Box]:
        """Boxes in the probability map's coordinates."""
        constants = constants or self._constants
        mask = (probability > constants.probability_threshold).astype(np.uint8)
        if constants.dilate:
            mask = cv2.dilate(mask, np.ones((2, 2), dtype=np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        found = (_box(contour, probability, constants) for contour in contours[: constants.max_boxes])
        return [box for box in found if box is not None]


def _box(
    contour: npt.NDArray[np.int32], probability: npt.NDArray[np.float32], constants: DetectConstants
) -> Box | None:
    centre, (width, height), angle = cv2.minAreaRect(contour)
    if min(width, height) < constants.min_box_pixels:
        return None
    corners = cv2.boxPoints((centre, (width, height), angle))
    if mean_inside(probability, corners) < constants.box_threshold:
        return None
    # Growing a rectangle by a round offset and taking the smallest rectangle around it is the same as
    # growing its two sides.
    grow = 2 * unclip_distance(width, height, constants.unclip_ratio)
    if min(width, height) + grow < constants.min_box_pixels + 2:
        return None
    return ordered_corners(cv2.boxPoints((centre, (width + grow, height + grow), angle)))


def mean_inside(values: npt.NDArray[np.float32], corners: npt.NDArray[np.floating]) -> float:
    """Mean of a map inside a box."""
    height, width = values.shape[:2]
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width - 1, height - 1))
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (width - 1, height - 1))
    mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), dtype=np.uint8)
    cv2.fillPoly(mask, [(corners - low).astype(np.int32)], 1)
    return float(cv2.mean(values[low[1] : high[1] + 1, low[0] : high[0] + 1], mask)[0])
