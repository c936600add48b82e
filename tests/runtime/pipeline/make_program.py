"""A program of two inputs and three outputs; FLAGS_enable_pir_api: .pdmodel (0) or .json (1)."""

from __future__ import annotations

import sys
from typing import Any

import paddle
from paddle.static import InputSpec


class Three(paddle.nn.Layer):  # type: ignore[misc]
    """Sum, product of whole numbers, comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = self.create_parameter([3], default_initializer=paddle.nn.initializer.Constant(2.0))

    def forward(self, a: Any, b: Any) -> tuple[Any, Any, Any]:
        whole = paddle.cast(b, "float32")
        return a * self.weight + whole, b * 3, a > whole


layer = Three()
layer.eval()
spec = [InputSpec([None, 3], "float32", name="a"), InputSpec([None, 3], "int64", name="b")]
paddle.jit.save(paddle.jit.to_static(layer, input_spec=spec), f"{sys.argv[1]}/model")
