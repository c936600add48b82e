"""When a target's processes began: what its start time says, sampled beside its counters. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from paddle_operator.sla.series import Restart, Sample

WOBBLE_SECONDS = 1.0
"""Two starts nearer than this are one, written down twice: clocks are read and rounded anew."""


@dataclass(frozen=True, slots=True)
class Lives:
    """The processes of one target, one after the other."""

    first: datetime | None
    """When the first one began; None: not known, or its clock is ahead of the scrape's."""
    restarts: tuple[Restart, ...]


def lives_of(samples: Iterable[Sample]) -> Lives:
    """Return what the samples of a start time tell, in seconds since 1970.

    A process that follows another one began later by at least as long as the other was seen. Both starts are
    read from the same clock, so it does not matter whether that is right. A start that moves by less is that
    of the same process after its clock was set.
    """
    ordered = sorted(sample for sample in samples if 0 < sample.value < math.inf)
    if not ordered:
        return Lives(None, ())
    since = previous = ordered[0].at
    began = ordered[0].value
    first = datetime.fromtimestamp(began, UTC) if began < since.timestamp() + WOBBLE_SECONDS else None
    restarts = []
    for at, value in ordered:
        later = value - began
        if later > WOBBLE_SECONDS and later >= (previous - since).total_seconds() - WOBBLE_SECONDS:
            inside = previous.timestamp() < value <= at.timestamp()
            restarts.append(Restart(previous, datetime.fromtimestamp(value, UTC) if inside else at))
            since, began = at, value
        previous = at
    return Lives(first, tuple(restarts))
