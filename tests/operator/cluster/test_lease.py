"""Two replicas and one Lease, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from paddle_operator.cluster.lease import Lease, Record, Terms
from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason
from tests.operator.virtual_time import in_virtual_time, seconds

TERMS = Terms(lease=15, renew=10, retry=2)
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)


class Store:
    """A Lease with optimistic locking that may be out of reach, for all or for one."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.cut_off: set[str] = set()
        self.version = 0

    def seen_by(self, identity: str, clock_off: timedelta = timedelta()) -> tuple[Lease, list[str]]:
        """A replica's Lease and the diary of its work; its clock may be off."""
        diary: list[str] = []
        return Lease(_View(self, identity), identity, TERMS, lambda: EPOCH + clock_off), diary


class _View:
    def __init__(self, store: Store, identity: str) -> None:
        self._store, self._identity = store, identity

    async def read(self) -> Record | None:
        self._reach()
        return self._store.record

    async def write(self, record: Record) -> Record:
        self._reach()
        if record.version != (self._store.record.version if self._store.record else ""):
            raise ClusterRefused("Lease", "l", Reason.API_UNAVAILABLE, "conflict")
        self._store.version += 1
        self._store.record = replace(record, version=str(self._store.version))
        return self._store.record

    def _reach(self) -> None:
        if self._identity in self._store.cut_off:
            raise ClusterRefused("Lease", "l", Reason.API_UNAVAILABLE, "no answer")


async def start(lease: Lease, diary: list[str]) -> asyncio.Task[None]:
    """Let a replica take part; its work writes down when it began and ended."""

    async def work() -> None:
        diary.append(f"begin {seconds():.0f}")
        try:
            await asyncio.Event().wait()
        finally:
            diary.append(f"end {seconds():.0f}")

    task = asyncio.create_task(lease.lead(work))
    await asyncio.sleep(0)
    return task


async def stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_one_of_two_leads_and_the_other_waits() -> None:
    async def main() -> None:
        store = Store()
        a, b = store.seen_by("a"), store.seen_by("b")
        tasks = [await start(*a), await start(*b)]
        await asyncio.sleep(600)
        assert (a[1], b[1]) == (["begin 0"], [])
        assert (a[0].leading, b[0].leading) == (True, False)
        assert not b[0].unknown()
        await stop(*tasks)

    in_virtual_time(main())


def test_a_dead_leader_is_followed_within_the_lease_and_a_retry() -> None:
    async def main() -> None:
        store = Store()
        a, b = store.seen_by("a"), store.seen_by("b")
        first, second = await start(*a), await start(*b)
        await asyncio.sleep(100)
        await stop(first)  # killed: nothing is released
        await asyncio.sleep(TERMS.lease + 2 * TERMS.retry)
        assert b[0].leading
        assert store.record is not None
        assert (store.record.holder, store.record.transitions) == ("b", 1)
        await stop(second)

    in_virtual_time(main())


def test_a_released_lease_is_taken_at_once() -> None:
    async def main() -> None:
        store = Store()
        a, b = store.seen_by("a"), store.seen_by("b")
        first, second = await start(*a), await start(*b)
        await asyncio.sleep(100)
        await stop(first)
        await a[0].release()
        await asyncio.sleep(TERMS.retry)
        assert b[0].leading
        await stop(second)

    in_virtual_time(main())


def test_a_leader_that_cannot_renew_stops_before_another_may_begin() -> None:
    async def main() -> None:
        store = Store()
        a, b = store.seen_by("a"), store.seen_by("b")
        tasks = [await start(*a), await start(*b)]
        await asyncio.sleep(100)
        store.cut_off = {"a"}
        await asyncio.sleep(60)
        ended, began = (float(line.split()[1]) for line in (a[1][-1], b[1][-1]))
        assert a[1][-1].startswith("end")
        assert ended <= 100 + TERMS.renew
        assert began >= ended
        store.cut_off = set()
        await asyncio.sleep(60)
        assert b[0].leading
        assert not a[0].leading
        await stop(*tasks)

    in_virtual_time(main())


def test_the_api_server_away_for_everybody_leaves_one_leader_afterwards() -> None:
    async def main() -> None:
        store = Store()
        a, b = store.seen_by("a"), store.seen_by("b")
        tasks = [await start(*a), await start(*b)]
        await asyncio.sleep(100)
        store.cut_off = {"a", "b"}
        await asyncio.sleep(600)
        assert not a[0].leading
        assert not b[0].leading
        store.cut_off = set()
        await asyncio.sleep(30)
        assert a[0].leading != b[0].leading
        await stop(*tasks)

    in_virtual_time(main())


def test_clocks_that_differ_by_an_hour_change_nothing() -> None:
    async def main() -> None:
        store = Store()
        a, b = store.seen_by("a", -timedelta(hours=1)), store.seen_by("b", timedelta(hours=1))
        tasks = [await start(*a), await start(*b)]
        await asyncio.sleep(300)
        assert (a[1], b[1]) == (["begin 0"], [])
        await stop(*tasks)

    in_virtual_time(main())


def test_work_that_breaks_ends_the_process_instead_of_leading_without_working() -> None:
    async def broken() -> None:
        raise RuntimeError("a bug")

    async def main() -> str:
        lease, _ = Store().seen_by("a")
        try:
            await lease.lead(broken)
        except RuntimeError as error:
            return str(error)
        return ""

    assert in_virtual_time(main()) == "a bug"
