"""Everything that can go wrong, as a tree; meaning here, wire codes in transport/codes.py.

    Fault                      what, which value, what to do: always all three in the message
    |- BundleFault             a model bundle cannot be had or used; `reason` is also the exit code's name
    `- RequestFault            one request cannot be answered; no other caller notices
       |- Invalid              the caller's mistake (4xx): counts nowhere in the SLA
       |- Refused              no capacity now (503, retryable): counts as bad
       `- Failed               we broke our promise (5xx): counts as bad

Source of the reasons: they are the operator's condition reasons, so both sides use these words.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum


class BundleReason(Enum):
    """Why a bundle cannot be served. The value is the process's exit code."""

    ModelNotFound = 10
    ModelForbidden = 11
    DigestMismatch = 12
    BundleInvalid = 13
    StoreUnreachable = 14
    NoSpace = 15
    FetchTimeout = 16
    AddressRefused = 17
    ModelTooLarge = 18
    LoadFailed = 20
    WarmupFailed = 21
    SelfTestFailed = 22
    DeviceUnavailable = 23


class RequestReason(StrEnum):
    """Why one request was not answered. The value is the `reason` in the error body and in metrics."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PAGES = "too_many_pages"
    NO_SUCH_PAGE = "no_such_page"
    UNSUPPORTED_TYPE = "unsupported_type"
    UNDECODABLE = "undecodable"
    MALFORMED = "malformed"
    NOT_FOUND = "not_found"
    UNSUPPORTED_OPTION = "unsupported_option"
    WRONG_METHOD = "wrong_method"
    WRONG_TASK = "wrong_task"
    SLOW_BODY = "slow_body"
    CALLER_LEFT = "caller_left"
    QUEUE_FULL = "queue_full"
    PREDICTED_LATE = "predicted_late"
    NOT_READY = "not_ready"
    DRAINING = "draining"
    WORKER_LOST = "worker_lost"
    WRONG_ANSWER = "wrong_answer"
    TIMED_OUT = "timed_out"
    INTERNAL = "internal"


REQUEST_MEANINGS: Mapping[RequestReason, str] = {
    RequestReason.EMPTY: "nothing was sent: a body, a batch or a text without content",
    RequestReason.MALFORMED: "it cannot be read: JSON, base64, tensors, a header, or the value of an option",
    RequestReason.WRONG_TASK: "the model has another task; the message says where to send it",
    RequestReason.NOT_FOUND: "no such address, model or version",
    RequestReason.WRONG_METHOD: "the address is there for another method",
    RequestReason.SLOW_BODY: "the body was not here within body_timeout_seconds",
    RequestReason.TOO_LARGE: "more bytes than max_body_bytes, or a text that is too long",
    RequestReason.UNSUPPORTED_TYPE: "another kind of body or picture than is read here",
    RequestReason.TOO_MANY_PIXELS: "more than max_pixels, max_side or max_decode_bytes, by the header alone",
    RequestReason.TOO_MANY_PAGES: "more pages than are read at a time; choose some with the option pages",
    RequestReason.NO_SUCH_PAGE: "the option pages asks for a page that the document does not have",
    RequestReason.UNSUPPORTED_OPTION: "an option that is known and cannot be had here",
    RequestReason.UNDECODABLE: "a picture or document that is damaged or cut off",
    RequestReason.CALLER_LEFT: "the caller left before the answer; nobody reads it, it is for the counters",
    RequestReason.QUEUE_FULL: "no room for it in the queue or in memory",
    RequestReason.PREDICTED_LATE: "it could not be answered by its deadline",
    RequestReason.NOT_READY: "no worker is warm yet",
    RequestReason.DRAINING: "the server is going away",
    RequestReason.INTERNAL: "the server or the model failed; the log says more under the request's id",
    RequestReason.WORKER_LOST: "its worker died while it computed",
    RequestReason.WRONG_ANSWER: "the model answers its own known request otherwise than its bundle says",
    RequestReason.TIMED_OUT: "its deadline passed, or its worker stood still",
}


class Fault(Exception):
    """The root of this package's errors."""


class BundleFault(Fault):
    """A bundle cannot be fetched, verified, loaded or warmed."""

    def __init__(self, reason: BundleReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    @property
    def retryable(self) -> bool:
        """Whether trying again inside the same process may help; the kubelet retries all of them."""
        return self.reason is BundleReason.StoreUnreachable


class RequestFault(Fault):
    """One request cannot be answered. worked_seconds: a worker's time that it took nevertheless."""

    worked_seconds = 0.0

    def __init__(
        self, reason: RequestReason, message: str, *, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class Invalid(RequestFault):
    """The request itself is wrong; sending it again cannot help."""


class Refused(RequestFault):
    """There is no room for the request now; it was not started."""


class Failed(RequestFault):
    """The request was accepted and not answered."""
