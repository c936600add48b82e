"""The Tensor pipeline: named tensors in, named tensors out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from pydantic import JsonValue

from paddle_runtime.bundle.selftest import TensorValue
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import Failed, RequestReason
from paddle_runtime.pipeline.base import Arrays, PipelineAnswer
from paddle_runtime.pipeline.seeded import seeded_array
from paddle_runtime.pipeline.selftest import unfit
from paddle_runtime.pipeline.values import as_declared, to_array
from paddle_runtime.pipeline.warmup import warm_modules
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Array, Session, paddle_words

MODULE = "model"


class TensorPipeline:
    """One program on one thread."""

    def __init__(self, bundle: Bundle, session: Session) -> None:
        self._bundle = bundle
        self._session = session
        self._module = bundle.manifest.modules[MODULE]

    def warm_up(self, progress: Callable[[str, float], None]) -> int:
        """Every bucket once."""
        return warm_modules(self._bundle.manifest.modules, {MODULE: self._session}, progress)

    def self_test(self) -> None:
        """The bundle's known tensors must give their known answers."""
        for number, test in enumerate(self._bundle.manifest.self_test):
            given = {tensor.name: given_array(tensor) for tensor in test.inputs}
            got = dict(
                zip((spec.name for spec in self._module.outputs), self._session.run(given), strict=True)
            )
            for wanted in test.outputs:
                if problem := output_problem(wanted, got.get(wanted.name), test.tolerance):
                    raise unfit(
                        f"selfTest[{number}]: {problem}", "The device or the engine does not fit this program"
                    )

    def run(self, kind: str, given: Arrays, options: Mapping[str, JsonValue]) -> PipelineAnswer[Arrays]:
        """Every output of the program, in the manifest's order; Failed where it refuses these tensors."""
        started = time.perf_counter()
        try:
            outputs = self._session.run(given)
        except (OSError, SystemError):
            raise  # Paddle's words for a broken device or library: the worker's fault, not these tensors'
        except Exception as error:
            raise Failed(
                RequestReason.INTERNAL, f"the program failed on these tensors: {paddle_words(error)}"
            ) from error
        named = {
            spec.name: as_declared(spec, array)
            for spec, array in zip(self._module.outputs, outputs, strict=True)
        }
        return PipelineAnswer(named, {"infer": time.perf_counter() - started})


def open_tensor(bundle: Bundle, device: DeviceSettings) -> TensorPipeline:
    """Load the program."""
    return TensorPipeline(bundle, open_session(bundle, MODULE, device))


def given_array(tensor: TensorValue) -> Array:
    """An input of a self-test."""
    if tensor.seeded is not None:
        return seeded_array(tensor.datatype, tensor.shape, tensor.seeded)
    return to_array(tensor.datatype, tensor.shape, tensor.data)


def output_problem(wanted: TensorValue, got: Array | None, tolerance: float) -> str | None:
    """How an output differs from what a self-test expects, or None. An output's own tolerance counts more."""
    if got is None or got.shape != wanted.shape:
        return f"output {wanted.name} has shape {None if got is None else got.shape}, not {wanted.shape}"
    kept = to_array(wanted.datatype, (len(wanted.data),), wanted.data)
    allowed = tolerance if wanted.tolerance is None else wanted.tolerance
    return difference(wanted.name, kept, got.ravel()[:: wanted.every], allowed)


def difference(name: str, wanted: Array, got: Array | None, tolerance: float) -> str | None:
    """How an output differs from what was expected, or None; not-a-number never passes."""
    if got is None or got.shape != wanted.shape:
        return f"output {name} has shape {None if got is None else got.shape}, expected {wanted.shape}"
    if wanted.size == 0:
        return None
    far = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    worst = float(np.max(far))
    if worst <= tolerance:
        return None
    place = int(np.argmax(np.where(np.isnan(far), np.inf, far)))
    return (
        f"output {name} differs by {worst:.3g}, allowed is {tolerance:.3g}: value {place} is "
        f"{got.ravel()[place]}, expected {wanted.ravel()[place]}"
    )
