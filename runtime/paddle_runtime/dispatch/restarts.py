"""When a lost worker is replaced, and when the whole server should say that it cannot serve. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paddle_runtime.errors import BundleFault

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
# A crash while loading may be bad luck (memory pressure at start): typed faults are not.
CRASHES_BEFORE_GIVING_UP = 3
# Once it has served, the model is known to be good, so more patience is right.
FAILURES_AFTER_SERVICE = 5
# What callers are told to wait while no worker is warm.
NOT_READY_RETRY_SECONDS = 5


@dataclass(frozen=True)
class SeatRecord:
    """What is known of one worker's place.

    failures: starts in a row that did not become warm. fault: the last one's reason. typed: whether the
    worker itself gave that reason, or used up all the time there is, so that trying again gives it again.
    """

    warm: bool = False
    failures: int = 0
    fault: BundleFault | None = None
    typed: bool = False


def delay_seconds(failures: int, *, jitter: float) -> float:
    """Wait before the next start. A worker that was warm is replaced at once; then 0.5 s, doubling to 30 s.

    jitter: 0 to 1, drawn by the caller, spreads workers apart by up to half the delay.
    """
    if failures <= 0:
        return 0.0
    full = min(FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 16), LONGEST_DELAY_SECONDS)
    return full * (1 - jitter / 2)


def hopeless(seats: Sequence[SeatRecord], *, ever_warm: bool) -> BundleFault | None:
    """The fault to end the process with when no worker is warm and none can be expected to become so."""
    worst: BundleFault | None = None
    for seat in seats:
        at_start = 1 if seat.typed else CRASHES_BEFORE_GIVING_UP
        patience = FAILURES_AFTER_SERVICE if ever_warm else at_start
        if seat.warm or seat.fault is None or seat.failures < patience:
            return None
        worst = seat.fault
    return worst
