"""The warm standby: one worker that is ready before it is needed, so that a crash costs no cold start."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from paddle_runtime.dispatch.child import Child, WorkerGone
from paddle_runtime.dispatch.restarts import delay_seconds
from paddle_runtime.errors import BundleFault

log = logging.getLogger(__name__)
# Processes that end together are missed one after the other; workers among them are to start alone.
SETTLE_SECONDS = 1.0


class Spare:
    """`run` keeps one; `take` hands it out. It is made only while it is allowed: when all seats are warm."""

    def __init__(
        self, start: Callable[[], Awaitable[Child]], part: Callable[[Child], None], ping_seconds: float
    ) -> None:
        self.child: Child | None = None
        self._starting: asyncio.Future[Child] | None = None
        self._exists = False
        self._start = start
        self._part = part
        self._ping_seconds = ping_seconds
        self._allowed = asyncio.Event()
        self._taken = asyncio.Event()

    def allow(self, allowed: bool) -> None:
        """Whether one may be started now: workers that are missing come first."""
        if allowed:
            self._allowed.set()
        else:
            self._allowed.clear()

    @property
    def withheld(self) -> bool:
        """Whether there is one that nobody can take now: it is being started, or asked whether it lives."""
        return self._exists and self.child is None

    def take(self) -> Child | None:
        """The standby, which belongs to the caller from now on; None when there is none now."""
        child, self.child = self.child, None
        if child is None or child.exited.done():
            return None
        self._taken.set()
        return child

    def take_starting(self) -> asyncio.Future[Child] | None:
        """The one that is being started, which belongs to the caller from now on; None when none is."""
        starting, self._starting = self._starting, None
        if starting is not None:
            self._exists = False
        return starting

    async def run(self) -> None:
        """For ever."""
        failures, rest = 0, 0.0
        while True:
            self._exists = False
            await asyncio.sleep(max(rest, delay_seconds(failures, jitter=random.random())))  # noqa: S311
            await self._allowed.wait()
            self._exists = True
            try:
                child = await self._started()
            except (BundleFault, WorkerGone, OSError) as error:
                failures += 1
                log.error("the standby cannot be started: %s", error)
                continue
            failures, rest = 0, SETTLE_SECONDS
            if child is None:
                continue
            try:
                taken = await self._keep(child)
            except asyncio.CancelledError:
                self._part(child)
                raise
            if not taken:
                log.error("the standby, process %d, ended or was stopped", child.pid)
                self._part(child)

    async def _started(self) -> Child | None:
        """A new one; None where somebody took it while it was being started."""
        self._starting = starting = asyncio.ensure_future(self._start())
        try:
            await asyncio.wait({starting})
        except asyncio.CancelledError:
            if self._starting is not None:
                starting.cancel()
                await asyncio.wait({starting})
            raise
        taken, self._starting = self._starting is None, None
        return None if taken else starting.result()

    async def _keep(self, child: Child) -> bool:
        """Until it is taken (True), or has ended or answers no more (False)."""
        self._taken.clear()
        self.child = child
        while True:
            taken = asyncio.ensure_future(self._taken.wait())
            await asyncio.wait(
                {taken, child.exited},
                timeout=self._ping_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            taken.cancel()
            if self._taken.is_set():
                return True
            self.child = None  # nobody can take it while it is being asked
            if child.exited.done() or not await child.ping(self._ping_seconds):
                return False
            self.child = child
