"""Values row by row, as JSON and manifests write them, to arrays and back. Without Paddle."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from paddle_runtime.bundle.signature import NUMPY_NAMES, TensorSpec

# By the protocol's name, which is all that a task's own rows have.
NUMPY_OF = {str(datatype): name for datatype, name in NUMPY_NAMES.items()}


def to_array(datatype: str, shape: object, data: object) -> npt.NDArray[Any]:
    """Row-major values, nested or flat, or their bytes, little-endian, to an array."""
    dtype = np.dtype(NUMPY_OF[datatype])
    if isinstance(data, memoryview):
        if dtype.kind == "b":  # any bit set is true: Paddle would take the byte as it is
            return (np.frombuffer(data, np.uint8) != 0).reshape(shape)  # type: ignore[no-any-return]
        return np.frombuffer(data, dtype.newbyteorder("<")).reshape(shape)  # type: ignore[call-overload, no-any-return]
    return np.asarray(data, dtype=dtype).reshape(shape)  # type: ignore[call-overload, no-any-return]


def as_declared(spec: TensorSpec, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An output in the type that the bundle declares: some engines answer in another width."""
    return array.astype(NUMPY_NAMES[spec.datatype], copy=False)
