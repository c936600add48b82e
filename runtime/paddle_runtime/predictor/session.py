"""A loaded program on one thread: what pipelines see of it, whatever runs it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import NUMPY_NAMES
from paddle_runtime.errors import BundleFault, BundleReason

Array = npt.NDArray[Any]


class Session(Protocol):
    """A program that was created, is warmed and runs on one thread: Paddle's predictors allow no other."""

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Outputs in the manifest's order, in memory of their own."""
        ...

    def run_one(self, array: Array) -> Array:
        """For a program of one input and one output."""
        ...


class Signature:
    """The declared inputs and outputs of a module against those of a program, and the one thread."""

    def __init__(self, module: Module, file: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        want_inputs = [spec.name for spec in module.inputs]
        want_outputs = [spec.name for spec in module.outputs]
        if set(want_inputs) != set(inputs) or not set(want_outputs) <= set(outputs):
            raise BundleFault(
                BundleReason.LoadFailed,
                f"{file.name} has inputs {list(inputs)} and outputs {list(outputs)}, model.yaml "
                f"declares {want_inputs} and {want_outputs}: correct the names in model.yaml.",
            )
        self.inputs = [(spec.name, np.dtype(NUMPY_NAMES[spec.datatype])) for spec in module.inputs]
        self.outputs = want_outputs
        self._thread = threading.get_ident()

    def arrays(self, given: Mapping[str, Array]) -> dict[str, Array]:
        """Inputs as they are declared, row-major; a call from another thread is a bug that is told."""
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "a session was run on another thread than it was made on: answers would be wrong"
            )
        return {name: np.ascontiguousarray(given[name], dtype=dtype) for name, dtype in self.inputs}


def paddle_words(error: Exception) -> str:
    """A framework's message without its C++ traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "Error" in line or "[Hint" in line] or lines[-2:]
    return " ".join(told)[:600] or type(error).__name__
