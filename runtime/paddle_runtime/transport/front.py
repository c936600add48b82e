"""What every transport does alike: a ticket at the beginning of a request, its outcome counted at the end."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from paddle_runtime.dispatch.job import Result
from paddle_runtime.errors import Failed, Invalid, RequestFault, RequestReason
from paddle_runtime.health import Health
from paddle_runtime.metrics import Metrics
from paddle_runtime.protocol import trace_context
from paddle_runtime.protocol.trace_context import TraceContext
from paddle_runtime.service import Service
from paddle_runtime.transport import codes
from paddle_runtime.transport.http_body import BodyRules
from paddle_runtime.transport.statistics import Statistics

log = logging.getLogger(__name__)
REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


class Door:
    """Who is inside: requests under way and when the last one came or went (the server's clock).

    untaken_bytes: memory of answers that gRPC holds for callers who have not taken them yet.
    """

    def __init__(self) -> None:
        self.inside = 0
        self.last_request = 0.0
        self.untaken_bytes = 0


@dataclass(frozen=True)
class Front:
    """What every endpoint of a model shares."""

    service: Service
    health: Health
    metrics: Metrics
    door: Door
    rules: BodyRules
    clock: Callable[[], float]
    thresholds: Callable[[], tuple[float, ...]]
    headers: Mapping[str, str]
    statistics: Statistics = field(default_factory=Statistics)

    @contextmanager
    def entered(self, ticket: Ticket) -> Generator[None, None, None]:
        """While a request is inside, draining waits for it, and a moment for the next one. Not for one that
        it turns away: where no other pod serves these never end."""
        self.door.inside += 1
        try:
            yield
        finally:
            self.door.inside -= 1
            if not ticket.new_connection:
                self.door.last_request = self.clock()


@dataclass(frozen=True)
class Ticket:
    """One request's identity and beginning (the server's clock)."""

    id: str
    trace: TraceContext | None
    received_at: float
    new_connection: bool
    synthetic: bool


@dataclass(frozen=True)
class Ended:
    """How a request ended: with a result or with a fault."""

    result: Result | None = None
    fault: RequestFault | None = None

    @property
    def outcome(self) -> str:
        """What it counts as."""
        return "good" if self.fault is None else codes.outcome(self.fault)

    @property
    def code(self) -> int:
        """HTTP's number for it, which the metrics use for every transport."""
        return 200 if self.fault is None else codes.http_code(self.fault)


def request_id(headers: Mapping[str, str]) -> str:
    """The caller's own, where it can be logged and sent back as it is; else a new one."""
    wanted = headers.get("x-request-id", "")
    return wanted if REQUEST_ID.fullmatch(wanted) else uuid.uuid4().hex


def ticket_of(headers: Mapping[str, str], *, received_at: float, new_connection: bool) -> Ticket:
    """From headers or metadata, whose names are in lower case."""
    return Ticket(
        id=request_id(headers),
        trace=trace_context.parse(headers.get("traceparent"), headers.get("tracestate")),
        received_at=received_at,
        new_connection=new_connection,
        synthetic=headers.get("x-paddle-synthetic", "").lower() == "true",
    )


async def attend(ticket: Ticket, answer: Callable[[], Awaitable[Result]]) -> Ended:
    """Have a request answered; every fault, known or not, is an end.

    A fault is told and not traced: the frames that it came through hold the request's body, and who is given
    the fault may keep it for long.
    """
    try:
        return Ended(result=await answer())
    except RequestFault as fault:
        fault.__traceback__ = fault.__context__ = fault.__cause__ = None
        return Ended(fault=fault)
    except Exception:
        log.exception("request %s failed in the front end", ticket.id)
        return Ended(
            fault=Failed(RequestReason.INTERNAL, "the server failed on this request; its log says more")
        )


def count(front: Front, ticket: Ticket, ended: Ended, *, protocol: str) -> None:
    """Into the metrics and the log, once the last byte is handed over."""
    seconds = front.clock() - ticket.received_at
    _tell(front, ticket, ended, seconds, protocol)
    metrics = front.metrics
    if ticket.synthetic:
        metrics.answered_synthetic(ended.outcome, ended.code)
        return
    metrics.came_over(protocol)
    metrics.answered(ended.outcome, ended.code, seconds)
    if ended.result is not None:
        metrics.stages(ended.result.stages)
        front.statistics.good(seconds, ended.result.stages, at=time.time())
        return
    front.statistics.failed(seconds)
    if ended.outcome == "refused" and ended.fault is not None:
        metrics.refused(ended.fault.reason.value)


def count_astray(front: Front, headers: Mapping[str, str], fault: Invalid, *, protocol: str) -> None:
    """One that came to no endpoint of a model: its code alone, since anybody makes up addresses."""
    code = codes.http_code(fault)
    if ticket_of(headers, received_at=0.0, new_connection=False).synthetic:
        front.metrics.answered_synthetic("invalid", code)
        return
    front.metrics.came_over(protocol)
    front.metrics.answered("invalid", code, 0.0)


def _tell(front: Front, ticket: Ticket, ended: Ended, seconds: float, protocol: str) -> None:
    """A line for each request that broke the promise; all of them, and they may be many, at debug."""
    thresholds = front.thresholds()
    slow = ended.outcome == "good" and bool(thresholds) and seconds > thresholds[-1]
    level = logging.WARNING if ended.outcome == "bad" else logging.INFO if slow else logging.DEBUG
    if not log.isEnabledFor(level):
        return
    facts = {
        "requestId": ticket.id,
        "traceId": "" if ticket.trace is None else ticket.trace.trace_id,
        "protocol": protocol,
        "outcome": ended.outcome,
        "code": ended.code,
        "seconds": round(seconds, 6),
    }
    why = "" if ended.fault is None else f": {ended.fault}"
    log.log(
        level,
        "request %s%s answered %d (%s%s) over %s in %.3f s%s",
        ticket.id,
        "" if ticket.trace is None else f" of trace {ticket.trace.trace_id}",
        ended.code,
        ended.outcome,
        ", slow" if slow else "",
        protocol,
        seconds,
        why,
        extra={"facts": facts},
    )
