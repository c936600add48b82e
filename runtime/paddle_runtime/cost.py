"""What a request will cost, learned while serving. Pure: sizes and measured seconds in, predictions out.

    seconds = a page x pages + a megapixel x megapixels + a mebibyte x mebibytes       (no factor below zero)

Pages and pixels are known from the header alone. Lines are not known before the picture was read; what is
known of them is the size of its file, since text is what keeps a picture from being compressed. The factors
are least squares over what was measured, weighted by 1 / seconds so that small pictures are predicted well
beside large ones, with old requests fading out: a model, a machine or a neighbour that changes is followed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

MIB = 1024 * 1024
# Weight that is left of a request after the next one: half of it after some 70.
FADING = 0.99
# Holds the slopes near zero until sizes that differ have been seen; in units of one request's weight.
RIDGE = 1e-3
SHORTEST_SECONDS = 1e-4
# Of requests like this one, the share that ends within `margin` times the prediction.
SURE_SHARE = 0.95
STEP = 0.05
# One margin is for all callers of a kind: bounded, so that one caller's odd pictures refuse nobody else's.
FIRST_MARGIN, LARGEST_MARGIN = 1.2, 3.0

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Size:
    """What is known of a request before work is done on it. pixels: 0 for what is no picture.

    pages: of a document; 0 for a PDF, of which only the bytes are known.
    """

    pixels: int
    payload_bytes: int
    pages: int = 1

    def features(self) -> Vector:
        """Pages, megapixels, mebibytes; what has no pages that are known is one."""
        return (float(max(self.pages, 1)), self.pixels / 1e6, self.payload_bytes / MIB)


@dataclass(frozen=True)
class Prediction:
    """Seconds in a worker: `expected` on average, `sure` for SURE_SHARE of requests. 0 is: nothing known."""

    expected: float = 0.0
    sure: float = 0.0


@dataclass
class CostModel:
    """The sums of one kind of request; `learn` after an answer, `predict` before the work."""

    margin: float = FIRST_MARGIN
    _products: list[list[float]] = field(default_factory=lambda: [[0.0] * 3 for _ in range(3)])
    _targets: list[float] = field(default_factory=lambda: [0.0] * 3)
    _factors: Vector | None = None

    @property
    def factors(self) -> Vector | None:
        """Seconds: per page, per megapixel, per mebibyte; None before the first answer."""
        return self._factors

    def predict(self, size: Size) -> Prediction:
        """What a request of this size will take."""
        if self._factors is None:
            return Prediction()
        expected = max(_dot(self._factors, size.features()), SHORTEST_SECONDS)
        return Prediction(expected, expected * self.margin)

    def learn(self, size: Size, seconds: float) -> None:
        """A request of this size took a worker this long."""
        seconds = max(seconds, SHORTEST_SECONDS)
        if self._factors is not None:
            self._widen(seconds / self.predict(size).expected)
        row, weight = size.features(), 1.0 / seconds
        for i in range(3):
            self._targets[i] = FADING * self._targets[i] + weight * row[i] * seconds
            for j in range(3):
                self._products[i][j] = FADING * self._products[i][j] + weight * row[i] * row[j]
        self._factors = self._solve()

    def learn_at_least(self, size: Size, seconds: float) -> None:
        """It was given up after so long: news only where less was expected."""
        if self.predict(size).expected < seconds:
            self.learn(size, seconds)

    def _widen(self, ratio: float) -> None:
        """Follow the SURE_SHARE quantile of measured over predicted: up by much, down by little."""
        step = SURE_SHARE if ratio > self.margin else SURE_SHARE - 1.0
        self.margin = min(max(self.margin * math.exp(STEP * step), 1.0), LARGEST_MARGIN)

    def _solve(self) -> Vector:
        """Least squares with the slopes that are not below zero: of two, one may have to go."""
        for columns in ((0, 1, 2), (0, 1), (0, 2)):
            found = self._solve_for(columns)
            if all(value >= 0 for value in found):
                return found
        return self._solve_for((0,))

    def _solve_for(self, columns: tuple[int, ...]) -> Vector:
        """Gauss elimination of the normal equations of some columns; the others' factors are 0."""
        ridge = RIDGE * self._products[0][0]
        rows = [
            [self._products[i][j] + (ridge if i == j != 0 else 0.0) for j in columns] + [self._targets[i]]
            for i in columns
        ]
        size = len(rows)
        for pivot in range(size):
            for below in range(pivot + 1, size):
                share = rows[below][pivot] / rows[pivot][pivot]
                rows[below] = [b - share * a for a, b in zip(rows[pivot], rows[below], strict=True)]
        solved = [0.0] * 3
        for at in reversed(range(size)):
            known = sum(rows[at][k] * solved[columns[k]] for k in range(at + 1, size))
            solved[columns[at]] = (rows[at][-1] - known) / rows[at][at]
        return (solved[0], solved[1], solved[2])


def _dot(left: Vector, right: Vector) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))
