"""Places for messages on their way in: few, and not for the slow alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from paddle_runtime.transport.places import Places

GRACE = 0.05
LONG = 5.0


async def hold(places: Places, seconds: float, *, allowed: float = LONG) -> str:
    """How it ends for one that needs so long in its place."""
    try:
        async with asyncio.timeout(allowed) as limit, places.place(limit):
            await asyncio.sleep(seconds)
    except TimeoutError:
        return "given up"
    return "done"


async def took(call: Callable[[], Awaitable[str]]) -> tuple[str, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    return await call(), loop.time() - began


async def test_nobody_is_hurried_while_there_is_room() -> None:
    places = Places(2, grace_seconds=GRACE)
    assert await asyncio.gather(*(hold(places, 4 * GRACE) for _ in range(2))) == ["done", "done"]


async def test_no_more_are_inside_than_there_are_places() -> None:
    places, inside, most = Places(3, grace_seconds=LONG), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with asyncio.timeout(LONG) as limit, places.place(limit):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(50)))
    assert (inside, most) == (0, 3)


async def test_a_slow_one_gives_its_place_to_who_waits_after_the_grace() -> None:
    places = Places(1, grace_seconds=GRACE)
    slow = asyncio.create_task(hold(places, LONG))
    await asyncio.sleep(0)
    how, seconds = await took(lambda: hold(places, 0))
    assert (await slow, how) == ("given up", "done")
    assert GRACE * 0.8 < seconds < LONG / 2


async def test_one_that_waits_sends_one_away() -> None:
    places = Places(3, grace_seconds=GRACE)
    slow = [asyncio.create_task(hold(places, 6 * GRACE)) for _ in range(3)]
    await asyncio.sleep(2 * GRACE)
    assert await hold(places, 0) == "done"
    assert await asyncio.gather(*slow) == ["given up", "done", "done"]


async def test_a_quick_one_goes_in_before_a_crowd_of_slow_ones() -> None:
    places = Places(2, grace_seconds=GRACE)
    crowd = [asyncio.create_task(hold(places, LONG)) for _ in range(100)]
    await asyncio.sleep(0)
    how, seconds = await took(lambda: hold(places, 0))
    assert how == "done"
    assert seconds < 10 * GRACE  # in the order of their coming it would be 50 times the grace
    for each in crowd:
        each.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_who_gives_up_waiting_leaves_no_place_taken() -> None:
    places = Places(1, grace_seconds=LONG)
    first = asyncio.create_task(hold(places, GRACE))
    await asyncio.sleep(0)
    assert await hold(places, 0, allowed=GRACE / 5) == "given up"
    cancelled = asyncio.create_task(hold(places, 0))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await first == "done"
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await hold(places, 0, allowed=GRACE) == "done"


async def test_a_place_given_to_one_that_is_cancelled_in_that_moment_is_given_on() -> None:
    places = Places(1, grace_seconds=LONG)
    async with asyncio.timeout(LONG) as limit, places.place(limit):
        waiting = asyncio.create_task(hold(places, 0))
        await asyncio.sleep(0)
    waiting.cancel()  # its turn has come, and it has not run yet
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await hold(places, 0, allowed=GRACE) == "done"
