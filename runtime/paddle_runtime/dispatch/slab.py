"""Memory that the front end and one worker share: signs of life, and the bytes of requests and answers.

    page 0     signs: the number of the batch begun and the time of its last border (from the worker), and one
               byte a job that says that nobody wants it any more (from the front end)
    requests   written by the front end before it sends a batch, read by the worker until it has answered
    answers    written by the worker, read by the front end before it sends the next batch

An anonymous memory file, passed to the worker as a descriptor and sealed so that no side can change its size
under the other: it has no name, is no part of /dev/shm (64 MiB in most pods), is charged to the pod's memory
only where it was touched, and is gone with the last of its two holders, however that one ended. Times in it
are of the system-wide monotonic clock.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

PAGE_BYTES = mmap.PAGESIZE
LINE_BYTES = 64  # bodies begin at whole cache lines
MAX_JOBS = 1024  # in one batch
BEGUN, LAST_BORDER = 0, 1  # places in page 0, counted in doubles
FIRST_FLAG = 512  # place in page 0, counted in bytes
KEPT_BYTES = 1024 * 1024  # of each region, when an idle worker's memory is given back
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


@dataclass(frozen=True)
class SlabSize:
    """Bytes of the two regions, whole pages."""

    requests: int
    answers: int

    @classmethod
    def of(cls, mebibytes: int) -> SlabSize:
        """Three quarters for requests: pictures are larger than what is read from them."""
        quarter = mebibytes * 1024 * 1024 // 4
        return cls(requests=3 * quarter, answers=quarter)


def places(sizes: Sequence[int], capacity: int) -> list[int | None]:
    """Where each body begins in a region; None for what does not fit and has to travel another way. Pure."""
    found: list[int | None] = []
    free = 0
    for size in sizes:
        if size > capacity - free:
            found.append(None)
            continue
        found.append(free)
        free += -(-size // LINE_BYTES) * LINE_BYTES
    return found


class Slab:
    """One mapping of the file: the front end makes it by `create`, the worker from its descriptor."""

    def __init__(self, descriptor: int, size: SlabSize) -> None:
        self.descriptor = descriptor
        self.size = size
        self._map = mmap.mmap(descriptor, _total(size))
        whole = memoryview(self._map)
        self._signs = whole[:FIRST_FLAG].cast("d")
        self._flags = whole[FIRST_FLAG : FIRST_FLAG + MAX_JOBS]
        self.requests = whole[PAGE_BYTES : PAGE_BYTES + size.requests]
        self.answers = whole[PAGE_BYTES + size.requests :]

    @classmethod
    def create(cls, size: SlabSize) -> Slab:
        """A new one, all zero."""
        descriptor = os.memfd_create("paddle-runtime", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, _total(size))
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, SEALS)
        return cls(descriptor, size)

    def close(self) -> None:
        """Let go of the descriptor; the mapping goes with its last user."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    # The front end's side

    def begin(self, jobs: int) -> None:
        """A batch is about to be sent: all of it is wanted."""
        self._flags[:jobs] = bytes(jobs)

    def abandon(self, job: int) -> None:
        """Nobody wants this job of the current batch any more."""
        self._flags[job] = 1

    @property
    def begun(self) -> int:
        """The number of the batch that the worker took up last."""
        return int(self._signs[BEGUN])

    @property
    def last_border(self) -> float:
        """When the worker last came to a border."""
        return self._signs[LAST_BORDER]

    def give_back(self) -> None:
        """Return the memory of bodies that are no longer needed, while the worker holds no batch."""
        for start, end in (
            (PAGE_BYTES, PAGE_BYTES + self.size.requests),
            (PAGE_BYTES + self.size.requests, _total(self.size)),
        ):
            if end - start > KEPT_BYTES:
                self._map.madvise(mmap.MADV_REMOVE, start + KEPT_BYTES, end - start - KEPT_BYTES)

    # The worker's side

    def take_up(self, number: int) -> None:
        """The worker begins with this batch."""
        self._signs[LAST_BORDER] = time.monotonic()
        self._signs[BEGUN] = number

    def at_border(self) -> float:
        """There is progress; returns the time."""
        now = time.monotonic()
        self._signs[LAST_BORDER] = now
        return now

    def abandoned(self, job: int) -> bool:
        """Whether nobody wants this job any more."""
        return self._flags[job] != 0


def _total(size: SlabSize) -> int:
    return PAGE_BYTES + size.requests + size.answers
