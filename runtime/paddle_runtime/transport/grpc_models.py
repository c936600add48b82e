"""ModelInfer over gRPC: read, call the service, write answer or status. A skin, like http_models.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc

from paddle_runtime.dispatch.job import Result, Work
from paddle_runtime.errors import Failed, Invalid, Refused, RequestReason
from paddle_runtime.protocol import v2_grpc
from paddle_runtime.service import Call, Meter
from paddle_runtime.transport import codes, front
from paddle_runtime.transport.front import Ended, Front, Ticket
from paddle_runtime.transport.places import Places
from paddle_runtime.transport.replies import server_timing

Context = grpc.aio.ServicerContext[bytes, bytes]
MAX_WORDS = 1024  # of a status, which travels as a header
GRACE_SECONDS = 0.5  # for a message to come, where others wait for its place


def text_metadata(context: Context) -> dict[str, str]:
    """What the caller sent as headers; binary ones are nobody's here."""
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def held(body: bytes) -> int:
    """Memory of an answer that is being written: our own bytes, and gRPC's copy of them."""
    return 2 * len(body)


class ModelInfer:
    """Called as streams, which on the wire are the same: so that a request can be refused before it is read,
    and it is known when its answer is taken.

    reading: how many messages may be on their way in at one time. A message arrives whole or not at all, so
    its bytes can be counted only afterwards. room: bytes that bodies leave for answers.
    """

    def __init__(self, front_: Front, *, reading: int, room: Callable[[], float]) -> None:
        self._front = front_
        self._places = Places(reading, grace_seconds=GRACE_SECONDS)
        self._room = room

    async def __call__(self, _messages: AsyncIterator[bytes], context: Context) -> None:
        """One request, from its metadata to its counted outcome and its answer."""
        metadata = text_metadata(context)
        ticket = front.ticket_of(metadata, received_at=self._front.clock(), new_connection=False)
        with self._front.entered(ticket):
            try:
                ended = await front.attend(ticket, lambda: self._result(context, ticket))
            except asyncio.CancelledError:
                self._gone(context, ticket)
                raise
        ended = self._with_room(ended)
        front.count(self._front, ticket, ended, protocol="grpc")
        context.set_trailing_metadata(self._trailers(ended, ticket))
        if ended.fault is not None:
            status = grpc.StatusCode[codes.GRPC_CODES[ended.fault.reason]]
            await context.abort(status, str(ended.fault)[:MAX_WORDS])
        assert ended.result is not None
        await self._write(context, ended.result.body)

    def _with_room(self, ended: Ended) -> Ended:
        """gRPC gives no answer up while its caller's connection lives, so one without room is not begun."""
        before = self._front.door.untaken_bytes
        if ended.result is None or not before or held(ended.result.body) <= self._room():
            return ended
        words = f"answers that callers have not taken hold {before} bytes; try again later"
        return Ended(fault=Refused(RequestReason.QUEUE_FULL, words, retry_after_seconds=1))

    async def _write(self, context: Context, body: bytes) -> None:
        """Until it is taken, or the connection ends: it has an end by its age."""
        self._front.door.untaken_bytes += held(body)
        try:
            await context.write(body)
        finally:
            self._front.door.untaken_bytes -= held(body)

    async def _result(self, context: Context, ticket: Ticket) -> Result:
        async def read(meter: Meter) -> Work:
            body = await self._message(context)
            meter.add(len(body))
            envelope = v2_grpc.envelope(body)
            self._front.service.check_model(envelope.model_name, envelope.model_version)
            return Work("infer", {"id": ticket.id, "form": "grpc"}, body)

        seconds = context.time_remaining()
        deadline_at = None if seconds is None else ticket.received_at + seconds
        call = Call("infer", None, ticket.new_connection, read, ticket.received_at, deadline_at)
        return await self._front.service.answer(call)

    async def _message(self, context: Context) -> bytes:
        """The one message, in the time that a body may take."""
        began = self._front.clock()
        try:
            async with asyncio.timeout(self._front.rules.timeout_seconds) as limit, self._places.place(limit):
                body = await context.read()
        except TimeoutError:
            raise Invalid(
                RequestReason.SLOW_BODY,
                f"the message was not here after {self._front.clock() - began:.1f} s; send it faster or "
                "smaller",
            ) from None
        if not isinstance(body, bytes):  # the end of the stream
            raise Invalid(RequestReason.EMPTY, "the call ended without a message; send a ModelInferRequest")
        return body

    def _gone(self, context: Context, ticket: Ticket) -> None:
        """The caller left, or its deadline is over, which gRPC tells in the same way."""
        waited = self._front.clock() - ticket.received_at
        if context.time_remaining() == 0:
            fault: Any = Failed(
                RequestReason.TIMED_OUT, f"no answer until the deadline, after {waited:.3f} s"
            )
        else:
            fault = codes.left(waited, self._front.thresholds())
        front.count(self._front, ticket, Ended(fault=fault), protocol="grpc")

    def _trailers(self, ended: Ended, ticket: Ticket) -> tuple[tuple[str, str], ...]:
        total = self._front.clock() - ticket.received_at
        stages = {} if ended.result is None else ended.result.stages
        told = {
            "x-request-id": ticket.id,
            **{name.lower(): value for name, value in self._front.headers.items()},
            "server-timing": server_timing({**stages, "total": total}),
        }
        fault = ended.fault
        if fault is not None:
            told["reason"] = fault.reason.value
            if fault.retry_after_seconds is not None:
                told["retry-after"] = str(fault.retry_after_seconds)
                # what clients with a retry policy wait for
                told["grpc-retry-pushback-ms"] = str(fault.retry_after_seconds * 1000)
        return tuple(told.items())
