"""Steady requests at a fixed rate, each sent at its intended time, with every outcome counted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx


@dataclass(frozen=True)
class Request:
    """What is sent each time. `host` is the Host header (the gateway routes by it)."""

    url: str
    body: bytes
    content_type: str
    host: str | None = None
    timeout_seconds: float = 15.0

    def headers(self) -> dict[str, str]:
        """Headers of each request."""
        return {"content-type": self.content_type} | ({"host": self.host} if self.host else {})


@dataclass
class Outcomes:
    """Every request by its result, an HTTP code or the error that ended it; and its seconds."""

    results: list[tuple[float, str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    revisions: list[str] = field(default_factory=list)
    """Of each, who answered; empty where nobody says so."""

    @property
    def counts(self) -> Counter[str]:
        """How often each result was seen."""
        return Counter(result for _, result in self.results)

    def clear(self) -> None:
        """Forget everything."""
        self.results.clear()
        self.seconds.clear()
        self.revisions.clear()

    def answered_by(self, revision: str) -> list[float]:
        """The seconds at which those were sent that a revision answered."""
        return sorted(at for (at, _), by in zip(self.results, self.revisions, strict=True) if by == revision)

    @property
    def failed(self) -> list[tuple[float, str]]:
        """Everything that was not a 200, with the second at which it was sent."""
        return [r for r in self.results if r[1] != "200"]


class Steady:
    """`with Steady(request, per_second=5) as load:` sends in the background; `load.outcomes` afterwards."""

    def __init__(self, request: Request, *, per_second: float) -> None:
        self.request, self.interval = request, 1 / per_second
        self.outcomes = Outcomes()
        self._start = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def now(self) -> float:
        """Seconds since the first request, as the outcomes have them."""
        return time.monotonic() - self._start

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        self._stop.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        return self

    def pace(self, per_second: float) -> None:
        """Send so many a second from the next request on."""
        self.interval = 1 / per_second

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    async def _run(self) -> None:
        due = 0.0
        # A new connection a request, as many independent callers have: a pool would hide lost connections.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with (
            httpx.AsyncClient(limits=limits, timeout=self.request.timeout_seconds) as client,
            asyncio.TaskGroup() as tasks,
        ):
            while not self._stop.is_set():
                tasks.create_task(self._one(client, self.now()))
                due += self.interval
                await asyncio.sleep(max(0.0, due - self.now()))

    async def _one(self, client: httpx.AsyncClient, at: float) -> None:
        by = ""
        try:
            answer = await client.post(
                self.request.url, content=self.request.body, headers=self.request.headers()
            )
            result, by = str(answer.status_code), answer.headers.get("x-paddle-revision", "")
        except httpx.HTTPError as error:
            result = f"{type(error).__name__}: {error}"
        self.outcomes.results.append((at, result))
        self.outcomes.seconds.append(self.now() - at)
        self.outcomes.revisions.append(by)
