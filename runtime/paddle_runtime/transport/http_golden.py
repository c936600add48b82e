"""POST /golden: the bundle's own known request, on the way that all others take, always synthetic.

A few bytes ask for a whole computation, so that callers share one: at most one is under way, and at most one
begins in each second. Whoever asks meanwhile gets its answer.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request

from paddle_runtime.dispatch.job import Result, Work
from paddle_runtime.service import Call, Meter
from paddle_runtime.tasks import GOLDEN, Payload
from paddle_runtime.transport.front import Front, Ticket
from paddle_runtime.transport.http_body import ReadBody
from paddle_runtime.transport.http_models import ModelEndpoint

EVERY_SECONDS = 1.0


class GoldenEndpoint(ModelEndpoint):
    """One computation for all who ask at about the same time."""

    def __init__(self, readers: Mapping[Payload, ReadBody], front: Front) -> None:
        super().__init__(GOLDEN.name, readers, front)
        self._shared: asyncio.Task[Result] | None = None
        self._begun_at = -math.inf

    def _ticket(self, request: Request) -> Ticket:
        return replace(super()._ticket(request), synthetic=True)

    async def _result(self, request: Request, ticket: Ticket) -> Result:
        """The shared answer. No caller's leaving ends it, and no caller's deadline: others wait for it."""
        now = self._front.clock()
        if self._shared is None or (self._shared.done() and now - self._begun_at >= EVERY_SECONDS):
            self._begun_at = now
            self._shared = asyncio.create_task(self._begun(request, ticket))
        return await asyncio.shield(self._shared)

    async def _begun(self, request: Request, ticket: Ticket) -> Result:
        async def read(meter: Meter) -> Work:
            return await self._readers[GOLDEN.payload](GOLDEN, request, meter, self._front.rules, ticket.id)

        call = Call(GOLDEN.name, None, ticket.new_connection, read, ticket.received_at)
        return await self._front.service.answer(call)
