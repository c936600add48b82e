"""Gives a runtime the fault that the environment FAULT names; without it the runtime is as it is.

    errors:30          of 100 requests 30 end with an internal error
    errors:30:later    the same, for as long as the file /tmp/fault is there
    refuses            every request is said to be the caller's mistake
    takes:60           every answer takes 60 ms, or longer where it would by itself
    dies               the worker ends with a signal while it loads the model
    memory             the worker takes memory while it loads, until the kernel ends it
    never              the worker never comes to an end of loading

Only an image of the tests has this file: the runtime has no such switch.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FAULT, *_parts = os.environ.get("FAULT", "").split(":")
LATER = Path("/tmp/fault")


def _spoil() -> None:
    from paddle_runtime import answering  # noqa: PLC0415  only where there is a fault
    from paddle_runtime.errors import Invalid, RequestReason  # noqa: PLC0415

    served, opened = answering.ServedModel.answer, answering.open_model
    number = int(_parts[0]) if _parts else 0
    later = "later" in _parts
    asked = 0

    def answer(self: Any, kind: str, request: Mapping[str, Any], payload: memoryview) -> Any:
        nonlocal asked
        asked += 1
        began = time.monotonic()
        if FAULT == "errors" and asked * 37 % 100 < number and (not later or LATER.exists()):
            raise RuntimeError("a fault of the tests")
        if FAULT == "refuses":
            raise Invalid(RequestReason.MALFORMED, "a fault of the tests")
        result = served(self, kind, request, payload)
        if FAULT == "takes":
            time.sleep(max(0.0, began + number / 1000 - time.monotonic()))
        return result

    def open_model(order: Mapping[str, Any], progress: Any) -> Any:
        if FAULT == "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        if FAULT == "never":
            time.sleep(3600)
        taken = []
        while FAULT == "memory":
            taken.append(bytearray(os.urandom(1) * (16 << 20)))
        return opened(order, progress)

    answering.ServedModel.answer = answer  # type: ignore[method-assign]
    answering.open_model = open_model


if FAULT:
    _spoil()
