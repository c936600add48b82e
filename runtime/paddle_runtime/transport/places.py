"""A few places for messages on their way in, of which slow ones cannot keep quick ones out.

A message arrives whole or not at all, so its bytes can be bounded by the number of messages alone. Whoever
needs longer than the grace gives its place up when somebody waits, and of those who wait the last to come
goes in first: old ones may be there only to wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Places:
    """Used inside one event loop."""

    def __init__(self, count: int, *, grace_seconds: float) -> None:
        self._free = count
        self._grace_seconds = grace_seconds
        self._held: dict[asyncio.Timeout, float] = {}  # since when, the oldest first
        self._going = 0  # who was asked for its place and has not left it yet
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.Handle | None = None

    @asynccontextmanager
    async def place(self, limit: asyncio.Timeout) -> AsyncGenerator[None]:
        """A place, to be asked for inside `limit`, which ends at once when the place is wanted by another."""
        await self._come_in()
        self._held[limit] = asyncio.get_running_loop().time()
        self._look()
        try:
            yield
        finally:
            if self._held.pop(limit, None) is None:
                self._going -= 1
            self._leave()

    async def _come_in(self) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._look()
        try:
            await turn
        except BaseException:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:  # it was given a place while it gave up
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.pop()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _look(self) -> None:
        """Ask for a place where somebody waits: of the oldest, now or when its grace is over."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._held or len(self._waiting) <= self._going:
            return
        limit, since = next(iter(self._held.items()))
        if (over := since + self._grace_seconds) > loop.time():
            self._timer = loop.call_at(over, self._look)
            return
        del self._held[limit]
        self._going += 1
        if not limit.expired():  # else it goes by itself
            limit.reschedule(loop.time())
        self._timer = loop.call_soon(self._look)  # one more, where more than one waits
