"""All workers and the one queue before them. A job goes to a worker when that worker is free, not before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from paddle_runtime.batching.policy import ALONE, Member, Window, leaves_at
from paddle_runtime.dispatch.backlog import Backlog, Terms
from paddle_runtime.dispatch.child import Child
from paddle_runtime.dispatch.job import Done, Job, Work
from paddle_runtime.dispatch.job_queue import JobQueue
from paddle_runtime.dispatch.launch import WorkerPlan, launch
from paddle_runtime.dispatch.memory import measure, private_bytes
from paddle_runtime.dispatch.restarts import SeatRecord, hopeless
from paddle_runtime.dispatch.seat import Seat
from paddle_runtime.dispatch.spare import Spare
from paddle_runtime.dispatch.staffing import MIB, Memory, Staffing, Wish, one_more_fits, staff
from paddle_runtime.errors import BundleFault, Failed, Invalid, Refused, RequestReason

log = logging.getLogger(__name__)
CLOCK_STEP_SECONDS = 0.001  # of the event loop's timers


class PoolObserver(Protocol):
    """What the rest of the front end wants to hear."""

    def warm_workers(self, count: int) -> None:
        """The number of warm workers is now this."""
        ...

    def loaded(self, phase: str, seconds: float) -> None:
        """A phase of starting a worker took that long."""
        ...

    def worked(self, busy_seconds: float) -> None:
        """A worker computed for that long."""
        ...

    def lost(self, reason: str) -> None:
        """A worker has to be replaced, for that reason."""
        ...


class Pool:
    """Seats, the queue, and the future `fatal`, which gets the fault when no worker can be had."""

    def __init__(
        self,
        wish: Wish,
        plan: WorkerPlan,
        observer: PoolObserver,
        clock: Callable[[], float],
        *,
        measure: Callable[[int | None], Memory] = measure,
        window: Window = ALONE,
    ) -> None:
        self.seats = [Seat(0, plan, self, clock)]
        self._window = window
        self._closing: asyncio.TimerHandle | None = None
        self._wish = wish
        self._plan = plan
        self._measure = measure
        self._memory: Memory | None = None
        self._staffing: Staffing | None = None
        self._spare = Spare(self._launch_spare, self.part, plan.ping_seconds)
        self._leaving: set[asyncio.Task[None]] = set()
        self.fatal: asyncio.Future[BundleFault] = asyncio.get_running_loop().create_future()
        self._observer = observer
        self._clock = clock
        self._waiting = JobQueue()
        self._free: dict[Seat, asyncio.Future[Sequence[Job]]] = {}
        self.ever_warm = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to start the first worker; returns at once. What it needs says how many others follow."""
        self._look_after(self.seats[0].run(), "worker-0")

    def _look_after(self, what: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(what, name=name)
        task.add_done_callback(_complain)
        self._tasks.append(task)

    def _staff(self, first: Seat) -> None:
        """The first worker is warm: decide about the others and start them."""
        if self._window.max_size > 1 and first.child is not None and not first.child.computes_together:
            log.warning(
                "batch_max_size=%d, and this model computes one request at a time: batches are of one",
                self._window.max_size,
            )
            self._window = ALONE
        self._memory = self._measure(first.pid)
        self._staffing = staffing = staff(self._wish, self._memory)
        log.info("%s", staffing.words)
        for index in range(1, staffing.workers):
            seat = Seat(index, self._plan, self, self._clock)
            self.seats.append(seat)
            self._look_after(seat.run(), f"worker-{index}")
        if staffing.standby:
            self._look_after(self._spare.run(), "standby")

    async def stop(self) -> None:
        """End all workers and wait until they are gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._leaving, return_exceptions=True)
        for job in self._waiting.in_order():
            job.fail(
                Refused(
                    RequestReason.DRAINING, "this server had to stop; send it again", retry_after_seconds=1
                )
            )

    @property
    def wanted(self) -> int:
        """Workers that there should be; fewer than were wished for where memory has no room."""
        return self._wish.workers if self._staffing is None else self._staffing.workers

    def pid_of(self, index: int) -> int | None:
        """The process in that place, if there is one."""
        return self.seats[index].pid if index < len(self.seats) else None

    @property
    def alive(self) -> bool:
        """Whether every seat is still being looked after; False is a bug that a restart cures."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    @property
    def waiting(self) -> int:
        """Jobs that no worker has yet."""
        return len(self._waiting)

    @property
    def warm(self) -> int:
        """Workers that are ready or busy."""
        return sum(seat.record.warm for seat in self.seats)

    def backlog(self) -> Backlog:
        """What there is to do now, for those who predict when something new would be done."""
        busy = [seat.jobs for seat in self.seats if seat.jobs]
        return Backlog(
            running=tuple(
                (jobs[0].started_at or 0.0, sum(job.terms.prediction.expected for job in jobs))
                for jobs in busy
            ),
            waiting=tuple(job.terms for job in self._waiting.in_order()),
        )

    async def run(self, work: Work, terms: Terms) -> Done:
        """The answer, and how long that took. Cancelling this drops the job if it has not begun.

        Refused when no worker was free in time, Failed when one had begun and was too slow.
        """
        loop, now = asyncio.get_running_loop(), self._clock()
        job = Job(work, loop.create_future(), queued_at=now, terms=terms)
        self._waiting.push(job)
        self._match()
        shedding = loop.call_later(terms.begin_by - now, self._shed, job)
        try:
            async with asyncio.timeout(terms.give_up_at - now):
                result = await job.answer
        except TimeoutError:
            if job.started_at is None:
                raise self._too_late(job) from None
            raise job.timed_out(self._clock()) from None
        except (Invalid, Failed) as fault:
            fault.worked_seconds = job.worked_seconds(self._clock())
            raise
        finally:
            shedding.cancel()
            self._waiting.remove(job)
        assert job.started_at is not None  # a worker answered it
        return Done(result, job.started_at - job.queued_at, job.worked_seconds(self._clock()))

    def _shed(self, job: Job) -> None:
        """Too late to begin it: it is told so now, and the workers do what can still be done in time."""
        if self._waiting.remove(job):
            job.fail(self._too_late(job))

    def _too_late(self, job: Job) -> Refused:
        waited, needed = self._clock() - job.queued_at, job.terms.prediction.sure
        return Refused(
            RequestReason.PREDICTED_LATE,
            f"no worker was free for it within {1000 * waited:.0f} ms, and it takes up to "
            f"{1000 * needed:.0f} ms; send it again later, with a later X-Deadline-Ms, or add replicas",
            retry_after_seconds=1,
        )

    def _match(self) -> None:
        """Pair the most urgent jobs with the workers that have been free for longest."""
        while len(self._waiting) and self._free:
            jobs, whole = self._waiting.first(self._window.max_size)
            members = [Member(job.queued_at, job.terms.begin_by) for job in jobs]
            rest = leaves_at(members, self._window) - self._clock()
            if rest > 0 and not whole:
                self._match_in(rest)
                return
            seat = next(iter(self._free))
            offered = self._free.pop(seat)
            if not offered.done():
                offered.set_result([self._waiting.pop() for _ in jobs])

    def _match_in(self, seconds: float) -> None:
        """The window stays open for so long, unless something comes."""
        if self._closing is not None:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(max(seconds, CLOCK_STEP_SECONDS), self._match)

    # What seats tell (seat.Observer)

    def offer(self, seat: Seat) -> asyncio.Future[Sequence[Job]]:
        """A worker is free."""
        offered: asyncio.Future[Sequence[Job]] = asyncio.get_running_loop().create_future()
        self._free[seat] = offered
        self._match()
        return offered

    def withdraw(self, seat: Seat, jobs: Sequence[Job] = ()) -> None:
        """A worker is gone, or is being asked whether it lives, and did not take up `jobs`."""
        self._free.pop(seat, None)
        for job in jobs:
            job.started_at = None
            if self._clock() > job.terms.begin_by:
                job.fail(self._too_late(job))
            elif not job.answer.done():
                self._waiting.push(job)
        self._match()

    def changed(self, seat: Seat, record: SeatRecord) -> None:
        """A worker became warm or cold."""
        self.ever_warm = self.ever_warm or record.warm
        if record.warm and self._staffing is None:
            self._staff(seat)
        self._observer.warm_workers(self.warm)
        self._spare.allow(self.warm == len(self.seats))
        fault = hopeless([each.record for each in self.seats], ever_warm=self.ever_warm)
        if fault is not None and not self.fatal.done():
            self.fatal.set_result(fault)

    def loaded(self, phase: str, seconds: float) -> None:
        """Passed on."""
        self._observer.loaded(phase, seconds)

    def worked(self, busy_seconds: float) -> None:
        """Passed on."""
        self._observer.worked(busy_seconds)

    def lost(self, reason: str) -> None:
        """Passed on."""
        self._observer.lost(reason)

    # Replacement: the standby, and what takes the place of a worker that grew

    def spare(self) -> Child | None:
        """The standby, where there is one now; the next one is started soon."""
        return self._spare.take()

    def starting(self) -> asyncio.Future[Child] | None:
        """A standby on its way, which would else start beside the worker that is missing."""
        return self._spare.take_starting()

    def outgrown(self, pid: int) -> bool:
        """Whether a worker holds more of its own than it may."""
        return self._staffing is not None and private_bytes(pid) > self._staffing.bound_bytes

    def successor(self, seat: Seat) -> asyncio.Task[Child] | None:
        """A warm worker for a seat whose own goes on serving until then."""
        log.warning(
            "worker %d: process %d holds %.0f MiB", seat.index, seat.pid, private_bytes(seat.pid) / MIB
        )
        if (standby := self._spare.take()) is not None:
            return asyncio.create_task(_ready(standby))
        held = sum(private_bytes(each.pid) for each in self.seats)
        if self._memory is None or not one_more_fits(self._memory, held, others=int(self._spare.withheld)):
            log.warning("there is no memory for its successor beside it: it is replaced as soon as may be")
            return None
        return asyncio.create_task(
            launch(self._plan, f"worker {seat.index}", seat.device, self._observer.loaded)
        )

    def spared(self, seat: Seat) -> bool:
        """Whether others are warm, the standby among them."""
        others = (each.record.warm for each in self.seats if each is not seat)
        return self._spare.child is not None or any(others)

    def part(self, child: Child) -> None:
        """End a worker, without waiting for it."""
        child.kill()
        leaving = asyncio.create_task(child.close())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    def _launch_spare(self) -> Coroutine[Any, Any, Child]:
        return launch(self._plan, "standby", 0, self._observer.loaded)


async def _ready(child: Child) -> Child:
    return child


def _complain(task: asyncio.Task[None]) -> None:
    """A seat that is no longer looked after is a bug; the liveness probe fails from here on."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("%s is no longer looked after", task.get_name(), exc_info=error)
