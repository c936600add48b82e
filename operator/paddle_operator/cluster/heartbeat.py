"""Liveness as a closed loop: the operator touches an object of its own and must see it back by its watch.

A process whose watchers are dead answers every probe and does nothing; only the loop through the API server
shows that. Touches that fail prove nothing against this process while the API server is away, so they
count only after a long time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from paddle_operator.errors import ClusterRefused

BLIND_FACTOR = 10
"""How many times the limit touches may fail in a row before the fault is taken to be this process's own."""
logger = logging.getLogger(__name__)


class Heartbeat:
    """Touches, and what came back of them. Times are seconds of the event loop's clock."""

    def __init__(
        self, touch: Callable[[str], Awaitable[None]], every_seconds: float, limit_seconds: float
    ) -> None:
        self._touch = touch
        self._every = every_seconds
        self._limit = limit_seconds
        self._waiting: dict[str, float] = {}
        self._touched_at: float | None = None
        self._returned_at: float | None = None
        self._began_at: float | None = None

    async def beat(self) -> None:
        """Touch for ever."""
        self._began_at = self._touched_at = _clock()
        number = 0
        while True:
            number += 1
            await self._once(str(number))
            await asyncio.sleep(self._every)

    async def _once(self, token: str) -> None:
        self._waiting[token] = _clock()  # before the touch: its event may be here first
        try:
            await self._touch(token)
        except ClusterRefused as refused:
            self._waiting.pop(token, None)
            logger.warning("heartbeat: %s", refused)
        else:
            self._touched_at = _clock()

    def seen(self, token: str) -> None:
        """A touch came back over the watch: it and all before it are answered."""
        if token in self._waiting:
            self._returned_at = _clock()
            for one in list(self._waiting):
                del self._waiting[one]
                if one == token:
                    break

    def not_returned(self) -> str:
        """Says so until the first touch has come back: the watches are not up yet."""
        return "" if self._returned_at is not None else "no heartbeat has come back over the watch yet"

    def watch_age(self) -> float:
        """Seconds since a touch last came back, or since the first one while none has."""
        last = self._began_at if self._returned_at is None else self._returned_at
        return 0.0 if last is None else _clock() - last

    def trouble(self) -> str:
        """What is wrong, empty when nothing is."""
        oldest = _clock() - min(self._waiting.values(), default=_clock())
        if oldest > self._limit:
            return f"no heartbeat came back over the watch for {oldest:.0f} s (limit {self._limit:.0f} s)"
        since = _clock() - self._touched_at if self._touched_at is not None else 0.0
        if since > self._limit * BLIND_FACTOR:
            return f"the heartbeat could not be written for {since:.0f} s: is the API server reachable?"
        return ""


def _clock() -> float:
    return asyncio.get_running_loop().time()
