"""Whether a request is taken: is there room for it, and can it be done in time? Before any work on it. Pure.

A refusal is a typed answer (503 with Retry-After), never a silent wait: every queue is bounded, in requests
and in bytes, and what cannot meet its deadline is told so at once. Deadlines are set here and nowhere else:

    the caller's own   X-Deadline-Ms, or gRPC's: refused when it cannot be met, given up when it is over
    the promise's      the SLA's latest threshold, for callers who name none: refused when it could be met but
                       for the queue. What even an idle server could not do in time is not refused for it: the
                       promise is broken either way, and a late answer is worth more than none.
    the server's       request_timeout_seconds, for everybody

To predict a finish, the workers' queue is played through: earliest deadline first, each job when a worker is
free, with the seconds that the cost model expects. A newcomer that makes an accepted one late is refused too.
The pictures of a batch are newcomers together: taken when all of them are in time, else refused.

A prediction that refuses everybody would never be corrected, since nothing is learned from a refusal. So an
idle server tries whatever names no deadline of its own, and one in PROBE_EVERY of the others.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from paddle_runtime.cost import Prediction
from paddle_runtime.dispatch.backlog import Backlog, Terms
from paddle_runtime.dispatch.restarts import NOT_READY_RETRY_SECONDS
from paddle_runtime.errors import Invalid, Refused, RequestReason

LONGEST_RETRY_SECONDS = 30
PROBE_EVERY = 16


@dataclass(frozen=True)
class Load:
    """What is being done now."""

    warm_workers: int
    backlog: Backlog
    held_bytes: int
    draining: bool

    @property
    def idle(self) -> bool:
        """Whether a worker would begin at once."""
        return len(self.backlog.running) < self.warm_workers and not self.backlog.waiting


@dataclass(frozen=True)
class Room:
    """What may be done at one time."""

    max_waiting_requests: int
    max_held_bytes: int
    request_timeout_seconds: float


@dataclass(frozen=True)
class Wish:
    """When a caller wants the answer, on the server's clock (seconds). received_at: the first byte came.

    deadline_at: the caller's own; None when they named none. promised_seconds: the SLA's latest threshold.
    """

    received_at: float
    deadline_at: float | None = None
    promised_seconds: float | None = None


def admit_header(load: Load, room: Room) -> None:
    """Refuse what can be refused before the body is read."""
    _admit_several(load, room, 1)


def _admit_several(load: Load, room: Room, count: int) -> None:
    """Refuse `count` requests at once that do not all find room to wait; Invalid where they never would."""
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
    if count > room.max_waiting_requests:
        raise Invalid(
            RequestReason.MALFORMED,
            f"the batch has {count} pictures and {room.max_waiting_requests} requests may wait here; "
            "send it in parts",
        )
    waiting = len(load.backlog.waiting)
    if waiting + count > room.max_waiting_requests:
        raise Refused(
            RequestReason.QUEUE_FULL,
            f"{waiting} requests are waiting and {room.max_waiting_requests} may: no room for {count} more; "
            "send it again later or add replicas",
            retry_after_seconds=retry_after_seconds(load),
        )


def admit(
    load: Load, room: Room, wish: Wish, predictions: Sequence[Prediction], *, refused_in_row: int, now: float
) -> list[Terms]:
    """The terms of each job of a request whose sizes are known, or Refused. refused_in_row: of its kind."""
    _admit_several(load, room, len(predictions))
    together = _terms(room, wish, _side_by_side(predictions, load.warm_workers), now)
    newcomers = [replace(together, prediction=each) for each in predictions]
    late = lateness(load.backlog, load.warm_workers, newcomers, now=now)
    if late > 0 and not (load.idle and _is_tried(wish, refused_in_row, now)):
        who = "it" if len(newcomers) == 1 else f"the last of its {len(newcomers)} pictures"
        raise Refused(
            RequestReason.PREDICTED_LATE,
            f"{who} would be answered about {1000 * late:.0f} ms after its deadline "
            f"({_from_now(together.deadline - now)}), behind {len(load.backlog.waiting)} that wait; "
            "send it again later, with a later X-Deadline-Ms, or add replicas",
            retry_after_seconds=_whole_seconds(late),
        )
    return newcomers


def _from_now(seconds: float) -> str:
    return f"in {1000 * seconds:.0f} ms" if seconds > 0 else f"{abs(1000 * seconds):.0f} ms ago"


def _side_by_side(predictions: Sequence[Prediction], workers: int) -> Prediction:
    """What they take together on idle workers that share them; one alone takes what it takes."""
    if len(predictions) == 1:
        return predictions[0]

    def last(seconds: Sequence[float]) -> float:
        alone = [Terms(0.0, 0.0, Prediction(each)) for each in seconds]
        return max(_finishes((), alone, workers, 0.0))

    return Prediction(
        last([each.expected for each in predictions]), last([each.sure for each in predictions])
    )


def _is_tried(wish: Wish, refused_in_row: int, now: float) -> bool:
    """Whether it is begun against the prediction, to correct it."""
    if wish.deadline_at is None:
        return True
    return now < wish.deadline_at and (refused_in_row + 1) % PROBE_EVERY == 0


def _terms(room: Room, wish: Wish, prediction: Prediction, now: float) -> Terms:
    give_up_at = now + room.request_timeout_seconds
    if wish.deadline_at is not None:
        deadline = min(wish.deadline_at, give_up_at)
        return Terms(deadline, deadline, prediction)
    if wish.promised_seconds is not None and prediction.expected:
        promised = wish.received_at + wish.promised_seconds
        if now + prediction.sure <= promised:
            return Terms(min(promised, give_up_at), give_up_at, prediction)
    return Terms(give_up_at, give_up_at, prediction)


def lateness(backlog: Backlog, workers: int, newcomers: Sequence[Terms], *, now: float) -> float:
    """By how many seconds a newcomer would be late, or one that waits and would be in time without them."""
    waiting = backlog.waiting
    without = _finishes(backlog.running, waiting, workers, now)
    finishes = _finishes(backlog.running, (*waiting, *newcomers), workers, now)
    others, own = finishes[: len(waiting)], finishes[len(waiting) :]
    # what is sure and not only expected counts for the newcomer alone: over a queue, errors cancel out
    late = max(
        then - terms.prediction.expected - terms.begin_by for terms, then in zip(newcomers, own, strict=True)
    )
    made_late = (
        then - terms.deadline
        for terms, before, then in zip(waiting, without, others, strict=True)
        if before <= terms.deadline < then
    )
    return max(late, max(made_late, default=-math.inf))


def _finishes(
    running: Sequence[tuple[float, float]], waiting: Sequence[Terms], workers: int, now: float
) -> list[float]:
    """When each waiting job would be done, in the order given: the queue played through."""
    # a job that takes longer than was expected ends soon, as far as anybody knows
    busy = [max(started_at + expected, now) for started_at, expected in running]
    free_at = [now] * (workers - len(busy)) + busy
    heapq.heapify(free_at)
    finishes = [0.0] * len(waiting)
    for index in sorted(range(len(waiting)), key=lambda index: waiting[index].deadline):
        finishes[index] = heapq.heappop(free_at) + waiting[index].prediction.expected
        heapq.heappush(free_at, finishes[index])
    return finishes


def fits(held_bytes: int, room: Room, more: int) -> bool:
    """Whether a body's next `more` bytes fit beside the bodies already held."""
    return held_bytes + more <= room.max_held_bytes


def admit_bytes(load: Load, room: Room, more: int) -> None:
    """Refuse a body whose next bytes do not fit."""
    if not fits(load.held_bytes, room, more):
        raise Refused(
            RequestReason.QUEUE_FULL,
            f"{load.held_bytes} bytes of requests are held and {room.max_held_bytes} may be; try again later",
            retry_after_seconds=retry_after_seconds(load),
        )


def retry_after_seconds(load: Load) -> int:
    """Whole seconds, rounded up, until the queue of now would be worked off."""
    seconds = sum(terms.prediction.expected for terms in load.backlog.waiting)
    expected = seconds / max(load.warm_workers, 1)
    return _whole_seconds(expected)


def _whole_seconds(seconds: float) -> int:
    return min(max(math.ceil(seconds), 1), LONGEST_RETRY_SECONDS)
