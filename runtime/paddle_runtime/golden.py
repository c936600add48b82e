"""What a worker answers without an input: the model is asked what its bundle knows the answer to.

Whoever asks need not know the model: the input and what must come of it are the bundle's own self-test. A
bundle without one is asked to compute its smallest shape, so that at least an answer is waited for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from paddle_runtime.bundle.selftest import SelfTest
from paddle_runtime.bundle.store import Bundle
from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import BundleFault, Failed, RequestReason
from paddle_runtime.known_requests import known_requests
from paddle_runtime.pipeline import Pipeline


class Golden:
    """One of the self-tests, again and again; and all that others can ask, as requests."""

    def __init__(self, pipeline: Pipeline[Any, Any], bundle: Bundle, name: str) -> None:
        """Make it. name: of the model, in addresses."""
        self._pipeline, self._bundle, self._name = pipeline, bundle, name
        tests = bundle.manifest.self_test
        self._number = golden_of(tests)
        compared = None if self._number is None else compared_by(tests[self._number])
        self._body = json.dumps({"selfTest": self._number, "compared": compared}).encode()

    def answer(self) -> Result:
        """Say what was compared; Failed WRONG_ANSWER with the figures where the answer is another one."""
        if self._number is None:
            self._pipeline.run_smallest()
            return Result(self._body)
        try:
            self._pipeline.check(self._number)
        except BundleFault as fault:
            raise Failed(RequestReason.WRONG_ANSWER, str(fault)) from fault
        return Result(self._body)

    def requests(self) -> Result:
        """The known inputs in the form of a golden set. Read when asked for: nobody asks twice."""
        cases = known_requests(self._bundle, self._name)
        return Result(json.dumps({"cases": cases}, ensure_ascii=False, separators=(",", ":")).encode())


def golden_of(tests: Sequence[SelfTest]) -> int | None:
    """The number of the first test of the whole model, else of the first one; None where there is none."""
    whole = (number for number, test in enumerate(tests) if test.module is None)
    return next(whole, 0 if tests else None)


def compared_by(test: SelfTest) -> str:
    """What of the answer is known, as the self-test calls it."""
    for name in ("outputs", "classes", "objects"):
        if getattr(test, name):
            return name
    return "lines"
