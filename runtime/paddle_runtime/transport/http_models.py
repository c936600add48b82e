"""The endpoints that run the model: read, call the service, write the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from paddle_runtime import limits, tasks
from paddle_runtime.dispatch.job import Result, Work
from paddle_runtime.errors import RequestFault
from paddle_runtime.protocol import paddlex
from paddle_runtime.service import Call, Meter
from paddle_runtime.tasks import Kind, Payload
from paddle_runtime.transport import codes, front, replies
from paddle_runtime.transport.front import Ended, Front, Ticket
from paddle_runtime.transport.http_body import ReadBody

Read = TypeVar("Read")
Told = TypeVar("Told")


class ModelEndpoint:
    """An ASGI application for one kind of model request."""

    def __init__(self, kind: str, readers: Mapping[Payload, ReadBody], front: Front) -> None:
        self._kind = kind
        self._readers = readers
        self._in_paddlex_form = Payload.PADDLEX in tasks.payloads(kind)
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from its header to its counted outcome."""
        request = Request(scope, receive)
        ticket = self._ticket(request)
        with self._front.entered(ticket):
            draining = self._front.health.draining_since is not None
            ended = await front.attend(ticket, lambda: self._result(request, ticket))
            await self._response(ended, request, ticket, draining=draining)(scope, receive, send)
        front.count(self._front, ticket, ended, protocol="http")

    def _ticket(self, request: Request) -> Ticket:
        now = self._front.clock()
        return front.ticket_of(
            request.headers,
            received_at=getattr(request.state, "received_at", now),
            new_connection=self._front.health.turns_away(getattr(request.state, "connected_at", now)),
        )

    def _response(self, ended: Ended, request: Request, ticket: Ticket, *, draining: bool) -> Response:
        """The answer, or the fault in its place."""
        headers = {"X-Request-Id": ticket.id, **self._front.headers}
        total = self._front.clock() - ticket.received_at
        if ended.result is None:
            assert ended.fault is not None
            headers["Server-Timing"] = replies.server_timing({"total": total})
            told = self._in_the_callers_form(ended.fault, request, ticket)
            return replies.refusal(ended.fault, ticket.id, headers, closing=draining, document=told)
        if self._front.health.draining_since is not None:
            headers["Connection"] = "close"  # so that callers find another server for their next request
        return replies.answer(self._whole(ended.result, request, ticket, total), total, headers)

    def _whole(self, result: Result, request: Request, ticket: Ticket, total: float) -> Result:
        """A task's own JSON with the request's id and times, or in the caller's form; tensors as they are."""
        kind = self._front.service.served.kind(self._kind)
        if self._in_paddlex_form:
            return replace(result, body=paddlex.answer_of(result.body, _log_id(request, ticket)))
        if kind is None or kind.payload is Payload.TENSORS:
            return result
        body = replies.with_timings(
            result.body,
            request_id=ticket.id,
            model=self._front.service.served.name,
            stages=result.stages,
            total_seconds=total,
        )
        return replace(result, body=body)

    def _in_the_callers_form(
        self, fault: RequestFault, request: Request, ticket: Ticket
    ) -> Mapping[str, object] | None:
        """The fault's document where it is not our own."""
        if not self._in_paddlex_form:
            return None
        return paddlex.error_of(str(fault), codes.http_code(fault), _log_id(request, ticket))

    async def _result(self, request: Request, ticket: Ticket) -> Result:
        """Ask the service for one answer."""

        async def read(kind: Kind, meter: Meter) -> Work:
            return await self._readers[kind.payload](kind, request, meter, self._front.rules, ticket.id)

        return await self._asked(self._front.service.answer, read, request, ticket)

    async def _asked(
        self,
        answer: Callable[[Call[Read]], Coroutine[Any, Any, Told]],
        read: Callable[[Kind, Meter], Awaitable[Read]],
        request: Request,
        ticket: Ticket,
    ) -> Told:
        """Ask the service, and stop asking when the caller leaves."""
        caller = Caller(request)

        async def read_and_listen(meter: Meter) -> Read:
            kind = self._front.service.served.kind(self._kind)
            assert kind is not None  # the service asks for the body after it looked at the address
            work = await read(kind, meter)
            caller.listen(answering)
            return work

        seconds = limits.deadline_seconds(request.headers.get("x-deadline-ms"))
        call = Call(
            self._kind,
            request.path_params.get("name"),
            ticket.new_connection,
            read_and_listen,
            ticket.received_at,
            None if seconds is None else ticket.received_at + seconds,
            request.path_params.get("version"),
        )
        answering = asyncio.create_task(answer(call))
        try:
            return await answering
        except (asyncio.CancelledError, ClientDisconnect) as error:
            if not caller.left and isinstance(error, asyncio.CancelledError):
                raise
            raise codes.left(self._front.clock() - ticket.received_at, self._front.thresholds()) from None
        finally:
            caller.stop()


def _log_id(request: Request, ticket: Ticket) -> str:
    """The caller's own, once it was read."""
    return str(getattr(request.state, "log_id", ticket.id))


class Caller:
    """Notices, once the body is in, that the caller closed the connection, and cancels the work then."""

    def __init__(self, request: Request) -> None:
        self.left = False
        self._request = request
        self._listening: asyncio.Task[None] | None = None

    def listen(self, work: asyncio.Task[Any]) -> None:
        """From now on, leaving cancels `work`."""
        self._listening = asyncio.create_task(self._until_left(work))

    def stop(self) -> None:
        """The answer is there; leaving no longer matters."""
        if self._listening is not None:
            self._listening.cancel()

    async def _until_left(self, work: asyncio.Task[Any]) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            continue
        self.left = True
        work.cancel()
