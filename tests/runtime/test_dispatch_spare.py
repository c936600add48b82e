"""What the pool is told of the standby."""

from __future__ import annotations

import asyncio

from paddle_runtime.dispatch.child import Child, WorkerGone
from paddle_runtime.dispatch.spare import Spare


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
