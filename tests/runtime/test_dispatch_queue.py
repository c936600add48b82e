"""The queue before the workers: earliest deadline first, and what it tells of itself."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.batching.policy import Window
from paddle_runtime.cost import Prediction
from paddle_runtime.dispatch.backlog import Backlog, Terms
from paddle_runtime.dispatch.job import Job, Work
from paddle_runtime.dispatch.job_queue import JobQueue
from paddle_runtime.dispatch.launch import WorkerPlan
from paddle_runtime.dispatch.pool import Pool
from paddle_runtime.dispatch.slab import SlabSize
from paddle_runtime.dispatch.staffing import Wish
from paddle_runtime.errors import Refused, RequestReason

PLAN = WorkerPlan(
    ("no-such-program",),
    {},
    devices=1,
    load_timeout_seconds=1,
    stall_seconds=1,
    ping_seconds=1,
    slab=SlabSize.of(1),
)


class Deaf:
    """Observes nothing."""

    def warm_workers(self, count: int) -> None: ...
    def loaded(self, phase: str, seconds: float) -> None: ...
    def worked(self, busy_seconds: float) -> None: ...
    def lost(self, reason: str) -> None: ...


def by(deadline: float, seconds: float = 0.0) -> Terms:
    return Terms(deadline, deadline, Prediction(seconds, seconds))


@given(
    st.lists(st.integers(0, 5), max_size=12),
    st.lists(st.integers(0, 11), max_size=6),
)
def test_jobs_leave_by_deadline_then_as_they_came_and_without_those_removed(
    deadlines: list[int], removed: list[int]
) -> None:
    loop = asyncio.new_event_loop()
    queue, jobs = JobQueue(), []
    for deadline in deadlines:
        jobs.append(Job(Work("ocr", {}, b""), loop.create_future(), 0.0, by(deadline)))
        queue.push(jobs[-1])
    gone = [jobs[index] for index in removed if index < len(jobs)]
    for each in gone:
        queue.remove(each)
    left = [each for each in jobs if each not in gone]
    wanted = sorted(left, key=lambda each: each.terms.deadline)  # stable: ties as they came
    assert len(queue) == len(wanted)
    assert queue.in_order() == wanted
    assert [queue.pop() for _ in wanted] == wanted
    loop.close()


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("abcd", ["abcd"]),
        ("abcde", ["abcd"]),  # the last one's window is open
        ("abDc", ["ab", "D"]),
        ("Dabcd", ["D", "abcd"]),
        ("DEabcd", ["D", "E", "abcd"]),
    ],
)
async def test_a_document_goes_alone_and_nobody_waits_in_a_window_before_it(
    asked: str, taken: list[str]
) -> None:
    pool = Pool(Wish(1), PLAN, Deaf(), lambda: 100.0, window=Window(4, 1000.0))
    for name in asked:
        pool._waiting.push(  # the seats of a pool that was not started ask for nothing
            Job(
                Work(name, {}, b"", alone=name.isupper()),
                asyncio.get_running_loop().create_future(),
                100.0,
                by(9000.0),
            )
        )
    batches = []
    while (offered := pool.offer(pool.seats[0])).done():
        batches.append("".join(job.work.kind for job in offered.result()))
    assert batches == taken
    await pool.stop()


async def test_the_pool_tells_what_waits_in_the_order_of_their_turns() -> None:
    pool = Pool(Wish(1), PLAN, Deaf(), lambda: 100.0)
    late = asyncio.create_task(pool.run(Work("ocr", {}, b""), by(109.0, 0.5)))
    soon = asyncio.create_task(pool.run(Work("ocr", {}, b""), by(105.0, 0.25)))
    unknown = asyncio.create_task(pool.run(Work("ocr", {}, b""), by(107.0)))
    await asyncio.sleep(0)
    assert pool.backlog() == Backlog(waiting=(by(105.0, 0.25), by(107.0), by(109.0, 0.5)))
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    assert pool.waiting == 2
    await pool.stop()
    ends = await asyncio.gather(soon, unknown, return_exceptions=True)
    assert [type(end) for end in ends] == [Refused, Refused]


@pytest.mark.parametrize(("deadline", "give_up", "needs"), [(0.01, 0.01, 0.0), (0.03, 9.0, 0.02)])
async def test_a_job_that_can_no_longer_be_done_in_time_is_refused_unbegun(
    deadline: float, give_up: float, needs: float
) -> None:
    now = asyncio.get_running_loop().time
    pool = Pool(Wish(1), PLAN, Deaf(), now)
    began = now()
    with pytest.raises(Refused, match="no worker was free for it within") as fault:
        await pool.run(
            Work("ocr", {}, b""), Terms(began + deadline, began + give_up, Prediction(needs, needs))
        )
    assert fault.value.reason is RequestReason.PREDICTED_LATE
    assert now() - began < 5
    assert pool.backlog() == Backlog()
