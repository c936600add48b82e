"""The closed loop: alive is who sees its own touch come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from paddle_operator.cluster.heartbeat import BLIND_FACTOR, Heartbeat
from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason
from tests.operator.virtual_time import in_virtual_time

EVERY, LIMIT = 25.0, 90.0


class World:
    """An API server and a watch, each of which may be broken."""

    def __init__(self) -> None:
        self.api_up = self.watch_up = True
        self.heart = Heartbeat(self.touch, EVERY, LIMIT)

    async def touch(self, token: str) -> None:
        if not self.api_up:
            raise ClusterRefused("Lease", "heartbeat", Reason.API_UNAVAILABLE, "no answer")
        if self.watch_up:
            asyncio.get_running_loop().call_later(0.5, self.heart.seen, token)


def watched(script: Callable[[World], Awaitable[None]]) -> None:
    """Run a script beside the beating heart."""

    async def main() -> None:
        world = World()
        beat = asyncio.create_task(world.heart.beat())
        await script(world)
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)

    in_virtual_time(main())


def test_a_heart_that_is_seen_is_alive_and_ready_from_the_first_return() -> None:
    async def script(world: World) -> None:
        assert world.heart.not_returned()
        await asyncio.sleep(3600)
        assert not world.heart.not_returned()
        assert world.heart.trouble() == ""

    watched(script)


def test_a_dead_watch_in_a_live_process_is_found_within_the_limit_and_one_beat() -> None:
    async def script(world: World) -> None:
        await asyncio.sleep(101)
        world.watch_up = False
        await asyncio.sleep(LIMIT - 1)
        assert world.heart.trouble() == ""
        await asyncio.sleep(EVERY + 2)
        assert "over the watch" in world.heart.trouble()

    watched(script)


def test_one_lost_event_is_forgiven_when_a_later_one_comes_back() -> None:
    async def script(world: World) -> None:
        world.watch_up = False
        await asyncio.sleep(30)
        world.watch_up = True
        await asyncio.sleep(300)
        assert world.heart.trouble() == ""

    watched(script)


def test_an_api_server_that_is_away_is_not_this_process_fault_until_it_lasts_very_long() -> None:
    async def script(world: World) -> None:
        world.api_up = False
        await asyncio.sleep(600)
        assert world.heart.trouble() == ""
        await asyncio.sleep(LIMIT * BLIND_FACTOR - 600 + 1)
        assert "could not be written" in world.heart.trouble()
        world.api_up = True
        await asyncio.sleep(EVERY + 1)
        assert world.heart.trouble() == ""

    watched(script)


def test_somebody_elses_token_proves_nothing() -> None:
    async def script(world: World) -> None:
        world.watch_up = False
        world.heart.seen("999")
        await asyncio.sleep(200)
        assert world.heart.trouble()

    watched(script)


def test_the_age_of_the_watch_grows_from_beat_to_beat_and_on_while_nothing_returns() -> None:
    async def script(world: World) -> None:
        await asyncio.sleep(10.5)
        assert world.heart.watch_age() == 10.0
        await asyncio.sleep(20)
        assert world.heart.watch_age() == 5.0
        world.api_up = False
        await asyncio.sleep(600)
        assert world.heart.watch_age() == 605.0

    watched(script)


def test_a_watch_that_never_brought_anything_is_as_old_as_the_heart() -> None:
    async def script(world: World) -> None:
        world.watch_up = False
        assert world.heart.watch_age() == 0.0
        await asyncio.sleep(60)
        assert world.heart.watch_age() == 60.0

    watched(script)
