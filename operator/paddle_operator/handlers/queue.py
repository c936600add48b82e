"""One queue of keys with delays: the operator's only scheduler.

A key is in the queue at most once, whatever happened to it how often: the queue remembers *that* a service
must be looked at, never *why*, since the flow looks at everything anyway. The earliest wish wins. A key is
visited by one worker at a time; what arrives for it meanwhile makes it due again afterwards. A visit that
fails is repeated after a growing, jittered pause; one that succeeds says itself when it wants to be repeated.
The queue is bounded by the number of services, because a key never waits twice.

While nobody runs the queue it only fills: another replica makes the visits, so nothing in it is late.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from paddle_operator.errors import OperatorError

K = TypeVar("K")
FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 120.0
logger = logging.getLogger(__name__)


def backoff_seconds(failures: int, jitter: float) -> float:
    """The pause after that many failures in a row, with `jitter` in [0, 1): half of it is random."""
    longest = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 16), LONGEST_BACKOFF_SECONDS)
    return longest * (0.5 + 0.5 * jitter)


class KeyedQueue(Generic[K]):
    """Keys and when each is due, in seconds of the running event loop's clock."""

    def __init__(
        self,
        jitter: Callable[[], float] = random.random,
        waited: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """Make it; `waited` is told the seconds from the first wish of others to each visit for it."""
        self._jitter = jitter
        self._waited = waited
        self._asked: dict[K, float] = {}
        self._since: float | None = None
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = 0
        self._busy: set[K] = set()
        self._again: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due) + len(self._again)

    @property
    def visiting(self) -> int:
        """How many keys are being visited."""
        return len(self._busy)

    def late(self) -> tuple[int, float]:
        """How many keys are due and wait for a worker, and for how many seconds the first of them has."""
        if self._since is None:
            return 0, 0.0
        now = _clock()
        due = [at for at in self._due.values() if at <= now]
        return len(due), now - max(min(due, default=now), self._since)

    def add(self, key: K, delay_seconds: float = 0.0) -> None:
        """Ask for a visit of the key after the delay at the latest."""
        now = _clock()
        self._asked.setdefault(key, now)
        self._add_at(key, now + delay_seconds)

    def rush(self, within_seconds: float) -> None:
        """Make every waiting key due within that time, spread at random: after a change of leader."""
        for key in list(self._due):
            self._add_at(key, _clock() + within_seconds * self._jitter())

    async def run(self, visit: Callable[[K], Awaitable[float | None]], workers: int) -> None:
        """Visit keys as they fall due, for ever; a visit returns the seconds to its repetition, or None."""
        slots = asyncio.Semaphore(workers)
        self._since = _clock()
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await slots.acquire()
                    key = await self._next()
                    group.create_task(self._visit(key, visit, slots))
        finally:
            self._since = None
            # Stopped in the middle of visits: whoever runs the queue next starts with those keys.
            for key in list(self._busy):
                self._finish(key, 0.0)

    async def _visit(
        self, key: K, visit: Callable[[K], Awaitable[float | None]], slots: asyncio.Semaphore
    ) -> None:
        try:
            delay = await visit(key)
        except OperatorError as refused:
            delay = self._failed(key)
            logger.warning("%s: %s; trying again in %.0f s", key, refused, delay)
        except Exception:
            delay = self._failed(key)
            logger.exception("%s: the visit failed unexpectedly; trying again in %.0f s", key, delay)
        else:
            self._failures.pop(key, None)
        finally:
            slots.release()
        self._finish(key, delay)

    def _failed(self, key: K) -> float:
        self._failures[key] = self._failures.get(key, 0) + 1
        return backoff_seconds(self._failures[key], self._jitter())

    def _finish(self, key: K, delay_seconds: float | None) -> None:
        self._busy.discard(key)
        if delay_seconds is not None:
            self._add_at(key, _clock() + delay_seconds)
        if (asked := self._again.pop(key, None)) is not None:
            self._add_at(key, asked)

    def _add_at(self, key: K, due: float) -> None:
        if key in self._busy:
            self._again[key] = min(due, self._again.get(key, due))
        elif key not in self._due or due < self._due[key]:
            self._due[key] = due
            self._order += 1
            heapq.heappush(self._heap, (due, self._order, key))
            self._wake.set()

    async def _next(self) -> K:
        while True:
            while self._heap and self._heap[0][0] <= _clock():
                due, _, key = heapq.heappop(self._heap)
                if self._due.get(key) == due:  # else an earlier wish for the key has already been served
                    del self._due[key]
                    self._busy.add(key)
                    self._tell_wait(key)
                    return key
            self._wake.clear()
            pause = self._heap[0][0] - _clock() if self._heap else None
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def _tell_wait(self, key: K) -> None:
        asked, now = self._asked.pop(key, None), _clock()
        if asked is not None:  # a repetition that nobody else wished for is in time
            self._waited(now - max(asked, self._since or asked))


def _clock() -> float:
    return asyncio.get_running_loop().time()
