"""A FAKE worker process: the real loop of paddle_runtime.worker around a model that does as it is told.

Orders for one request travel behind the picture's own bytes, as JSON after MARK; orders for the start of the
process come by the environment variable FAKE_START, as JSON, and so do those for requests that send nothing,
by the name of their kind.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paddle_runtime.answering import Progress, WarmModel
from paddle_runtime.border import border
from paddle_runtime.dispatch.exchange import Ask
from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import BundleFault, BundleReason, Failed, Invalid, RequestReason
from paddle_runtime.worker import run

MARK = b"\0fake-orders:"


class FakeModel:
    """Answers every picture with its size and its orders."""

    def __init__(self, orders: Mapping[str, Any]) -> None:
        self._kept: list[bytes] = []
        self._orders = orders
        self._golden = 0

    def answer(self, kind: str, request: Mapping[str, Any], payload: memoryview) -> Result:
        picture, _, text = bytes(payload).partition(MARK)
        orders = json.loads(text) if text else self._orders.get(kind, {})
        for _ in range(orders.get("borders", 0)):
            time.sleep(orders["seconds"])
            border()
        time.sleep(orders.get("seconds", 0) if not orders.get("borders") else 0)
        if orders.get("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if orders.get("raise"):
            raise RuntimeError(orders["raise"])
        if orders.get("fail"):
            raise Failed(RequestReason(orders.get("reason", "internal")), orders["fail"])
        if orders.get("undecodable"):
            raise Invalid(RequestReason.UNDECODABLE, "the picture ends early")
        body: dict[str, Any] = {
            "worker": os.getpid(),
            "width": 8,
            "height": 8,
            "lines": [],
            "bytes": len(picture),
            "options": dict(request),
        }
        if kind == "golden":
            self._golden += 1
            body |= {"selfTest": 0, "compared": "lines", "answered": self._golden}
        if kind == "known":
            body["cases"] = []
        if orders.get("growMib"):
            self._kept.append(b"x" * (orders["growMib"] * 1024 * 1024))
        if orders.get("answerBytes"):
            body["filling"] = "x" * orders["answerBytes"]
        return Result(json.dumps(body).encode(), {"decode": 0.001, "detect": 0.002}, orders.get("meta", {}))


class FakeBatchModel(FakeModel):
    """Computes what it is given together, and says in each answer how many that were."""

    def answer_all(self, asks: Sequence[Ask]) -> Sequence[Result | Exception]:
        return [self._answer_one(ask, len(asks)) for ask in asks]

    def _answer_one(self, ask: Ask, together: int) -> Result | Exception:
        try:
            result = self.answer(ask.kind, ask.request, ask.payload)
        except Exception as error:
            return error
        return Result(json.dumps({**json.loads(result.body), "together": together}).encode(), result.stages)


def open_fake(order: Mapping[str, Any], progress: Progress) -> tuple[WarmModel, dict[str, Any]]:
    start = json.loads(os.environ.get("FAKE_START", "{}"))
    time.sleep(start.get("seconds", 0))
    marker = start.get("once")
    first = marker is None or not Path(marker).exists()
    if marker is not None:
        Path(marker).touch()
    progress("load", 0.1, f"loaded on device {order['deviceId']}")
    if first and start.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if first and start.get("fault"):
        raise BundleFault(BundleReason[start["fault"]], "as the test ordered")
    progress("self-test", 0.1, "self-test passed in 0.1 s")
    time.sleep(start.get("warmSeconds", 0))
    progress("warm-up", 0.1, "warmed 3 shapes in 0.1 s")
    return (FakeBatchModel if start.get("together") else FakeModel)(start), {"text": "3 shapes warm"}


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), int(sys.argv[2]), open_fake))
