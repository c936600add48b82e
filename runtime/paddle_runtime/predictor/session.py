"""A loaded program on one thread: what pipelines see of it, whatever runs it; and opening one.

What runs it is imported when a module asks for it: a worker whose modules all run in onnxruntime never pays
for paddle, which is a second and 330 MB.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from paddle_runtime.bundle.engine import Engine
from paddle_runtime.bundle.manifest import Module
from paddle_runtime.bundle.signature import NUMPY_NAMES
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.bundle.verify import require_form
from paddle_runtime.errors import BundleFault, BundleReason
from paddle_runtime.predictor.devices import DeviceSettings

Array = npt.NDArray[Any]


class Session(Protocol):
    """A program that was created, is warmed and runs on one thread: Paddle's predictors allow no other."""

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Outputs in the manifest's order, in memory of their own."""
        ...

    def run_one(self, array: Array) -> Array:
        """For a program of one input and one output."""
        ...


def open_session(bundle: Bundle, module_name: str, settings: DeviceSettings) -> Session:
    """Load one module of a bundle; LoadFailed carries the framework's own words.

    Whoever opens a bundle, and whatever became of its files since they were verified: no framework is given a
    program that was not looked at.
    """
    module = bundle.manifest.modules[module_name]
    runner = module.runner(settings.device)
    file = module.onnx if runner.engine is Engine.ONNXRUNTIME else module.program
    assert file is not None  # the manifest made sure that a runner has its file
    require_form(bundle.file(file), file, program=True)
    try:
        if runner.engine is Engine.ONNXRUNTIME:
            from paddle_runtime.predictor.onnx import open_onnx  # noqa: PLC0415

            return open_onnx(bundle, module_name, settings)
        from paddle_runtime.predictor.paddle import open_paddle  # noqa: PLC0415

        return open_paddle(bundle, module_name, settings)
    except BundleFault:
        raise
    except Exception as error:
        raise BundleFault(
            BundleReason.LoadFailed,
            f"module {module_name} cannot be loaded by engine {runner} on {settings.device}: "
            f"{paddle_words(error)}",
        ) from error


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
