"""A recogniser of document lines with a branch on the picture's width, as users write it for training."""

from __future__ import annotations

from typing import Any

import paddle
from paddle import nn
from paddle.static import InputSpec

SEED = 20240
WIDEST = 1000


class DocRecognizer(nn.Layer):  # type: ignore[misc]
    """What is wider than 1000 pixels is halved, then the backbone sees it.

    The weights are random, from a seed: right for showing that two ways of running them are equal, and for
    timing them. Load your own with set_state_dict in a factory function, and export that.
    """

    def __init__(self, classes: int = 64, scale: float = 0.5) -> None:
        super().__init__()
        paddle.seed(SEED)
        self.backbone = paddle.vision.models.mobilenet_v3_small(scale=scale, num_classes=classes)

    @paddle.jit.to_static(input_spec=[InputSpec([None, 3, 48, None], "float32", name="x")])  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        """x: pictures of height 48, values from 0 to 1."""
        if x.shape[-1] > WIDEST:
            x = nn.functional.interpolate(x, scale_factor=0.5)
        return self.backbone(x)
