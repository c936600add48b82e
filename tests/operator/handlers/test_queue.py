"""The queue: a key once, in time, one visit at a time, and again after failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from paddle_operator.errors import ClusterRefused
from paddle_operator.handlers.queue import LONGEST_BACKOFF_SECONDS, KeyedQueue, backoff_seconds
from paddle_operator.reasons import Reason
from tests.operator.virtual_time import in_virtual_time, seconds

Visit = Callable[[str], Awaitable[float | None]]


class Diary:
    """Who was visited when; a visit `takes` so long and returns or raises the next answer."""

    def __init__(self, *answers: float | Exception | None, takes: float = 0.0) -> None:
        self.visits: list[tuple[float, str]] = []
        self.running = self.most = 0
        self._answers = list(answers)
        self._takes = takes

    async def __call__(self, key: str) -> float | None:
        self.visits.append((round(seconds(), 3), key))
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self._takes)
        self.running -= 1
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(
    diary: Diary, script: Callable[[KeyedQueue[str]], Awaitable[None]], *, until: float, workers: int = 2
) -> None:
    """Let the queue run beside a script for some seconds of virtual time."""

    async def main() -> None:
        queue: KeyedQueue[str] = KeyedQueue(jitter=lambda: 1.0)
        runner = asyncio.create_task(queue.run(diary, workers))
        await script(queue)
        await asyncio.sleep(until - seconds())
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)

    in_virtual_time(main())


def test_a_burst_of_events_is_one_visit() -> None:
    diary = Diary()

    async def script(queue: KeyedQueue[str]) -> None:
        for _ in range(100):
            queue.add("a", 0.25)

    run(diary, script, until=10)
    assert diary.visits == [(0.25, "a")]


def test_the_earliest_wish_wins() -> None:
    diary = Diary()

    async def script(queue: KeyedQueue[str]) -> None:
        queue.add("a", 300)
        queue.add("a", 1)
        queue.add("a", 50)

    run(diary, script, until=400)
    assert diary.visits == [(1.0, "a")]


def test_a_key_is_never_visited_twice_at_the_same_time_and_again_if_asked_for_meanwhile() -> None:
    diary = Diary(takes=5)

    async def script(queue: KeyedQueue[str]) -> None:
        queue.add("a")
        await asyncio.sleep(1)
        queue.add("a")
        queue.add("a")

    run(diary, script, until=20)
    assert diary.visits == [(0.0, "a"), (5.0, "a")]
    assert diary.most == 1


def test_a_visit_says_when_it_wants_to_be_repeated() -> None:
    diary = Diary(10.0, 10.0, None)

    async def script(queue: KeyedQueue[str]) -> None:
        queue.add("a")

    run(diary, script, until=100)
    assert diary.visits == [(0.0, "a"), (10.0, "a"), (20.0, "a")]


def test_failures_are_repeated_after_growing_pauses_that_end_with_success() -> None:
    refused = ClusterRefused("Deployment", "a", Reason.API_UNAVAILABLE, "quota")
    diary = Diary(refused, ValueError("a bug"), refused, 100.0, refused, None)

    async def script(queue: KeyedQueue[str]) -> None:
        queue.add("a")

    run(diary, script, until=200)
    assert [at for at, _ in diary.visits] == [0, 1, 3, 7, 107, 108]


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_the_pause_grows_to_a_bound_and_is_spread(jitter: float) -> None:
    pauses = [backoff_seconds(failures, jitter) for failures in range(1, 60)]
    assert pauses == sorted(pauses)
    assert LONGEST_BACKOFF_SECONDS / 2 <= pauses[-1] <= LONGEST_BACKOFF_SECONDS


def test_a_failing_service_does_not_hold_up_the_others() -> None:
    class OneFails(Diary):
        async def __call__(self, key: str) -> float | None:
            await super().__call__(key)
            if key == "bad":
                raise ValueError("always")
            return 10.0

    diary = OneFails()

    async def script(queue: KeyedQueue[str]) -> None:
        queue.add("bad")
        queue.add("good")

    run(diary, script, until=100)
    assert sum(key == "good" for _, key in diary.visits) == 10
    assert sum(key == "bad" for _, key in diary.visits) < 10


def test_no_more_visits_run_together_than_there_are_workers() -> None:
    diary = Diary(takes=1)

    async def script(queue: KeyedQueue[str]) -> None:
        for number in range(10):
            queue.add(f"service-{number}")

    run(diary, script, until=20, workers=3)
    assert diary.most == 3
    assert len({key for _, key in diary.visits}) == 10


def test_visits_cut_off_by_a_lost_lease_are_made_again_by_the_next_run() -> None:
    diary = Diary(takes=5)

    async def main() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("a")
        for pause in (2, 10):
            runner = asyncio.create_task(queue.run(diary, 2))
            await asyncio.sleep(pause)
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)

    in_virtual_time(main())
    assert diary.visits == [(0.0, "a"), (2.0, "a")]


def test_a_new_leader_looks_at_everything_soon() -> None:
    diary = Diary()

    async def script(queue: KeyedQueue[str]) -> None:
        queue.add("a", 300)
        queue.add("b", 290)
        queue.rush(15)

    run(diary, script, until=20)
    assert sorted(diary.visits) == [(15.0, "a"), (15.0, "b")]


def test_the_wait_is_told_from_the_first_event_to_the_visit_and_not_for_repetitions() -> None:
    waits: list[float] = []

    async def main() -> None:
        queue: KeyedQueue[str] = KeyedQueue(waited=waits.append)
        runner = asyncio.create_task(queue.run(Diary(50.0, 50.0, None, takes=4), workers=1))
        await asyncio.sleep(1)
        queue.add("a", 2)
        await asyncio.sleep(1)
        queue.add("a", 2)  # seconds 1 to 3
        await asyncio.sleep(3)
        queue.add("a", 0.25)  # while it is visited: seconds 5 to 7; then a repetition, which nobody waits for
        await asyncio.sleep(300)
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)

    in_virtual_time(main())
    assert waits == [2.0, 2.0]


def test_keys_are_late_while_they_are_due_and_every_worker_is_busy() -> None:
    seen: list[tuple[int, int, float]] = []

    async def script(queue: KeyedQueue[str]) -> None:
        queue.add("a")
        queue.add("b", 1)
        queue.add("c", 2)
        queue.add("d", 600)
        for _ in range(2):
            await asyncio.sleep(5)
            seen.append((queue.visiting, *queue.late()))

    run(Diary(takes=60), script, until=10, workers=1)
    assert seen == [(1, 2, 4.0), (1, 2, 9.0)]


def test_nothing_is_late_while_another_replica_makes_the_visits() -> None:
    seen: list[tuple[int, float]] = []
    waits: list[float] = []

    async def main() -> None:
        queue: KeyedQueue[str] = KeyedQueue(waited=waits.append)
        queue.add("a")
        queue.add("b")
        await asyncio.sleep(3600)
        seen.append(queue.late())
        runner = asyncio.create_task(queue.run(Diary(takes=5), workers=1))
        await asyncio.sleep(2)
        seen.append(queue.late())
        await asyncio.sleep(10)
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
        seen.append(queue.late())

    in_virtual_time(main())
    assert seen == [(0, 0.0), (1, 2.0), (0, 0.0)]
    assert waits == [0.0, 5.0]
