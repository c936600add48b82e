"""POST /golden and what lies below: what the bundle knows, on the way that all others take, always synthetic.

A few bytes ask for a whole computation, so that callers share one: at most one is under way, and its answer
is for all who ask until a second after it. Then it is let go: it may be large.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request

from paddle_runtime.dispatch.job import Result, Work
from paddle_runtime.service import Call, Meter
from paddle_runtime.tasks import Kind, Payload
from paddle_runtime.transport.front import Front, Ticket
from paddle_runtime.transport.http_body import ReadBody
from paddle_runtime.transport.http_models import ModelEndpoint

EVERY_SECONDS = 1.0


class GoldenEndpoint(ModelEndpoint):
    """One computation for all who ask at about the same time."""

    def __init__(self, kind: Kind, readers: Mapping[Payload, ReadBody], front: Front) -> None:
        super().__init__(kind.name, readers, front)
        self._asked_kind = kind
        self._shared: asyncio.Task[Result] | None = None

    def _ticket(self, request: Request) -> Ticket:
        return replace(super()._ticket(request), synthetic=True)

    async def _result(self, request: Request, ticket: Ticket) -> Result:
        """The shared answer. No caller's leaving ends it, and no caller's deadline: others wait for it."""
        if self._shared is None:
            self._shared = asyncio.create_task(self._begun(request, ticket))
            self._shared.add_done_callback(self._forget_soon)
        return await asyncio.shield(self._shared)

    def _forget_soon(self, _: asyncio.Task[Result]) -> None:
        asyncio.get_running_loop().call_later(EVERY_SECONDS, self._forget)

    def _forget(self) -> None:
        self._shared = None

    async def _begun(self, request: Request, ticket: Ticket) -> Result:
        async def read(meter: Meter) -> Work:
            kind = self._asked_kind
            return await self._readers[kind.payload](kind, request, meter, self._front.rules, ticket.id)

        call = Call(self._kind, None, ticket.new_connection, read, ticket.received_at)
        return await self._front.service.answer(call)
