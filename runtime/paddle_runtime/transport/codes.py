"""The one table from what an error means to what goes over the wire, and to what it counts as."""

from __future__ import annotations

from paddle_runtime.errors import Failed, Invalid, Refused, RequestFault, RequestReason

HTTP_CODES: dict[RequestReason, int] = {
    # the caller's mistakes: invalid
    RequestReason.EMPTY: 400,
    RequestReason.MALFORMED: 400,
    RequestReason.WRONG_TASK: 400,
    RequestReason.NOT_FOUND: 404,
    RequestReason.WRONG_METHOD: 405,
    RequestReason.SLOW_BODY: 408,
    RequestReason.TOO_LARGE: 413,
    RequestReason.UNSUPPORTED_TYPE: 415,
    RequestReason.TOO_MANY_PIXELS: 422,
    RequestReason.TOO_MANY_PAGES: 422,
    RequestReason.NO_SUCH_PAGE: 422,
    RequestReason.UNSUPPORTED_OPTION: 422,
    RequestReason.UNDECODABLE: 422,
    RequestReason.CALLER_LEFT: 499,  # nobody reads it; it is for the counters
    # no room now: refused
    RequestReason.QUEUE_FULL: 503,
    RequestReason.PREDICTED_LATE: 503,
    RequestReason.NOT_READY: 503,
    RequestReason.DRAINING: 503,
    # our broken promises: bad
    RequestReason.INTERNAL: 500,
    RequestReason.WRONG_ANSWER: 500,
    RequestReason.WORKER_LOST: 502,  # started, so no 503: gateways repeat those, and it may kill again
    RequestReason.TIMED_OUT: 504,
}
# Names of gRPC's status codes. UNAVAILABLE is what clients and gateways repeat by themselves.
GRPC_CODES: dict[RequestReason, str] = {
    RequestReason.EMPTY: "INVALID_ARGUMENT",
    RequestReason.MALFORMED: "INVALID_ARGUMENT",
    RequestReason.WRONG_TASK: "INVALID_ARGUMENT",
    RequestReason.NOT_FOUND: "NOT_FOUND",
    RequestReason.WRONG_METHOD: "UNIMPLEMENTED",
    RequestReason.SLOW_BODY: "DEADLINE_EXCEEDED",
    RequestReason.TOO_LARGE: "RESOURCE_EXHAUSTED",  # as gRPC itself has it
    RequestReason.UNSUPPORTED_TYPE: "INVALID_ARGUMENT",
    RequestReason.TOO_MANY_PIXELS: "INVALID_ARGUMENT",
    RequestReason.UNDECODABLE: "INVALID_ARGUMENT",
    RequestReason.TOO_MANY_PAGES: "INVALID_ARGUMENT",
    RequestReason.NO_SUCH_PAGE: "INVALID_ARGUMENT",
    RequestReason.UNSUPPORTED_OPTION: "INVALID_ARGUMENT",
    RequestReason.CALLER_LEFT: "CANCELLED",
    RequestReason.QUEUE_FULL: "RESOURCE_EXHAUSTED",
    RequestReason.PREDICTED_LATE: "RESOURCE_EXHAUSTED",
    RequestReason.NOT_READY: "UNAVAILABLE",
    RequestReason.DRAINING: "UNAVAILABLE",
    RequestReason.INTERNAL: "INTERNAL",
    RequestReason.WRONG_ANSWER: "DATA_LOSS",
    RequestReason.WORKER_LOST: "ABORTED",  # for the caller to repeat, not for what stands between
    RequestReason.TIMED_OUT: "DEADLINE_EXCEEDED",
}
INVALID_REASONS = frozenset(reason for reason, code in HTTP_CODES.items() if 400 <= code < 500)
REFUSED_REASONS = frozenset(
    {
        RequestReason.QUEUE_FULL,
        RequestReason.PREDICTED_LATE,
        RequestReason.NOT_READY,
        RequestReason.DRAINING,
    }
)
OUTCOME_LABELS: tuple[tuple[str, int], ...] = (
    ("good", 200),
    *(("invalid", code) for code in sorted({HTTP_CODES[reason] for reason in INVALID_REASONS})),
    ("refused", 503),
    ("bad", 499),
    *(("bad", code) for code in (500, 502, 504)),
)


def http_code(fault: RequestFault) -> int:
    """The status code of a fault."""
    return HTTP_CODES[fault.reason]


def outcome(fault: RequestFault) -> str:
    """What a fault counts as in the SLA."""
    match fault:
        case Invalid():
            return "invalid"
        case Refused():
            return "refused"
        case Failed():
            return "bad"
        case _:
            raise TypeError(f"{type(fault).__name__} is no kind of outcome; use Invalid, Refused or Failed")


def left(waited_seconds: float, thresholds: tuple[float, ...]) -> RequestFault:
    """What a caller counts as who left before the answer.

    One who waited beyond the latest promised threshold left because of us: bad. One who left earlier changed
    their mind: invalid, counted nowhere.
    """
    message = f"the caller left after {waited_seconds:.3f} s"
    if thresholds and waited_seconds > thresholds[-1]:
        return Failed(RequestReason.CALLER_LEFT, message)
    return Invalid(RequestReason.CALLER_LEFT, message)
