"""What a line says: lines into width buckets, the recogniser, and its characters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from paddle_runtime.border import border
from paddle_runtime.bundle.constants import RecogniseConstants
from paddle_runtime.bundle.signature import Shape
from paddle_runtime.pipeline.batches import Slot, plan_batches, squeezed
from paddle_runtime.pipeline.crops import to_height, width_at
from paddle_runtime.pipeline.ctc import Text, decode_row
from paddle_runtime.pipeline.normalise import Normaliser
from paddle_runtime.pipeline.picture import Picture
from paddle_runtime.pipeline.split import MAX_SQUEEZE, cuts, join
from paddle_runtime.predictor.session import Session

MAX_LINE_WIDTH = 1 << 14


class Recogniser:
    """The recogniser's program with its constants and dictionary."""

    def __init__(
        self,
        session: Session,
        constants: RecogniseConstants,
        shapes: Sequence[Shape],
        characters: Sequence[str],
        *,
        rows_cost: bool = True,
    ) -> None:
        self.min_score = constants.min_score
        self._session = session
        self._rows_cost = rows_cost
        self._characters = characters
        self._height = shapes[0][2]
        self._slots = [Slot(shape[0], shape[3]) for shape in shapes]
        self._widths = sorted({slot.width for slot in self._slots})
        self._normalise = Normaliser(constants.mean, constants.std)

    def read(self, lines: Sequence[Picture]) -> list[Text]:
        """The text of every line, in the order given."""
        pieces: list[Picture] = []
        gaps: list[list[int]] = []
        for line in lines:
            parts, between = self._pieces(line)
            pieces += parts
            gaps.append(between)
        texts = iter(self._read_pieces(pieces))
        return [self._join([next(texts) for _ in range(len(between) + 1)], between) for between in gaps]

    def _pieces(self, line: Picture) -> tuple[list[Picture], list[int]]:
        """A line at the program's height, cut where it is too wide; and the gaps between the pieces."""
        if width_at(line, self._height) <= self._widths[-1] * MAX_SQUEEZE:
            return [self._fitted(line)], []
        scaled = to_height(line, self._height, MAX_LINE_WIDTH)
        places = cuts(scaled, self._widths[-1])
        edges = [0, *(place.column for place in places), scaled.shape[1]]
        parts = [self._fitted(scaled[:, a:b]) for a, b in pairwise(edges)]
        return parts, [place.gap for place in places]

    def _fitted(self, piece: Picture) -> Picture:
        """A piece as it is read: narrowed a little where that spares the next bucket."""
        width = squeezed(width_at(piece, self._height), self._widths, MAX_SQUEEZE)
        return to_height(piece, self._height, width)

    def _join(self, texts: Sequence[Text], gaps: Sequence[int]) -> Text:
        if len(texts) == 1:
            return texts[0]
        said = [text for text in texts if text.text]
        score = sum(text.score * len(text.text) for text in said) / max(1, sum(len(t.text) for t in said))
        return Text(join([text.text for text in texts], gaps, self._height), score)

    def _read_pieces(self, pieces: Sequence[Picture]) -> list[Text]:
        answer = [Text("", 0.0)] * len(pieces)
        widths = [piece.shape[1] for piece in pieces]
        for batch in plan_batches(widths, self._slots, rows_cost=self._rows_cost):
            border()
            block = np.zeros((batch.slot.batch, 3, self._height, batch.slot.width), dtype=np.float32)
            for row, index in enumerate(batch.lines):
                self._normalise(pieces[index], block[row])
            probabilities = self._session.run_one(block)
            for row, index in enumerate(batch.lines):
                answer[index] = decode_row(probabilities[row], self._characters)
        return answer
