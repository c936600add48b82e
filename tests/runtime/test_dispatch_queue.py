"""The queue before the workers: earliest deadline first, and what it tells of itself."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddle_runtime.dispatch.backlog import Backlog
from paddle_runtime.dispatch.job import Job, Work
from paddle_runtime.dispatch.job_queue import JobQueue
from paddle_runtime.dispatch.pool import Pool
from paddle_runtime.dispatch.seat import WorkerPlan
from paddle_runtime.errors import Failed, Refused

PLAN = WorkerPlan(("no-such-program",), {}, devices=1, load_timeout_seconds=1, stall_seconds=1)


class Deaf:
    """Observes nothing."""

    def warm_workers(self, count: int) -> None: ...
    def loaded(self, phase: str, seconds: float) -> None: ...
    def worked(self, busy_seconds: float) -> None: ...
    def lost(self, reason: str) -> None: ...


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
        jobs.append(Job(Work("ocr", {}, b""), loop.create_future(), 0.0, deadline))
        queue.push(jobs[-1])
    gone = [jobs[index] for index in removed if index < len(jobs)]
    for each in gone:
        queue.remove(each)
    left = [each for each in jobs if each not in gone]
    wanted = sorted(left, key=lambda each: each.deadline)  # stable: ties as they came
    assert len(queue) == len(wanted)
    assert queue.in_order() == wanted
    assert [queue.pop() for _ in wanted] == wanted
    loop.close()


async def test_the_pool_tells_what_waits_in_the_order_of_their_turns() -> None:
    pool = Pool(0, PLAN, Deaf(), lambda: 100.0)
    late = asyncio.create_task(pool.run(Work("ocr", {}, b""), 109.0, 0.5))
    soon = asyncio.create_task(pool.run(Work("ocr", {}, b""), 105.0, 0.25))
    unknown = asyncio.create_task(pool.run(Work("ocr", {}, b""), 107.0))
    await asyncio.sleep(0)
    assert pool.backlog() == Backlog(waiting=((105.0, 0.25), (107.0, 0.0), (109.0, 0.5)))
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    assert pool.waiting == 2
    await pool.stop()
    ends = await asyncio.gather(soon, unknown, return_exceptions=True)
    assert [type(end) for end in ends] == [Refused, Refused]


async def test_a_job_whose_time_is_over_leaves_the_queue() -> None:
    pool = Pool(0, PLAN, Deaf(), asyncio.get_running_loop().time)
    with pytest.raises(Failed, match="spent in the queue"):
        await pool.run(Work("ocr", {}, b""), asyncio.get_running_loop().time() + 0.01)
    assert pool.waiting == 0
    assert pool.backlog() == Backlog()
