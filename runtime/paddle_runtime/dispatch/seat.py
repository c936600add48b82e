"""One worker's place: start a worker in it, give it batches of jobs, watch it, replace it. For ever."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from paddle_runtime.border import Abandoned
from paddle_runtime.dispatch.child import Child, WorkerGone
from paddle_runtime.dispatch.exchange import Answer, Unexpected
from paddle_runtime.dispatch.job import Job, Result
from paddle_runtime.dispatch.launch import WorkerPlan, launch, load_fault, start_fault
from paddle_runtime.dispatch.restarts import NOT_READY_RETRY_SECONDS, SeatRecord, delay_seconds
from paddle_runtime.dispatch.slab import Slab
from paddle_runtime.dispatch.watch import Watch
from paddle_runtime.dispatch.watchdog import Verdict
from paddle_runtime.errors import BundleFault, Failed, RequestReason
from paddle_runtime.tasks import of_the_bundle

log = logging.getLogger(__name__)

# One unexpected exception says little; several in a row say that the worker is broken. A failure that a
# request's content explains never counts: one caller could take everybody's worker away.
ERRORS_BEFORE_REPLACEMENT = 3
# Between two looks at how much memory a worker holds, and before another try to replace one that grew.
MEMORY_LOOK_SECONDS = 1.0
MEMORY_RETRY_SECONDS = 30.0


class Observer(Protocol):
    """What the pool wants to hear of its seats."""

    def offer(self, seat: Seat) -> asyncio.Future[Sequence[Job]]:
        """The seat's worker is free; the future gets its next batch."""
        ...

    def withdraw(self, seat: Seat, jobs: Sequence[Job] = ()) -> None:
        """The seat's worker is not free any more; jobs that it did not take up go back to the queue."""
        ...

    def changed(self, seat: Seat, record: SeatRecord) -> None:
        """The seat's worker became warm, or was lost or failed to start."""
        ...

    def loaded(self, phase: str, seconds: float) -> None:
        """A phase of starting a worker took that long."""
        ...

    def worked(self, busy_seconds: float) -> None:
        """A worker computed for that long."""
        ...

    def lost(self, reason: str) -> None:
        """A worker that was started has to be replaced: crash, stall, errors, memory, load_failed."""
        ...

    def spare(self) -> Child | None:
        """A warm worker to go on with, where one stands by."""
        ...

    def starting(self) -> asyncio.Future[Child] | None:
        """The worker that is being started to stand by, where there is one: nobody else gets it any more."""
        ...

    def outgrown(self, pid: int) -> bool:
        """Whether a worker holds more memory than it may."""
        ...

    def successor(self, seat: Seat) -> asyncio.Task[Child] | None:
        """Begin to start a warm worker beside the seat's own; None where memory has no room for both."""
        ...

    def spared(self, seat: Seat) -> bool:
        """Whether others are warm while this seat has none, the standby among them."""
        ...

    def part(self, child: Child) -> None:
        """This worker is not needed any more; see to its end."""
        ...


