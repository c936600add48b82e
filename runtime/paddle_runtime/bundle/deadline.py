"""The time that a fetch may take, and the pauses between its tries."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from paddle_runtime.errors import BundleFault, BundleReason

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
FETCH_REMEDY = "raise the model's preload timeout, or put the store nearer"
R = TypeVar("R")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deadline:
    """A moment of the given clock (seconds). remedy: what to do when it has passed."""

    at: float
    seconds: float
    remedy: str = FETCH_REMEDY
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = field(default=random.random)

    @classmethod
    def after(cls, seconds: float, remedy: str = FETCH_REMEDY) -> Deadline:
        """A deadline this many seconds from now."""
        return cls(at=time.monotonic() + seconds, seconds=seconds, remedy=remedy)

    def left(self) -> float:
        """Seconds left; negative when it has passed."""
        return self.at - self.clock()

    def check(self, doing: str) -> None:
        """FetchTimeout when the time is over while the store does answer."""
        if self.left() <= 0:
            raise BundleFault(
                BundleReason.FetchTimeout,
                f"{doing} did not end within {self.seconds:g} s: {self.remedy}.",
            )


def pause_seconds(failures: int, jitter: float) -> float:
    """Exponential with full jitter over the upper half, so that replicas do not come back together."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * float(2 ** min(failures - 1, 10)))
    return longest * (0.5 + jitter / 2)


def retried(action: Callable[[], R], deadline: Deadline) -> R:
    """Do it again while the store cannot be reached and there is time; the last fault is the answer."""
    failures = 0
    while True:
        try:
            return action()
        except BundleFault as fault:
            failures += 1
            pause = pause_seconds(failures, deadline.jitter())
            if not fault.retryable:
                raise
            if deadline.left() > pause:
                log.warning("%s Trying again in %.1f s.", fault, pause)
                deadline.sleep(pause)
                if deadline.left() > 0:  # on a busy machine a pause takes longer than it should
                    continue
            raise BundleFault(
                fault.reason, f"{fault} Tried {failures} times within {deadline.seconds:g} s."
            ) from fault
