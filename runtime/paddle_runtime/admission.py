"""Whether there is room for one more request, decided before any work is done on it. Pure.

A refusal is a typed answer (503 with Retry-After), never a silent wait: every queue is bounded, in requests
and in bytes. The deadline is set here and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from paddle_runtime.errors import Refused, RequestReason

LONGEST_RETRY_SECONDS = 30
NOT_READY_RETRY_SECONDS = 5


@dataclass(frozen=True)
class Load:
    """What is being done now."""

    warm_workers: int
    waiting_requests: int
    held_bytes: int
    mean_service_seconds: float
    draining: bool


@dataclass(frozen=True)
class Room:
    """What may be done at one time."""

    max_waiting_requests: int
    max_held_bytes: int
    request_timeout_seconds: float


def admit(load: Load, room: Room, *, now: float) -> float:
    """Return the request's deadline on the clock of `now` (seconds), or raise Refused."""
    if load.draining:
        raise Refused(
            RequestReason.DRAINING,
            "this server is shutting down; send the request again to another one",
            retry_after_seconds=1,
        )
    if load.warm_workers == 0:
        raise Refused(
            RequestReason.NOT_READY,
            "no worker is warm yet; wait for /v2/health/ready to answer 200",
            retry_after_seconds=NOT_READY_RETRY_SECONDS,
        )
    if load.waiting_requests >= room.max_waiting_requests:
        raise Refused(
            RequestReason.QUEUE_FULL,
            f"{load.waiting_requests} requests are waiting and {room.max_waiting_requests} may; "
            "send it again later or add replicas",
            retry_after_seconds=retry_after_seconds(load),
        )
    return now + room.request_timeout_seconds


def admit_bytes(load: Load, room: Room, more: int) -> None:
    """Refuse a body whose next `more` bytes do not fit beside the bodies already held."""
    if load.held_bytes + more > room.max_held_bytes:
        raise Refused(
            RequestReason.QUEUE_FULL,
            f"{load.held_bytes} bytes of requests are held and {room.max_held_bytes} may be; try again later",
            retry_after_seconds=retry_after_seconds(load),
        )


def retry_after_seconds(load: Load) -> int:
    """Whole seconds, rounded up, until the queue of now would be worked off."""
    expected = load.waiting_requests * load.mean_service_seconds / max(load.warm_workers, 1)
    return min(max(math.ceil(expected), 1), LONGEST_RETRY_SECONDS)
