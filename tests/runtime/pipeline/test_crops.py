"""Lines cut out of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.pipeline.crops import MAX_LINES_PIXELS, cut_all
from paddle_runtime.pipeline.geometry import Box

SIDE = 1000
PICTURE = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)


def box(width: int, height: int) -> Box:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)


def test_lines_that_stand_come_out_lying() -> None:
    cuts = cut_all(PICTURE, [box(90, 30), box(30, 90)])
    assert [(line.shape, angle) for line, angle in cuts] == [((30, 90, 3), 0), ((30, 90, 3), 90)]


def test_boxes_grown_over_each_other_are_refused_before_they_are_cut() -> None:
    fit = MAX_LINES_PIXELS // SIDE**2
    assert len(cut_all(PICTURE, [box(SIDE, SIDE)] * fit)) == fit
    with pytest.raises(Invalid, match=r"the 61 boxes .* hold 61000000 pixels .* unclip ratio") as fault:
        cut_all(PICTURE, [box(SIDE, SIDE)] * (fit + 1))
    assert fault.value.reason is RequestReason.TOO_MANY_PIXELS
