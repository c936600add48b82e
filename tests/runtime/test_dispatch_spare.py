"""What the pool is told of the standby."""

from __future__ import annotations

import asyncio

from paddle_runtime.dispatch.child import Child, WorkerGone
from paddle_runtime.dispatch.spare import Spare


def a_child() -> Child:
    """One that lives; nobody talks to it."""
    child = object.__new__(Child)
    child.exited = asyncio.get_running_loop().create_future()
    return child


async def test_one_that_is_being_started_can_be_taken_and_the_next_one_is_made_after_it() -> None:
    begun, end, started = asyncio.Event(), asyncio.Event(), 0

    async def start() -> Child:
        nonlocal started
        started += 1
        begun.set()
        await end.wait()
        return a_child()

    spare = Spare(start, lambda child: None, ping_seconds=1)
    running = asyncio.create_task(spare.run())
    spare.allow(True)
    await asyncio.wait_for(begun.wait(), 10)
    spare.allow(False)  # a worker is missing
    taken = spare.take_starting()
    assert taken is not None
    assert (spare.take_starting(), spare.withheld) == (None, False)
    end.set()
    child = await asyncio.wait_for(taken, 10)
    await asyncio.sleep(0.01)
    assert isinstance(child, Child)
    assert (spare.child, started) == (None, 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_one_that_is_being_started_ends_with_the_server() -> None:
    begun, ended = asyncio.Event(), []

    async def start() -> Child:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        return a_child()

    spare = Spare(start, lambda child: None, ping_seconds=1)
    running = asyncio.create_task(spare.run())
    spare.allow(True)
    await asyncio.wait_for(begun.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert ended == [True]


async def test_a_standby_that_is_being_started_is_known_though_nobody_can_take_it() -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def start() -> Child:
        begun.set()
        await end.wait()
        raise WorkerGone("it ended")

    spare = Spare(start, lambda child: None, ping_seconds=1)
    assert not spare.withheld
    running = asyncio.create_task(spare.run())
    await asyncio.sleep(0.01)
    assert not spare.withheld  # not allowed yet
    spare.allow(True)
    await asyncio.wait_for(begun.wait(), 10)
    assert spare.withheld
    assert spare.take() is None
    spare.allow(False)
    end.set()
    for _ in range(100):
        await asyncio.sleep(0.01)
        if not spare.withheld:
            break
    assert not spare.withheld
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
