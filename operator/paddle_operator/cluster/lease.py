"""Which of the replicas acts: a Lease, held and taken as client-go does it.

A record is judged by when *this* process saw it change, never by the times in it, so clocks may differ.
Nothing fences the old leader's last request; every write of the flow is safe when it is made twice, and what
divides the requests is refused when it comes late (docs/decisions/0056-no-weight-comes-late.md).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from paddle_operator.errors import ClusterRefused

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """What a Lease says. `version` is the API server's, empty for one that is not there yet."""

    holder: str = ""
    transitions: int = 0
    acquired: str = ""
    renewed: str = ""
    version: str = ""


class LeaseStore(Protocol):
    """Where the record is kept."""

    async def read(self) -> Record | None:
        """The record, None when there is none."""

    async def write(self, record: Record) -> Record:
        """Write the record if it is still at its version; raises ClusterRefused else."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a Lease lasts, in seconds: 15, 10 and 2 as in client-go."""

    lease: float
    renew: float
    retry: float


class Lease:
    """One replica's part in the election."""

    def __init__(self, store: LeaseStore, identity: str, terms: Terms, now: Callable[[], datetime]) -> None:
        self._store = store
        self._identity = identity
        self._terms = terms
        self._now = now
        self._seen: Record | None = None
        self._seen_at = 0.0
        self.leading = False

    def unknown(self) -> str:
        """Says so while no record has been seen at all: part of being ready."""
        return "" if self._seen is not None else "the Lease has not been read yet"

    async def lead(self, work: Callable[[], Awaitable[None]]) -> None:
        """For ever: wait for the Lease, work while it is held, stop when it is lost."""
        while True:
            await self._acquire()
            logger.info("leading as %s", self._identity)
            worker = asyncio.ensure_future(work())
            holder = asyncio.create_task(self._hold())
            try:
                await asyncio.wait({worker, holder}, return_when=asyncio.FIRST_COMPLETED)
                if worker.done():
                    await worker  # work never ends by itself: this raises its error
            finally:
                self.leading = False
                for task in (worker, holder):
                    task.cancel()
                await asyncio.gather(worker, holder, return_exceptions=True)
            logger.warning("the Lease was lost; waiting for it again")

    async def release(self) -> None:
        """Give the Lease back at the end, so that the standby need not wait for it to run out."""
        seen = self._seen
        if seen is None or seen.holder != self._identity:
            return
        with suppress(ClusterRefused):
            freed = Record("", seen.transitions, seen.acquired, self._stamp(), seen.version)
            self._seen = await self._store.write(freed)

    async def _acquire(self) -> None:
        taken = await self._try()
        while not taken:
            await asyncio.sleep(self._terms.retry)
            taken = await self._try()
        self.leading = True

    async def _hold(self) -> None:
        """Renew until that has failed for too long."""
        clock = asyncio.get_running_loop().time
        renewed = clock()
        while clock() - renewed < self._terms.renew:
            await asyncio.sleep(self._terms.retry)
            with suppress(TimeoutError):
                async with asyncio.timeout(renewed + self._terms.renew - clock()):
                    if await self._try():
                        renewed = clock()

    async def _try(self) -> bool:
        """Take or renew the Lease; False while it is somebody else's or the API server does not answer."""
        try:
            found = await self._store.read()
            if found is None:
                self._note(await self._store.write(self._claim(Record())))
                return True
            if found != self._seen:
                self._note(found)
            if found.holder not in {"", self._identity} and not self._expired():
                return False
            self._note(await self._store.write(self._claim(found)))
        except ClusterRefused as refused:
            logger.debug("Lease: %s", refused)
            return False
        return True

    def _note(self, record: Record) -> None:
        self._seen, self._seen_at = record, asyncio.get_running_loop().time()

    def _expired(self) -> bool:
        return asyncio.get_running_loop().time() - self._seen_at >= self._terms.lease

    def _claim(self, found: Record) -> Record:
        mine = found.holder == self._identity
        return Record(
            holder=self._identity,
            transitions=found.transitions + (0 if mine or not found.version else 1),
            acquired=found.acquired if mine else self._stamp(),
            renewed=self._stamp(),
            version=found.version,
        )

    def _stamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
