"""Driving the processes of runner.py: asking, timing, and watching their memory from outside."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from paddle_runtime.dispatch.memory import resident_bytes

COMMAND = (sys.executable, "-m", "paddle_runtime.export.runner")
LOOK_SECONDS = 0.002
ANSWER_SECONDS = 300.0
WORDS = 400


class CannotRun(Exception):
    """This contestant is out: its own words say why."""


@dataclass
class Memory:
    """Resident bytes seen from outside, during calls and between them."""

    low: float = float("inf")
    high: float = 0.0

    def saw(self, resident: float) -> None:
        """One look; there is nothing to see of a process that has gone."""
        if resident == 0:
            return
        self.low, self.high = min(self.low, resident), max(self.high, resident)

    def forget(self) -> None:
        """What was seen while it warmed up."""
        self.low, self.high = float("inf"), 0.0

    @property
    def swing(self) -> float:
        """Half of the distance between its ends, as people write +-8 MB."""
        return (self.high - self.low) / 2 if self.high else 0.0


@dataclass
class Contestant:
    """A process that runs one thing; `with` starts and ends it. log: what it said."""

    name: str
    order: Mapping[str, Any]
    log: Path
    memory: Memory = field(default_factory=Memory)

    def __enter__(self) -> Contestant:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # one math thread, as a worker has
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self) -> None:
        """Load it; CannotRun says why it cannot be."""
        self._ask(self.order)

    def run(self, number: int, save: Path | None = None) -> float:
        """Run input `number`, leaving the outputs at `save`; the seconds that it took."""
        answer = self._ask({"input": number, "save": None if save is None else str(save)})
        return float(answer["seconds"])

    def _ask(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None
        answer: Mapping[str, Any] = json.loads(self._line())
        if "error" in answer:
            raise CannotRun(" ".join(answer["error"].split())[:WORDS])
        self.memory.saw(resident_bytes(self._process.pid))
        return answer

    def _line(self) -> bytes:
        """The next line, looking at the memory while it is waited for."""
        assert self._process.stdout is not None
        limit = time.monotonic() + ANSWER_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not selector.select(LOOK_SECONDS):
                self.memory.saw(resident_bytes(self._process.pid))
                if time.monotonic() > limit:
                    raise CannotRun(f"no answer within {ANSWER_SECONDS:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._gone()
        return line

    def _gone(self) -> CannotRun:
        code = self._process.wait()
        said = " ".join(self.log.read_text(errors="replace").split())[-WORDS:]
        return CannotRun(f"its process ended with {code}: {said}")
