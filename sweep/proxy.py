"""The proxy before the API server: it passes everything on, remembers each write, and strikes one of them."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from sweep.access import Access, kubeconfig_for
from sweep.writes import Named, Point, Rules, Write, change_of, named, uid_of

_NOT_PASSED_ON = frozenset(
    {"authorization", "connection", "content-length", "host", "keep-alive", "transfer-encoding"}
)
LARGEST_BODY_BYTES = 2**26


class Fault(StrEnum):
    """What happens at a write."""

    KILL = "kill-after"
    """It is done, and the operator is killed before it hears of it."""
    DROP = "drop-answer"
    """It is done, and the connection ends without an answer; the operator lives."""
    REFUSE = "refuse"
    """It is not done, and answered by 500."""
    LATE = "late"
    """It is done much later, when the rest of its story's step, and the next one, are over."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault at one write."""

    point: Point
    fault: Fault

    def __str__(self) -> str:
        return f"{self.fault} {self.point}"


Kill = Callable[[str], Awaitable[None]]
"""Ends the replica of that name at once."""


class Proxy:
    """Serves on a port of the loopback, where it wants a token, as it lends the rights of `access`."""

    def __init__(
        self, access: Access, namespace: str, rules: Rules, strike: Strike | None, kill: Kill
    ) -> None:
        self._access = access
        self._namespace = namespace
        self._rules = rules
        self._strike = strike
        self._kill = kill
        self._session: aiohttp.ClientSession
        self._tokens: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        self._in_flight = 0
        self._last = time.monotonic()
        self._go = asyncio.Event()
        self.writes: list[Write] = []
        self.step = 0
        self.struck = False
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Proxy]:
        """Serve until the end of the block."""
        async with self._access.session() as self._session:
            application = web.Application(client_max_size=LARGEST_BODY_BYTES)
            application.router.add_route("*", "/{path:.*}", self._serve)
            runner = web.AppRunner(
                application, handler_cancellation=True, shutdown_timeout=0.5, access_log=None
            )
            await runner.setup()
            try:
                site = web.TCPSite(runner, "127.0.0.1", 0)
                await site.start()
                self.port = runner.addresses[0][1]
                yield self
            finally:
                self.release()
                await runner.cleanup()

    def kubeconfig(self, replica: str) -> str:
        """The text of a kubeconfig by which a replica comes here, and is known."""
        token = secrets.token_urlsafe()
        self._tokens[f"Bearer {token}"] = replica
        return kubeconfig_for(f"http://127.0.0.1:{self.port}", token, self._namespace)

    @property
    def quiet_seconds(self) -> float:
        """For how long nothing has been written; 0 while something is."""
        return 0.0 if self._in_flight else time.monotonic() - self._last

    def release(self) -> None:
        """Let a late write go on its way."""
        self._go.set()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        replica = self._tokens.get(request.headers.get("Authorization", ""))
        if replica is None:
            return web.Response(status=401, text="the token is not the one of this sweep's kubeconfig")
        body = await request.read()
        write = named(request.method, request.path, _object(body), self._namespace)
        if write is None or write.resource in self._rules.ignored:
            return await self._pass(request, body)
        self._seen[write.name] += 1
        point = Point(write.name, self._seen[write.name])
        # An operator that dies takes back no request that it has sent.
        return await asyncio.shield(self._write(request, body, write, point, replica))

    async def _write(
        self, request: web.Request, body: bytes, write: Named, point: Point, replica: str
    ) -> web.StreamResponse:
        fault = self._fault_at(point)
        if fault is Fault.REFUSE:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500}
            return web.json_response({**status, "message": "refused by the sweep"}, status=500)
        if fault is Fault.LATE:
            await self._go.wait()
        self._in_flight += 1
        try:
            async with self._forward(request, body) as answer:
                said = await answer.read()
            self.writes.append(_write_of(point, write, answer.status, said, self.step))
            if fault is Fault.KILL:
                await self._kill(replica)
        finally:
            self._in_flight -= 1
            self._last = time.monotonic()
        if fault in {Fault.KILL, Fault.DROP} and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, body=said, headers=_passed_on(answer.headers))

    def _fault_at(self, point: Point) -> Fault | None:
        if self._strike is None or self._strike.point != point:
            return None
        self.struck = True
        self._last = time.monotonic()
        return self._strike.fault

    async def _pass(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Pass on what is read, a watch as it comes."""
        async with self._forward(request, body) as answer:
            response = web.StreamResponse(status=answer.status, headers=_passed_on(answer.headers))
            with suppress(ConnectionResetError):  # an operator that was killed listens no more
                await response.prepare(request)
                async for part in answer.content.iter_any():
                    await response.write(part)
                await response.write_eof()
            return response

    def _forward(self, request: web.Request, body: bytes) -> aiohttp.client._RequestContextManager:
        headers = {**_passed_on(request.headers), "Accept-Encoding": "identity"}
        address = URL(self._access.server + request.raw_path, encoded=True)
        return self._session.request(request.method, address, data=body or None, headers=headers)


def _write_of(point: Point, write: Named, code: int, said: bytes, step: int) -> Write:
    return Write(point, write.resource, code, uid_of(_object(said)), change_of(write, code), step)


def _object(text: bytes) -> Mapping[str, Any]:
    """The JSON object, empty for anything else: a patch by a list, YAML, nothing at all."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON}
