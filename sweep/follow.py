"""Which values a field took, one after the other: watched beside the run, so that none is overlooked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from sweep.access import Access, ask
from sweep.state import name_of, pointed
from sweep.story import Followed, path_of

Histories = dict[str, list[Any]]
"""The values by resource, name and pointer."""


@asynccontextmanager
async def following(access: Access, followed: Sequence[Followed], namespace: str) -> AsyncIterator[Histories]:
    """Watch until the end of the block; raises ApiRefused for what is not there: a watch says nothing."""
    seen: Histories = {}
    session = access.session()
    tasks: list[asyncio.Task[None]] = []
    try:
        for one in followed:
            await ask(session, access, path_of(one.resource, namespace))
            tasks.append(asyncio.create_task(_follow(session, access, one, namespace, seen)))
        yield seen
    finally:
        await (
            session.close()
        )  # first: what a cancelled task lets go of waits for TLS's goodbye, and stays open
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(
    session: aiohttp.ClientSession, access: Access, one: Followed, namespace: str, seen: Histories
) -> None:
    address = f"{access.server}{path_of(one.resource, namespace)}?watch=1"
    while True:
        async with session.get(address) as watch:
            async for line in watch.content:
                note(seen, one, json.loads(line))
        await asyncio.sleep(0.1)


def note(seen: Histories, one: Followed, event: dict[str, Any]) -> None:
    """Add the value that an event tells of, if it is another than the last one."""
    body = event.get("object") or {}
    if event.get("type") not in {"ADDED", "MODIFIED"}:
        return
    values = seen.setdefault(f"{one.resource}/{name_of(body)} {one.pointer}", [])
    value = pointed(body, one.pointer)
    if not values or values[-1] != value:
        values.append(value)
