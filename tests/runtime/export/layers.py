"""Small layers with every sort of branch, as users write them."""

from __future__ import annotations

from typing import Any

import paddle
from paddle import nn
from paddle.static import InputSpec

LIMIT = 40
FREE = [InputSpec([None, 3, 8, None], "float32", name="x")]


def halved(x: Any) -> Any:
    """The article's branch in a function of its own, against a number that stands elsewhere."""
    if x.shape[-1] > LIMIT:
        x = nn.functional.interpolate(x, scale_factor=0.5)
    return x


class Base(nn.Layer):  # type: ignore[misc]
    """Seeded weights, so that the process that measures has the same."""

    def __init__(self) -> None:
        super().__init__()
        paddle.seed(7)
        self.conv = nn.Conv2D(3, 4, 3, padding=1)

    def features(self, x: Any) -> Any:
        return self.conv(x).mean(axis=[2, 3])


class ShapeBranch(Base):
    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        return self.features(halved(x))


class Conditional(Base):
    """The branch is an expression, on a size that has a name."""

    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        width = x.shape[-1]
        y = x * 2 if width > LIMIT else x
        return self.features(y)


class Fixed(Base):
    """As ShapeBranch, at one width."""

    @paddle.jit.to_static(input_spec=[InputSpec([None, 3, 8, 32], "float32", name="x")])  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        return self.features(halved(x))


class Escaped(Base):
    """What Paddle is told not to translate sees -1 for a free size: the branch is dropped without a word."""

    @paddle.jit.not_to_static  # type: ignore[untyped-decorator]
    def doubled(self, x: Any) -> Any:
        return x * 2 if x.shape[-1] > LIMIT else x

    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        return self.features(self.doubled(x))


class ValueBranch(Base):
    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        if x.mean() > 0:
            x = x * 2
        return self.features(x)


class FarValue(Base):
    """A side that only large values take."""

    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        large = x.sum()
        return self.features(x / large if large > 1e6 else x)


class Checked(Base):
    """Branches that are none: a check that raises, a rank, and a setting."""

    def __init__(self, double: bool = False) -> None:
        super().__init__()
        self.double = double

    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        if x.shape[1] != 3:
            raise ValueError("three channels, please")
        if len(x.shape) == 3:
            x = x.unsqueeze(0)
        if self.double:
            x = x * 2
        return self.features(x)


class Endless(Base):
    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        return self.features(x) / 0.0


class Random(Base):
    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        return self.features(x) + paddle.rand([1])


class Operators(nn.Layer):  # type: ignore[misc]
    """Functions that Paddle 3.2 cannot write in the legacy form without help; two inputs, three outputs."""

    def __init__(self) -> None:
        super().__init__()
        paddle.seed(7)
        self.linear = nn.Linear(4, 4)

    def forward(self, a: Any, b: Any) -> tuple[Any, Any, Any]:
        product = paddle.matmul(self.linear(a), a, transpose_y=True)
        lifted = paddle.log(paddle.maximum(paddle.sqrt(a), paddle.sin(a)) + 1)
        odd = paddle.logical_and(b % 2 == 1, paddle.logical_not(b > 4))
        return nn.functional.sigmoid(product), lifted * paddle.multiply(a, paddle.sign(a)), odd


class Weightless(nn.Layer):  # type: ignore[misc]
    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        return x * 2


def factory(wide: bool) -> Any:
    return Conditional() if wide else ShapeBranch()


def not_a_layer() -> int:
    return 3


def broken() -> Any:
    raise RuntimeError("no weights here")


class NeedsWidth(Base):
    @paddle.jit.to_static(input_spec=FREE)  # type: ignore[untyped-decorator]
    def forward(self, x: Any) -> Any:
        return self.features(nn.functional.max_pool2d(x, 4, ceil_mode=False).reshape([-1, 3, 2, 8]))
