"""Writing the legacy program form (.pdmodel) with Paddle 3.2.

Why it is wanted: OpenVINO runs no other form, and on the new one oneDNN was seen to answer wrongly behind a
branch. Why it needs help: since 3.2 thirty functions know the new form alone ("must be Value, but got
Variable"), among them the `not` of every branch. Here they are written as the operators they were before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from paddle_runtime.export.framework import paddle

# function: (operator, names of its tensors, {argument: attribute})
OPERATORS: Mapping[str, tuple[str, tuple[str, ...], Mapping[str, str]]] = {
    **{
        name: (name, ("X",), {})
        for name in ("cos", "floor", "log", "logical_not", "rsqrt", "sigmoid", "sign", "sin", "sqrt")
    },
    **{name: (f"{name}_v2", ("X",), {}) for name in ("isfinite", "isinf", "isnan")},
    **{name: (name, ("X", "Y"), {}) for name in ("bmm", "logical_and", "logical_or", "logical_xor")},
    "greater_than": ("greater_than", ("X", "Y"), {}),
    "multiply": ("elementwise_mul", ("X", "Y"), {}),
    "maximum": ("elementwise_max", ("X", "Y"), {}),
    "minimum": ("elementwise_min", ("X", "Y"), {}),
    "matmul": ("matmul_v2", ("X", "Y"), {"transpose_x": "trans_x", "transpose_y": "trans_y"}),
}
TRUTHS = frozenset({
    "logical_not", "logical_and", "logical_or", "logical_xor", "greater_than", "isfinite", "isinf", "isnan",
})  # fmt: skip


@contextlib.contextmanager
def legacy_form() -> Iterator[None]:
    """Programs are built in the legacy form inside this block."""
    from paddle.base.dygraph import generated_tensor_methods_patch as generated  # noqa: PLC0415
    from paddle.pir_utils import DygraphOldIrGuard  # noqa: PLC0415

    real = generated._C_ops  # noqa: SLF001
    generated._C_ops = _Operators(real)  # noqa: SLF001
    try:
        with DygraphOldIrGuard():
            yield
    finally:
        generated._C_ops = real  # noqa: SLF001


class _Operators:
    """Paddle's compiled functions; those of the table take legacy variables as well."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Callable[..., Any]:
        compiled: Callable[..., Any] = getattr(self._real, name)
        if name not in OPERATORS:
            return compiled

        def either(*args: Any, **kwargs: Any) -> Any:
            given = [*args, *kwargs.values()]
            if any(isinstance(value, paddle.base.framework.Variable) for value in given):
                return _append(name, args, kwargs)
            return compiled(*args, **kwargs)

        return either


def _append(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Write one operator into the program that is being built."""
    operator, tensors, attributes = OPERATORS[name]
    order = [*("x", "y")[: len(tensors)], *attributes]
    given = {**dict(zip(order, args, strict=False)), **kwargs}
    helper = paddle.base.layer_helper.LayerHelper(operator)
    dtype = "bool" if name in TRUTHS else given["x"].dtype
    output = helper.create_variable_for_type_inference(dtype=dtype)
    helper.append_op(
        type=operator,
        inputs={wanted: [given[wanted.lower()]] for wanted in tensors},
        outputs={"Out": [output]},
        attrs={attribute: given[argument] for argument, attribute in attributes.items() if argument in given},
    )
    return output
