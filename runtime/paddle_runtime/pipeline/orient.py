"""Is a line upside down: a small classifier looks at the start of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddle_runtime.border import border
from paddle_runtime.bundle.constants import OrientConstants
from paddle_runtime.bundle.signature import Shape
from paddle_runtime.pipeline.batches import Slot, plan_batches
from paddle_runtime.pipeline.crops import to_height
from paddle_runtime.pipeline.normalise import Normaliser
from paddle_runtime.pipeline.picture import Picture
from paddle_runtime.predictor.session import Session

UPSIDE_DOWN = 1
FEW_LINES = 3


def doubtful(turned: Sequence[bool]) -> list[int]:
    """Verdicts that the page does not bear out: those lines are read both ways and the surer text is kept.

    Lines of a page nearly always stand alike, and the classifier errs once in a hundred short lines.
    """
    upside_down = sum(turned) * 2 > len(turned)
    if len(turned) < FEW_LINES:
        return [line for line, turn in enumerate(turned) if turn]
    return [line for line, turn in enumerate(turned) if turn != upside_down]


class Orienter:
    """The direction classifier with its constants."""

    def __init__(
        self, session: Session, constants: OrientConstants, shapes: Sequence[Shape], *, rows_cost: bool = True
    ) -> None:
        self._session = session
        self._rows_cost = rows_cost
        self._constants = constants
        self._height = shapes[0][2]
        self._slots = [Slot(shape[0], shape[3]) for shape in shapes]
        self._widest = max(slot.width for slot in self._slots)
        self._normalise = Normaliser(constants.mean, constants.std)

    def _start(self, line: Picture) -> Picture:
        """As much of a line's start as fits unsqueezed: squeezed lines are misjudged far more often."""
        return line[:, : max(1, line.shape[0] * self._widest // self._height)]

    def upside_down(self, lines: Sequence[Picture]) -> list[bool]:
        """For every line whether it must be turned by 180 degrees."""
        return [self.is_upside_down(score) for score in self.scores(lines)]

    def is_upside_down(self, score: float) -> bool:
        """Whether a score is sure enough to turn a line."""
        return score > self._constants.threshold

    def scores(self, lines: Sequence[Picture]) -> list[float]:
        """For every line how probable it is that it stands upside down."""
        answer = [0.0] * len(lines)
        small = [to_height(self._start(line), self._height, self._widest) for line in lines]
        for batch in plan_batches([self._widest] * len(lines), self._slots, rows_cost=self._rows_cost):
            border()
            block = np.zeros((batch.slot.batch, 3, self._height, batch.slot.width), dtype=np.float32)
            for row, index in enumerate(batch.lines):
                self._normalise(small[index], block[row])
            scores = self._session.run_one(block)
            for row, index in enumerate(batch.lines):
                answer[index] = float(scores[row, UPSIDE_DOWN])
        return answer
