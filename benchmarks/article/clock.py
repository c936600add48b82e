"""Simulated time: what is to happen when."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

Act = Callable[..., None]


class Clock:
    """now: seconds since the quarter began. What is due at one moment happens as it was asked for."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._asked = 0
        self._events: list[tuple[float, int, Act, tuple[Any, ...]]] = []

    def at(self, time: float, act: Act, *arguments: Any) -> None:
        """Call it at that time; at once where that is over."""
        self._asked += 1
        heapq.heappush(self._events, (max(time, self.now), self._asked, act, arguments))

    def step(self, until: float) -> bool:
        """Let the next event happen, or False where none is due until then."""
        if not self._events or self._events[0][0] > until:
            return False
        self.now, _, act, arguments = heapq.heappop(self._events)
        act(*arguments)
        return True
