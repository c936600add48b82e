"""Several pictures in one request, each a job of its own: workers share them, and a bad one fails alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from paddle_runtime.dispatch.job import Result, Work
from paddle_runtime.errors import RequestFault
from paddle_runtime.service import Meter
from paddle_runtime.tasks import Kind
from paddle_runtime.transport import codes, front
from paddle_runtime.transport.front import Ended, Ticket
from paddle_runtime.transport.http_body import read_batch
from paddle_runtime.transport.http_models import ModelEndpoint

Answers = Sequence[Result | RequestFault]
# Which fault of several is the batch's, for the counters: what broke the promise most.
GRAVITY = ("refused", "bad")


class BatchEndpoint(ModelEndpoint):
    """An ASGI application for many requests of one kind in one body.

    It answers 200 with each picture's own code once the batch was taken. For the SLA it is one request, and
    as bad as the worst of what was not answered for our reasons.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One batch, from its header to its counted outcome."""
        request = Request(scope, receive)
        ticket = self._ticket(request)
        worst: list[RequestFault] = []

        async def result() -> Result:
            answers = await self._answers(request, ticket)
            worst.extend(_worst(answers))
            return _joined(answers)

        with self._front.entered(ticket):
            draining = self._front.health.draining_since is not None
            ended = await front.attend(ticket, result)
            await self._response(ended, request, ticket, draining=draining)(scope, receive, send)
        front.count(self._front, ticket, Ended(fault=worst[0]) if worst else ended, protocol="http")

    async def _answers(self, request: Request, ticket: Ticket) -> Answers:
        async def read(kind: Kind, meter: Meter) -> list[Work | RequestFault]:
            return await read_batch(kind, request, meter, self._front.rules, ticket.id)

        return await self._asked(self._front.service.answer_batch, read, request, ticket)


def _worst(answers: Answers) -> list[RequestFault]:
    """The gravest fault that was not the caller's, if there is one."""
    faults = [each for each in answers if isinstance(each, RequestFault) and codes.outcome(each) in GRAVITY]
    return sorted(faults, key=lambda fault: GRAVITY.index(codes.outcome(fault)))[-1:]


def _joined(answers: Answers) -> Result:
    """One JSON object of them all, in their order; seconds by stage of all together."""
    stages: Counter[str] = Counter()
    for each in answers:
        if isinstance(each, Result):
            stages.update(each.stages)
    return Result(b'{"answers":[' + b",".join(map(_told, answers)) + b"]}", dict(stages))


def _told(answer: Result | RequestFault) -> bytes:
    if isinstance(answer, Result):
        return b'{"status":200,' + answer.body[1:]
    document = {"status": codes.http_code(answer), "error": str(answer), "reason": answer.reason.value}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
