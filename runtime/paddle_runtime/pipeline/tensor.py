"""The Tensor pipeline: named tensors in, named tensors out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from paddle_runtime.bundle.store import Bundle
from paddle_runtime.errors import Failed, RequestReason
from paddle_runtime.pipeline.base import Arrays, PipelineAnswer
from paddle_runtime.pipeline.selftest import answer_problem, answers, unfit
from paddle_runtime.pipeline.values import as_declared
from paddle_runtime.pipeline.warmup import run_smallest, warm_modules
from paddle_runtime.predictor.devices import DeviceSettings
from paddle_runtime.predictor.opening import open_session
from paddle_runtime.predictor.session import Session, paddle_words

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
        for number in range(len(self._bundle.manifest.self_test)):
            self.check(number)

    def check(self, number: int) -> None:
        """One of them."""
        test = self._bundle.manifest.self_test[number]
        if problem := answer_problem(test, answers(test, self._module, self._session.run)):
            raise unfit(
                f"selfTest[{number}]: {problem}", "The device or the engine does not fit this program"
            )

    def run_smallest(self) -> None:
        """The smallest bucket once more."""
        run_smallest(self._bundle.manifest.modules, {MODULE: self._session})

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
