"""How many workers, whether a warm standby, and how large a worker may grow: one sum over memory. Pure.

What a worker needs is known when the first one is warm, so that one is started alone and measured. Workers
then have WORKER_ROOM times its memory each, and beside it what one request may take: every one of them can
be reading the largest picture at the same time, and one byte too many ends the whole pod. A standby, which
only shortens a replacement, is kept where everybody could grow to STANDBY_ROOM times of a warm worker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MIB = 1024 * 1024
WORKER_ROOM = 1.1
STANDBY_ROOM = 1.5
# A worker may hold twice what it held when warm, and at least so much more: a picture at the caps is large.
LEAST_GROWTH_BYTES = 512 * MIB


@dataclass(frozen=True)
class Wish:
    """What the settings and the machine ask for. standby: auto, 0 or 1. worker_bytes: 0 is by the sum.

    given: the number of workers was set, so memory does not reduce it.
    """

    workers: int
    given: bool = False
    devices: int = 1
    on_cpu: bool = True
    standby: str = "auto"
    worker_bytes: float = 0.0

    @property
    def complaint(self) -> str:
        """What is wrong with it, for the log."""
        if self.workers >= self.devices:
            return ""
        return (
            f"workers={self.workers} is less than device_count={self.devices}, and a worker uses one device: "
            f"{self.devices - self.workers} devices compute nothing; set workers to 0 or to at least "
            "device_count"
        )


@dataclass(frozen=True)
class Memory:
    """Bytes. base: the front end with all bodies that it may hold, files in memory, libraries.

    worker: a warm one's own. request: what a request at the caps takes of a worker beside that.
    limited: the limit is the control group's, whose overstepping kills; else it is all that the machine has.
    """

    limit: float
    base: float
    worker: float
    request: float = 0.0
    limited: bool = True

    @property
    def busy_worker(self) -> float:
        """One that reads the largest picture."""
        return self.worker * WORKER_ROOM + self.request


@dataclass(frozen=True)
class Staffing:
    """bound_bytes: a worker that holds more of its own is replaced; infinite where no bound can help."""

    workers: int
    standby: bool
    bound_bytes: float
    words: str


def wish(*, workers: int, on_cpu: bool, cpus: float, devices: int, standby: str, worker_mib: int) -> Wish:
    """On CPU one worker for each whole CPU, at least one; else one a device; unless a number is set."""
    by_device = max(math.floor(cpus), 1) if on_cpu else devices
    return Wish(
        workers=workers or by_device,
        given=workers > 0,
        devices=1 if on_cpu else devices,
        on_cpu=on_cpu,
        standby=standby,
        worker_bytes=float(worker_mib * MIB),
    )


def staff(wish: Wish, memory: Memory) -> Staffing:
    """The decision, with the sum that it rests on in words for the log."""
    fitting = max(math.floor((memory.limit - memory.base) / memory.busy_worker), 1)
    workers = wish.workers if wish.given else min(wish.workers, fitting)
    standby = _standby(wish, memory, workers)
    useless = 0 < wish.worker_bytes < memory.worker * WORKER_ROOM
    bound = math.inf if useless else wish.worker_bytes or _bound(memory, workers + standby)
    words = (
        f"{workers} worker processes{' and a warm standby' if standby else ', no standby'}: a warm worker "
        f"has {_mib(memory.worker)} of its own, a request may take {_mib(memory.request)} of it more, "
        f"{_mib(memory.base)} are used or kept for bodies beside workers, and "
        f"{'the memory limit' if memory.limited else 'the machine'} has {_mib(memory.limit)}"
    )
    if fitting < wish.workers:
        words += (
            f"; {wish.workers} would need {_mib(wish.workers * memory.busy_worker + memory.base)}"
            f"{', which workers asks for all the same' if wish.given else ', so there are fewer'}: "
            "raise the memory limit"
        )
    if useless:
        words += f"; no bound: {_mib(wish.worker_bytes)} for each is no more than a warm one has"
    if math.isfinite(bound):
        words += f"; one that grows over {_mib(bound)} is replaced"
    return Staffing(workers, standby, bound, words)


def one_more_fits(memory: Memory, held: float, *, others: int = 0) -> bool:
    """Whether one more worker can be started beside those that hold `held` bytes of their own now.

    others: those that hold what a warm worker does or soon will, a standby that is being started.
    """
    return memory.base + held + (1 + others) * memory.worker * WORKER_ROOM <= memory.limit


def _standby(wish: Wish, memory: Memory, workers: int) -> bool:
    """One is for one device: which one would be lost is not known. Device memory is not spent by default."""
    if wish.standby == "0" or wish.devices > 1:
        return False
    grown = memory.worker * STANDBY_ROOM  # the standby reads nothing until it takes a worker's place
    fits = workers * max(grown, memory.busy_worker) + grown + memory.base <= memory.limit
    return fits and (wish.standby == "1" or wish.on_cpu)


def _bound(memory: Memory, processes: int) -> float:
    grown = memory.worker + max(memory.worker, LEAST_GROWTH_BYTES)
    # a request's part is in it: what a worker keeps of a large picture is there for the next one
    share = (memory.limit - memory.base) / processes
    if not memory.limited:
        return grown
    # a share that a warm worker nearly fills would replace workers for ever
    return min(grown, share) if share >= memory.worker * WORKER_ROOM else math.inf


def _mib(size: float) -> str:
    return f"{size / MIB:.0f} MiB"