class Seat:
    """See the module's docstring. `run` never returns; cancelling it ends the worker."""

    def __init__(self, index: int, plan: WorkerPlan, observer: Observer, clock: Callable[[], float]) -> None:
        self.index = index
        self.record = SeatRecord()
        self.child: Child | None = None
        self.jobs: Sequence[Job] = ()
        self._plan = plan
        self._observer = observer
        self._clock = clock
        self._errors_in_row = 0
        self._successor: asyncio.Task[Child] | None = None
        self._next_memory_look = 0.0

    @property
    def pid(self) -> int | None:
        """The worker's process id; None while it is being replaced."""
        return None if self.child is None else self.child.pid

    @property
    def device(self) -> int:
        """Which device its workers compute on."""
        return self.index % self._plan.devices

    async def run(self) -> None:
        """Keep one warm worker here."""
        child: Child | None = None
        while True:
            child = await self._one_life(child or await self._start())

    async def _start(self) -> Child:
        """A warm worker: the standby, or a new one, tried until there is one."""
        while True:
            await asyncio.sleep(delay_seconds(self.record.failures, jitter=random.random()))  # noqa: S311
            if (spare := self._observer.spare()) is not None:
                return spare
            try:
                if (started := self._observer.starting()) is not None:
                    log.info("worker %d: the standby that is being started takes its place", self.index)
                    return await started
                return await launch(self._plan, f"worker {self.index}", self.device, self._observer.loaded)
            except BundleFault as fault:
                self._failed(fault, typed=True)
            except WorkerGone as gone:
                self._failed(load_fault(gone), typed=False)
            except OSError as error:  # no process can be started now: no memory, too many processes
                self._failed(start_fault(error), typed=False)

    async def _one_life(self, child: Child) -> Child | None:
        """One worker until its end; returns the warm one that takes its place, where there is one."""
        self.child = child
        self._errors_in_row = 0
        self._record(SeatRecord(warm=True))
        try:
            self._observer.lost(await self._serve(child))
            successor = self._finished_successor() or self._observer.spare()
        finally:
            self.child = None
            if self._successor is not None:
                self._successor.add_done_callback(self._part_late)
                self._successor.cancel()
                self._successor = None
            self._observer.part(child)
        if successor is None:
            self._record(replace(self.record, warm=False))
        else:
            log.info("worker %d: process %d takes over", self.index, successor.pid)
        return successor

    def _finished_successor(self) -> Child | None:
        task = self._successor
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        self._successor = None
        return task.result()

    def _part_late(self, task: asyncio.Task[Child]) -> None:
        """A successor that came though nobody needs it any more."""
        if not task.cancelled() and task.exception() is None:
            self._observer.part(task.result())

    def _record(self, record: SeatRecord) -> None:
        self.record = record
        self._observer.changed(self, record)

    def _failed(self, fault: BundleFault, *, typed: bool) -> None:
        """A worker did not become warm."""
        log.error("worker %d: %s: %s", self.index, fault.reason.name, fault)
        self._observer.lost("load_failed")
        failures = self.record.failures + 1
        self._record(SeatRecord(warm=False, failures=failures, fault=fault, typed=typed))

    async def _serve(self, child: Child) -> str:
        """Answer batches until the worker has to be replaced; returns why."""
        idle = False
        while self._errors_in_row < ERRORS_BEFORE_REPLACEMENT:
            if self._must_make_room(child, idle=idle):
                return "memory"
            offered = self._observer.offer(self)
            also = [self._successor] if self._successor is not None else []
            await first_of(offered, child.exited, *also, seconds=self._plan.ping_seconds)
            idle = not offered.done()
            if child.exited.done():
                log.error("worker %d: process %d ended while idle", self.index, child.pid)
                self._observer.withdraw(self, offered.result() if offered.done() else ())
                return "crash"
            if offered.done():
                reason = await self._answer(child, offered.result())
            else:
                reason = await self._still_there(child)
            if reason is not None:
                return reason
        return "errors"

    def _must_make_room(self, child: Child, *, idle: bool) -> bool:
        """Whether the worker goes now since it grew: its successor is warm, or there is room for one only."""
        if self._successor is not None:
            return self._successor.done() and self._can_take_over(self._successor)
        now = self._clock()
        if now < self._next_memory_look:
            return False
        self._next_memory_look = now + MEMORY_LOOK_SECONDS
        if not self._observer.outgrown(child.pid):
            return False
        self._successor = self._observer.successor(self)
        leaves_nobody = not (idle or self._observer.spared(self))
        if self._successor is None and leaves_nobody:
            self._next_memory_look = now + MEMORY_RETRY_SECONDS  # the only one, and busy
        return self._successor is None and not leaves_nobody

    def _can_take_over(self, successor: asyncio.Task[Child]) -> bool:
        """Whether its start went well; otherwise there is another one after a while."""
        error = None if successor.cancelled() else successor.exception()
        if error is None and not successor.cancelled():
            return True
        log.error("worker %d: cannot be replaced behind a warm one: %s", self.index, error)
        self._successor, self._next_memory_look = None, self._clock() + MEMORY_RETRY_SECONDS
        return False

    async def _still_there(self, child: Child) -> str | None:
        """Ask an idle worker whether it lives, so that a stopped one is found before a request."""
        self._observer.withdraw(self)
        if await child.ping(self._plan.ping_seconds):
            child.slab.give_back()
            return None
        if child.exited.done():
            return "crash"
        log.error(
            "worker %d: process %d was idle and did not answer within %g s, killed",
            self.index,
            child.pid,
            self._plan.ping_seconds,
        )
        return "stall"

    async def _answer(self, child: Child, offered: Sequence[Job]) -> str | None:
        """One batch; returns why the worker has to be replaced, or None."""
        jobs = [job for job in offered if not job.answer.done()]
        if not jobs:
            return None
        now = self._clock()
        for job in jobs:
            job.started_at, job.together = now, len(jobs)
        self.jobs = jobs
        watch = Watch(
            child,
            jobs,
            begin_seconds=self._plan.ping_seconds,
            longest_seconds=self._plan.stall_seconds,
            clock=self._clock,
        )
        try:
            with watch, telling_who_left(child.slab, jobs):
                answers, busy_seconds = await child.answer(jobs)
        except WorkerGone as gone:
            return self._lost_under(jobs, watch, gone)
        except asyncio.CancelledError:
            for job in jobs:
                job.fail(_lost("this server had to stop; send it again"))
            raise
        finally:
            self.jobs = ()
        if not all(of_the_bundle(job.work.kind) for job in jobs):  # what no caller sent is no load
            self._observer.worked(busy_seconds)
        for job, answer in zip(jobs, answers, strict=True):
            self._settle(job, answer)
        return None

    def _lost_under(self, jobs: Sequence[Job], watch: Watch, gone: WorkerGone) -> str:
        """The worker ended with a batch in its hands; returns why it has to be replaced."""
        now = self._clock()
        if watch.verdict is Verdict.STALLED:
            log.error("worker %d: no progress under a request, killed", self.index)
        else:
            log.error("worker %d: %s%s", self.index, gone, " under a request" if watch.begun else "")
        fresh = [] if watch.begun else [job for job in jobs if not job.given_back]
        for job in fresh:
            job.given_back = True  # once: what is lost twice may be what kills
        self._observer.withdraw(self, fresh)
        if watch.begun:
            self._observer.worked(now - min(job.started_at or now for job in jobs))
        for job in jobs:
            if job in fresh:
                continue
            if watch.verdict is Verdict.STALLED:
                seconds = now - job.queued_at
                job.fail(
                    Failed(
                        RequestReason.TIMED_OUT,
                        f"no answer after {seconds:.1f} s: its worker made no progress and was ended; "
                        "send it again",
                        retry_after_seconds=self._retry_seconds(),
                    )
                )
            else:
                job.fail(_lost(f"{gone} while it held this request; send it again", self._retry_seconds()))
        return "crash" if watch.verdict is Verdict.WORKS else "stall"

    def _retry_seconds(self) -> int:
        """When a lost request may be sent again: soon where others are warm, else as for one refused now."""
        return 1 if self._observer.spared(self) else NOT_READY_RETRY_SECONDS

    def _settle(self, job: Job, answer: Answer) -> None:
        """Turn a worker's answer into the job's."""
        self._errors_in_row = self._errors_in_row + 1 if isinstance(answer, Unexpected) else 0
        match answer:
            case Result():
                job.resolve(answer)
            case Abandoned():
                job.fail(job.timed_out(self._clock()))
            case _:
                job.fail(answer)


@contextmanager
def telling_who_left(slab: Slab, jobs: Sequence[Job]) -> Iterator[None]:
    """While the batch is computed, a caller that leaves or whose time is over is told to the worker."""
    tellers = [_teller(slab, place) for place in range(len(jobs))]
    for job, teller in zip(jobs, tellers, strict=True):
        job.answer.add_done_callback(teller)
    try:
        yield
    finally:
        for job, teller in zip(jobs, tellers, strict=True):
            job.answer.remove_done_callback(teller)


def _teller(slab: Slab, place: int) -> Callable[[asyncio.Future[Result]], None]:
    def tell(answer: asyncio.Future[Result]) -> None:
        if answer.cancelled():
            slab.abandon(place)

    return tell


def _lost(message: str, retry_after_seconds: int = 1) -> Failed:
    return Failed(RequestReason.WORKER_LOST, message, retry_after_seconds=retry_after_seconds)


async def first_of(*futures: asyncio.Future[Any], seconds: float | None = None) -> None:
    """Wait until any of them is done, or for so long; none is cancelled."""
    await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
