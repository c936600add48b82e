"""Steady requests through the gateway, each of which tells who answered it; and what its callers met."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from paddle_operator import names
from tests.e2e.load import Request, Steady

HEADER = names.HEADER_REVISION.lower().encode()
"""The runtime names its revision in every answer; what the gateway says of itself has none."""


@dataclass(frozen=True)
class Answer:
    """When it was asked for, in seconds of the load's clock; the code, or the error; and whose it is."""

    at: float
    result: str
    by: str


@dataclass
class Callers(Steady):
    """Each on a connection of its own, by hand: a client library takes several times the processor."""

    request: Request
    per_second: float
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.request, per_second=self.per_second)

    async def _one(self, client: httpx.AsyncClient, at: float) -> None:
        try:
            async with asyncio.timeout(self.request.timeout_seconds):
                result, by = await ask(self.request)
        except (OSError, TimeoutError) as error:
            result, by = type(error).__name__, ""
        self.answers.append(Answer(at, result, by))


async def ask(request: Request) -> tuple[str, str]:
    """Code, and who answered."""
    where = urlsplit(request.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port or 80)
    try:
        head = [f"POST {where.path} HTTP/1.1", "connection: close", f"content-length: {len(request.body)}"]
        head += [f"{name}: {value}" for name, value in request.headers().items()]
        writer.write("\r\n".join([*head, "", ""]).encode() + request.body)
        said, _, _ = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *lines = said.split(b"\r\n")
    if not first.startswith(b"HTTP/1.1 "):
        raise ConnectionError(f"no answer: {first[:80]!r}")
    headers = dict(line.lower().split(b": ", 1) for line in lines if b": " in line)
    return first[9:12].decode(), headers.get(HEADER, b"").decode()


def met(answers: Sequence[Answer]) -> dict[str, Any]:
    """What the callers met from the second version's first request to its last one.

    Failures that are not the second version's tell of a machine with too much to do, and are kept apart.
    """
    asked = sorted(answers, key=lambda one: one.at)
    before = next(one.by for one in asked if one.by)
    second = [one for one in asked if one.by not in ("", before)]
    first, last = (second[0].at, second[-1].at) if second else (0.0, 0.0)
    hit = sum(one.result.startswith("5") for one in second)
    return {
        "callers_hit": hit,
        "seconds_to_rollback": round(last - first, 1),
        "requests_meanwhile": sum(first <= one.at <= last for one in asked),
        "of_the_second_version": len(second),
        "failed_otherwise": sum(one.result != "200" for one in asked) - hit,
    }
