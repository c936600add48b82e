"""The endpoints that run the model: read, call the service, write the answer, count the outcome."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from paddle_runtime import limits
from paddle_runtime.dispatch.job import Result, Work
from paddle_runtime.errors import Failed, RequestFault, RequestReason
from paddle_runtime.health import Health
from paddle_runtime.metrics import Metrics
from paddle_runtime.service import Call, Meter, Service
from paddle_runtime.tasks import Payload
from paddle_runtime.transport import codes, replies
from paddle_runtime.transport.http_body import BodyRules, ReadBody
from paddle_runtime.transport.replies import Reply

log = logging.getLogger(__name__)
REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


class Door:
    """Who is inside: requests under way and when the last one came or went (the server's clock)."""

    def __init__(self) -> None:
        self.inside = 0
        self.last_request = 0.0


@dataclass(frozen=True)
class Front:
    """What every model endpoint shares."""

    service: Service
    health: Health
    metrics: Metrics
    door: Door
    rules: BodyRules
    clock: Callable[[], float]
    thresholds: Callable[[], tuple[float, ...]]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Ticket:
    """One request's identity and beginning."""

    id: str
    received_at: float
    new_connection: bool
    synthetic: bool


class ModelEndpoint:
    """An ASGI application for one kind of model request."""

    def __init__(self, kind: str, readers: Mapping[Payload, ReadBody], front: Front) -> None:
        self._kind = kind
        self._readers = readers
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from its header to its counted outcome."""
        front = self._front
        request = Request(scope, receive)
        ticket = self._ticket(request)
        front.door.inside += 1
        try:
            reply = await self._reply(request, ticket)
            await reply.response(scope, receive, send)
        finally:
            front.door.inside -= 1
            front.door.last_request = front.clock()
        self._count(ticket, reply)

    def _ticket(self, request: Request) -> Ticket:
        now = self._front.clock()
        wanted = request.headers.get("x-request-id", "")
        return Ticket(
            id=wanted if REQUEST_ID.fullmatch(wanted) else uuid.uuid4().hex,
            received_at=getattr(request.state, "received_at", now),
            new_connection=self._front.health.turns_away(getattr(request.state, "connected_at", now)),
            synthetic=request.headers.get("x-paddle-synthetic", "").lower() == "true",
        )

    async def _reply(self, request: Request, ticket: Ticket) -> Reply:
        """The answer, or the fault in its place: nothing else comes out of here."""
        headers = {"X-Request-Id": ticket.id, **self._front.headers}
        draining = self._front.health.draining_since is not None
        try:
            result = await self._result(request, ticket)
        except RequestFault as fault:
            return replies.refusal(fault, ticket.id, headers, closing=draining)
        except Exception:
            log.exception("request %s failed in the front end", ticket.id)
            failed = Failed(RequestReason.INTERNAL, "the server failed on this request; its log says more")
            return replies.refusal(failed, ticket.id, headers, closing=draining)
        if self._front.health.draining_since is not None:
            headers["Connection"] = "close"  # so that callers find another server for their next request
        total = self._front.clock() - ticket.received_at
        kind = self._front.service.served.kind(self._kind)
        if kind is not None and kind.payload is not Payload.TENSORS:
            name = self._front.service.served.name
            body = replies.with_timings(
                result.body, request_id=ticket.id, model=name, stages=result.stages, total_seconds=total
            )
            result = replace(result, body=body)
        return replies.answer(result, total, headers)

    async def _result(self, request: Request, ticket: Ticket) -> Result:
        """Ask the service, and stop asking when the caller leaves."""
        caller = Caller(request)

        async def read(meter: Meter) -> Work:
            kind = self._front.service.served.kind(self._kind)
            assert kind is not None  # the service asks for the body after it looked at the address
            rules = self._front.rules
            work = await self._readers[kind.payload](kind, request, meter, rules, ticket.id)
            caller.listen(answering)
            return work

        model = request.path_params.get("name")
        seconds = limits.deadline_seconds(request.headers.get("x-deadline-ms"))
        deadline_at = None if seconds is None else ticket.received_at + seconds
        call = Call(self._kind, model, ticket.new_connection, read, ticket.received_at, deadline_at)
        answering = asyncio.create_task(self._front.service.answer(call))
        try:
            return await answering
        except (asyncio.CancelledError, ClientDisconnect) as error:
            if not caller.left and isinstance(error, asyncio.CancelledError):
                raise
            raise codes.left(self._front.clock() - ticket.received_at, self._front.thresholds()) from None
        finally:
            caller.stop()

    def _count(self, ticket: Ticket, reply: Reply) -> None:
        metrics, code = self._front.metrics, reply.response.status_code
        if ticket.synthetic:
            metrics.answered_synthetic(reply.outcome, code)
            return
        metrics.answered(reply.outcome, code, self._front.clock() - ticket.received_at)
        if reply.outcome == "good":
            metrics.stages(reply.stages)
        elif reply.outcome == "bad":
            log.warning("request %s answered %d: %s", ticket.id, code, reply.fault)
        elif reply.outcome == "refused" and reply.fault is not None:
            metrics.refused(reply.fault.reason.value)


class Caller:
    """Notices, once the body is in, that the caller closed the connection, and cancels the work then."""

    def __init__(self, request: Request) -> None:
        self.left = False
        self._request = request
        self._listening: asyncio.Task[None] | None = None

    def listen(self, work: asyncio.Task[Result]) -> None:
        """From now on, leaving cancels `work`."""
        self._listening = asyncio.create_task(self._until_left(work))

    def stop(self) -> None:
        """The answer is there; leaving no longer matters."""
        if self._listening is not None:
            self._listening.cancel()

    async def _until_left(self, work: asyncio.Task[Result]) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            continue
        self.left = True
        work.cancel()
