"""How far a command is, on standard error: a bar on a terminal, few plain lines anywhere else."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

BAR_CELLS = 24
LINE_EVERY_SECONDS = 2.0
DRAW_EVERY_SECONDS = 0.1
log = logging.getLogger(__name__)


class Progress:
    """`with Progress() as progress:` and then `step` for what begins, `share` for how much of it is done."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._clock = clock
        self._told = clock()

    def step(self, text: str) -> None:
        """Something begins: always a line."""
        self._erase()
        log.info("%s", text)
        self._told = self._clock()

    def share(self, text: str, share: float) -> None:
        """`share` (0 to 1) of the step is done; most calls show nothing."""
        now = self._clock()
        if now - self._told < (DRAW_EVERY_SECONDS if self._terminal else LINE_EVERY_SECONDS):
            return
        self._told = now
        if not self._terminal:
            log.info("%3.0f %% %s", share * 100, text)
            return
        filled = round(BAR_CELLS * share)
        line = f"[{'#' * filled}{' ' * (BAR_CELLS - filled)}] {share * 100:3.0f} % {text}"
        self._stream.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def _erase(self) -> None:
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._erase()
