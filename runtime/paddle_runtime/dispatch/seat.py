"""One worker's place: start a worker in it, give it jobs one at a time, watch it, replace it. For ever."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from paddle_runtime.dispatch.child import Child, WorkerGone
from paddle_runtime.dispatch.frames import Frame
from paddle_runtime.dispatch.job import Job, Result
from paddle_runtime.dispatch.restarts import SeatRecord, delay_seconds
from paddle_runtime.errors import BundleFault, BundleReason, Failed, Invalid, RequestReason

log = logging.getLogger(__name__)

# One unexpected exception says little; several in a row say that the worker is broken. A failure that a
# request's content explains never counts: one caller could take everybody's worker away.
ERRORS_BEFORE_REPLACEMENT = 3
PHASE_REASONS = {"warm-up": BundleReason.WarmupFailed, "self-test": BundleReason.SelfTestFailed}


@dataclass(frozen=True)
class WorkerPlan:
    """How workers are started, on how many devices, and how long they may take (seconds)."""

    command: tuple[str, ...]
    order: Mapping[str, Any]
    devices: int
    load_timeout_seconds: float
    stall_seconds: float


class Observer(Protocol):
    """What the pool wants to hear of its seats."""

    def offer(self, seat: Seat) -> asyncio.Future[Job]:
        """The seat's worker is free; the future gets its next job."""
        ...

    def withdraw(self, seat: Seat, job: Job | None) -> None:
        """The seat's worker is gone; a job that it had not begun goes back to the queue."""
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
        self.job: Job | None = None
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
        child = await Child.start(self._plan.command)
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
        """Answer jobs until the worker has to be replaced; returns why."""
        while self._errors_in_row < ERRORS_BEFORE_REPLACEMENT:
            offered = self._observer.offer(self)
            await first_of(offered, child.exited)
            if child.exited.done():
                log.error("worker %d: process %d ended while idle", self.index, child.pid)
                self._observer.withdraw(self, offered.result() if offered.done() else None)
                return "crash"
            reason = await self._answer(child, offered.result())
            if reason is not None:
                return reason
        return "errors"

    async def _answer(self, child: Child, job: Job) -> str | None:
        """One job; returns why the worker has to be replaced, or None."""
        job.started_at = self._clock()
        self.job = job
        try:
            async with asyncio.timeout(self._plan.stall_seconds):
                frame = await child.ask(
                    {"type": "job", "kind": job.work.kind, "request": dict(job.work.request)},
                    job.work.payload,
                )
        except TimeoutError:
            log.error("worker %d: busy for over %g s, killed", self.index, self._plan.stall_seconds)
            self._observer.worked(self._clock() - job.started_at)
            job.fail(Failed(RequestReason.TIMED_OUT, f"no answer after {self._plan.stall_seconds:g} s"))
            return "stall"
        except WorkerGone as gone:
            log.error("worker %d: %s under a request", self.index, gone)
            self._observer.worked(self._clock() - job.started_at)
            job.fail(
                Failed(
                    RequestReason.WORKER_LOST,
                    f"{gone} while it held this request; send it again",
                    retry_after_seconds=1,
                )
            )
            return "crash"
        except asyncio.CancelledError:
            job.fail(
                Failed(
                    RequestReason.WORKER_LOST, "this server had to stop; send it again", retry_after_seconds=1
                )
            )
            raise
        finally:
            self.job = None
        self._settle(job, frame)
        return None

    def _settle(self, job: Job, frame: Frame) -> None:
        """Turn a worker's message into the job's answer."""
        self._observer.worked(float(frame.header["busySeconds"]))
        if frame.kind == "answer":
            self._errors_in_row = 0
            job.resolve(Result(bytes(frame.payload), frame.header["stages"], frame.header["meta"]))
        elif frame.header["fault"] == "invalid":
            self._errors_in_row = 0
            job.fail(Invalid(RequestReason(frame.header["reason"]), str(frame.header["message"])))
        else:
            self._errors_in_row += frame.header["fault"] == "unexpected"
            job.fail(Failed(RequestReason.INTERNAL, str(frame.header["message"])))


async def first_of(*futures: asyncio.Future[Any]) -> None:
    """Wait until any of them is done; none is cancelled."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


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
