"""One worker's place: start a worker in it, give it batches of jobs, watch it, replace it. For ever."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from paddle_runtime.border import Abandoned
from paddle_runtime.dispatch.child import Child, WorkerGone
from paddle_runtime.dispatch.exchange import Answer, Unexpected
from paddle_runtime.dispatch.job import Job, Result
from paddle_runtime.dispatch.restarts import SeatRecord, delay_seconds
from paddle_runtime.dispatch.slab import Slab, SlabSize
from paddle_runtime.dispatch.watch import Watch
from paddle_runtime.dispatch.watchdog import Verdict
from paddle_runtime.errors import BundleFault, BundleReason, Failed, RequestReason

log = logging.getLogger(__name__)

# One unexpected exception says little; several in a row say that the worker is broken. A failure that a
# request's content explains never counts: one caller could take everybody's worker away.
ERRORS_BEFORE_REPLACEMENT = 3
PHASE_REASONS = {"warm-up": BundleReason.WarmupFailed, "self-test": BundleReason.SelfTestFailed}


@dataclass(frozen=True)
class WorkerPlan:
    """How workers are started, on how many devices, what they share with us, how long they may take.

    Times are seconds. stall_seconds: longest without progress. ping_seconds: how often an idle worker is
    asked whether it lives, and how long it has to answer; a busy one has as long to take up what it is given.
    """

    command: tuple[str, ...]
    order: Mapping[str, Any]
    devices: int
    load_timeout_seconds: float
    stall_seconds: float
    ping_seconds: float
    slab: SlabSize


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
        """A worker that was started has to be replaced: crash, stall, errors, load_failed."""
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

    @property
    def pid(self) -> int | None:
        """The worker's process id; None while it is being replaced."""
        return None if self.child is None else self.child.pid

    async def run(self) -> None:
        """Keep one warm worker here."""
        while True:
            await asyncio.sleep(delay_seconds(self.record.failures, jitter=random.random()))  # noqa: S311
            try:
                await self._one_life()
            except BundleFault as fault:
                self._failed(fault, typed=True)
            except WorkerGone as gone:
                self._failed(_load_fault(gone), typed=False)
            except OSError as error:  # no process can be started now: no memory, too many processes
                self._failed(
                    _load_fault(WorkerGone(f"a worker process cannot be started ({error})")), typed=False
                )

    async def _one_life(self) -> None:
        """One worker from its start to its end."""
        child = await Child.start(self._plan.command, self._plan.slab)
        self.child = child
        try:
            await self._open(child)
            reason = await self._serve(child)
            self._observer.lost(reason)
            self._record(replace(self.record, warm=False))
        finally:
            self.child = None
            child.kill()
            await child.close()

    def _record(self, record: SeatRecord) -> None:
        self.record = record
        self._observer.changed(self, record)

    def _failed(self, fault: BundleFault, *, typed: bool) -> None:
        """A worker did not become warm."""
        log.error("worker %d: %s: %s", self.index, fault.reason.name, fault)
        self._observer.lost("load_failed")
        failures = self.record.failures + 1
        self._record(SeatRecord(warm=False, failures=failures, fault=fault, typed=typed))

    async def _open(self, child: Child) -> None:
        """From a process to a warm worker."""

        order = {**self._plan.order, "deviceId": self.index % self._plan.devices}
        done: list[str] = []

        def progress(phase: str, seconds: float, text: str) -> None:
            done.append(phase)
            log.info("worker %d: %s", self.index, text)
            self._observer.loaded(phase, seconds)

        try:
            async with asyncio.timeout(self._plan.load_timeout_seconds):
                warm = await child.open(order, progress)
        except TimeoutError:
            raise too_slow(
                f"worker process {child.pid} was not warm after {self._plan.load_timeout_seconds:g} s",
                done,
            ) from None
        self._errors_in_row = 0
        log.info("worker %d: ready, process %d, %s", self.index, child.pid, warm.header.get("text", ""))
        self._record(SeatRecord(warm=True))

    async def _serve(self, child: Child) -> str:
        """Answer batches until the worker has to be replaced; returns why."""
        while self._errors_in_row < ERRORS_BEFORE_REPLACEMENT:
            offered = self._observer.offer(self)
            await first_of(offered, child.exited, seconds=self._plan.ping_seconds)
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
            job.started_at = now
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
                        retry_after_seconds=1,
                    )
                )
            else:
                job.fail(_lost(f"{gone} while it held this request; send it again"))
        return "crash" if watch.verdict is Verdict.WORKS else "stall"

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


def _lost(message: str) -> Failed:
    return Failed(RequestReason.WORKER_LOST, message, retry_after_seconds=1)


async def first_of(*futures: asyncio.Future[Any], seconds: float | None = None) -> None:
    """Wait until any of them is done, or for so long; none is cancelled."""
    await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


def _load_fault(gone: WorkerGone) -> BundleFault:
    """A worker that ended without a word while starting."""
    return BundleFault(
        PHASE_REASONS.get(gone.phase, BundleReason.LoadFailed),
        f"{gone}, before it was ready. If it was ended by SIGKILL the memory limit is too low "
        "(a worker with the PP-OCR models needs about 1 GiB); otherwise its last log lines say why.",
    )


def too_slow(what: str, phases_done: Collection[str]) -> BundleFault:
    """Time ran out before the first worker was warm. Trying again would take as long, so it is final."""
    loaded = "load" in phases_done
    during = "its model was tested and warmed" if loaded else "its model was loaded"
    return BundleFault(
        BundleReason.WarmupFailed if loaded else BundleReason.LoadFailed,
        f"{what}, while {during}: raise spec.model.preload.timeoutSeconds, or the CPU limit.",
    )
