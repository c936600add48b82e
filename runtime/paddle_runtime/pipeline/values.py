"""Values row by row, as JSON and manifests write them, to arrays and back. Without Paddle."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from paddle_runtime.bundle.signature import NUMPY_NAMES, Datatype, TensorSpec


def to_array(datatype: Datatype, shape: object, data: object) -> npt.NDArray[Any]:
    """Row-major values, nested or flat, to an array."""
    return np.asarray(data, dtype=NUMPY_NAMES[datatype]).reshape(shape)  # type: ignore[call-overload, no-any-return]


def as_declared(spec: TensorSpec, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An output in the type that the bundle declares: some engines answer in another width."""
    return array.astype(NUMPY_NAMES[spec.datatype], copy=False)


def to_values(spec: TensorSpec, array: npt.NDArray[Any]) -> dict[str, JsonValue]:
    """An output as the Open Inference Protocol's JSON has it."""
    return {
        "name": spec.name,
        "datatype": spec.datatype.value,
        "shape": [int(size) for size in array.shape],
        "data": array.ravel().tolist(),
    }
