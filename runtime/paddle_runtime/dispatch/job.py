"""One piece of work on its way to a worker and back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


# Compared by identity: a look into the queue must not compare megabytes of pictures.
@dataclass(frozen=True, eq=False)
class Work:
    """What a worker needs to know: the kind (its name in tasks.py), the small part and the bytes."""

    kind: str
    request: Mapping[str, Any]
    payload: bytes


@dataclass(frozen=True)
class Result:
    """A worker's answer: bytes ready to send, and seconds by stage ("queue" is added on the way).

    meta: small facts about the body that a transport needs to send it, as JSON values.
    """

    body: bytes
    stages: Mapping[str, float] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Job:
    """Work with the place where its answer appears. A caller that left has cancelled `answer`.

    deadline, queued_at, started_at: seconds of the server's clock. predicted_seconds: in a worker, 0 unknown.
    """

    work: Work
    answer: asyncio.Future[Result]
    queued_at: float
    deadline: float
    predicted_seconds: float = 0.0
    started_at: float | None = field(default=None)

    def resolve(self, result: Result) -> None:
        """Hand over the answer, unless nobody waits for it any more."""
        if not self.answer.done():
            self.answer.set_result(result)

    def fail(self, error: Exception) -> None:
        """Hand over the error, unless nobody waits for it any more."""
        if not self.answer.done():
            self.answer.set_exception(error)
