"""How the front end's memory goes back to the system after large bodies.

A body comes in pieces that glibc takes from its heap, and a heap's pages stay with the process as long as
anything lies above them: after some bodies of 18 MiB the front end kept 120 to 200 MiB for good, of a pod's
memory that its workers need. Asked to, glibc gives every free page back, wherever it lies.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
from collections.abc import Callable

from paddle_runtime.dispatch.memory import private_bytes

LOOK_SECONDS = 1.0
KEPT_BYTES = 16 * 1024 * 1024
log = logging.getLogger(__name__)


def glibc_trim() -> Callable[[], object]:
    """Give every free page back; elsewhere than with glibc nothing is done."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        log.info("the C library has no malloc_trim: memory of large bodies may stay with this process")
        return lambda: None
    return lambda: trim(0)


class Trimmer:
    """Trims while the process is larger than at its least; to be asked every LOOK_SECONDS.

    Also while bodies are held, since nobody knows which of its pages are free: some milliseconds each time.
    """

    def __init__(
        self, trim: Callable[[], object], measure: Callable[[], float] = lambda: private_bytes(os.getpid())
    ) -> None:
        self._trim = trim
        self._measure = measure
        self._least = measure()

    def look(self) -> None:
        """Once."""
        if self._measure() > self._least + KEPT_BYTES:
            self._trim()
        self._least = min(self._least, self._measure())


async def keep_small(trimmer: Trimmer) -> None:
    """For as long as the server runs."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        trimmer.look()
