"""One piece of work on its way to a worker and back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from paddle_runtime.dispatch.backlog import Terms
from paddle_runtime.errors import Failed, RequestReason


# Compared by identity: a look into the queue must not compare megabytes of pictures.
@dataclass(frozen=True, eq=False)
class Work:
    """What a worker needs to know: the kind (its name in tasks.py), the small part and the bytes.

    alone: it is put into no batch, whose other requests would wait for all of its pages.
    """

    kind: str
    request: Mapping[str, Any]
    payload: bytes
    alone: bool = False


@dataclass(frozen=True)
class Result:
    """A worker's answer: bytes ready to send, and seconds by stage ("queue" is added on the way).

    meta: small facts about the body that a transport needs to send it, as JSON values.
    """

    body: bytes
    stages: Mapping[str, float] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """A result, the seconds that it waited for a worker, and its share of those that a worker computed."""

    result: Result
    waited: float
    worked: float


class TimedOut(Failed):
    """The time was over while a worker computed."""

    def __init__(self, message: str, worked_seconds: float) -> None:
        super().__init__(RequestReason.TIMED_OUT, message)
        self.worked_seconds = worked_seconds


@dataclass(eq=False)
class Job:
    """Work with the place where its answer appears. A caller that left has cancelled `answer`.

    queued_at, started_at: seconds of the server's clock. together: jobs of the batch that it was started in.
    given_back: a worker was lost before it took this up, so it waits once more.
    """

    work: Work
    answer: asyncio.Future[Result]
    queued_at: float
    terms: Terms
    started_at: float | None = field(default=None)
    together: int = field(default=1)
    given_back: bool = field(default=False)

    def worked_seconds(self, now: float) -> float:
        """Its share of a worker's time until now: costs are learned from it, backlogs are sums of it."""
        return (now - (self.started_at or now)) / self.together

    def timed_out(self, now: float) -> TimedOut:
        """Why there is no answer though a worker has begun."""
        total, held = now - self.queued_at, now - (self.started_at or now)
        return TimedOut(
            f"no answer after {total:.2f} s, {held:.2f} s of it in a worker", self.worked_seconds(now)
        )

    def resolve(self, result: Result) -> None:
        """Hand over the answer, unless nobody waits for it any more."""
        if not self.answer.done():
            self.answer.set_result(result)

    def fail(self, error: Exception) -> None:
        """Hand over the error, unless nobody waits for it any more."""
        if not self.answer.done():
            self.answer.set_exception(error)
