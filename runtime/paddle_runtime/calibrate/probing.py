"""Probe processes seen from `bench`: start one, ask it, end it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from paddle_runtime.bundle.engine import Device, Runner
from paddle_runtime.dispatch.child import LITTLE_MEMORY, ONE_MATH_THREAD, QUIET
from paddle_runtime.errors import BundleFault, BundleReason

COMMAND = (sys.executable, "-P", "-m", "paddle_runtime.calibrate.probe")


class ProbeFailed(BundleFault):
    """The engine could not do it; the message is its own words."""


@dataclass(frozen=True)
class Order:
    """What a probe opens. runners: other than the bundle's. modules: None is all, as a worker has it."""

    bundle: Path
    device: Device
    runners: Mapping[str, Runner]
    modules: Sequence[str] | None = None
    prove: bool = True
    warm: bool = True


class Probe:
    """One process; `with Probe(order) as probe` has it opened, and ends it."""

    def __init__(self, order: Order) -> None:
        # Its last words are read from this when it dies without an answer.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        began = time.monotonic()
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**LITTLE_MEMORY, **os.environ, **QUIET, **ONE_MATH_THREAD},
        )
        try:
            self.opened = self.ask(
                bundle=str(order.bundle),
                device=order.device.value,
                runners={name: [each.engine, each.precision] for name, each in order.runners.items()},
                whole=order.modules is None,
                modules=list(order.modules or ()),
                prove=order.prove,
                warm=order.warm,
            )
        except BaseException:
            self.close()
            raise
        self.start_seconds = time.monotonic() - began

    def ask(self, **question: Any) -> Mapping[str, Any]:
        """One question; ProbeFailed with the reason where there is no answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer: Mapping[str, Any] = json.loads(line) if line else {"failed": self._last_words()}
        if "failed" in answer:
            reason = BundleReason[answer.get("reason", BundleReason.LoadFailed.name)]
            raise ProbeFailed(reason, str(answer["failed"]))
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        told = [line for line in lines if "Error" in line] or lines
        return f"the process ended with {code}: {told[-1] if told else 'it said nothing'}"

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.kill()
        self._process.wait()
        self._log.close()

    def __enter__(self) -> Probe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
